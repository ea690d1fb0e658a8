package fetcher

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"hocker/fetcher/credential"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// Client reads manifests and blobs from registries. The zero value is ready to
// use; a Client must not be copied or changed after its first use, and may be
// used by many goroutines at once. It keeps connections and tokens, so one
// Client should serve a whole run.
type Client struct {
	// Credential finds the credential for a repository; nil means anonymous.
	Credential credential.Func

	// Transport makes the connections; nil means NewTransport(TransportOptions{}).
	Transport http.RoundTripper

	// UserAgent names the program to the registry; empty means "hocker".
	UserAgent string

	// Mirrors are registries to ask before the one that a reference names. A
	// mirror that fails or gives something wrong costs a notice, no more.
	Mirrors []Mirror

	// Foreign allows layers that are foreign to be fetched from the URLs in
	// their descriptors; otherwise they are a *ForeignError.
	Foreign bool

	// Connections is how many connections a large blob may come over from one
	// host at the same time, all blobs of the Client together. 0 means 8, 1 is
	// one for each blob.
	Connections int

	// Stall is how long no byte may come before a connection counts as lost; 0
	// means 30 s.
	Stall time.Duration

	// Notice is told, in a line without newline, what a person may want to
	// know while it happens: a retry and its reason. Several goroutines may call
	// it at once. Nil means silence.
	Notice func(line string)

	// Progress is told, as it comes, how many bytes there are of a blob that
	// goes to a file, and of how many: SizeUnknown if the registry did not say.
	// Several goroutines may call it at once. Nil means nobody is told.
	Progress func(blob digest.Digest, done, size int64)

	// Trace is told of each request when its answer has come and its body was
	// read; nil means nobody is.
	Trace func(Exchange)

	setup  sync.Once
	auth   *auth.Client
	ranged *http.Client // for parts of a blob
	caches sync.Map     // of a Credential to its auth.Cache
	found  sync.Map     // of a Repository to its *foundCredential
	slots  sync.Map     // of a host to its transfer.Slots
	hiding sync.Map     // of a Registry to its *hiding

	doubts sync.Map // of a doubt to true
}

func (c *Client) init() {
	transport := c.Transport
	if transport == nil {
		transport = NewTransport(TransportOptions{})
	}
	agent := c.UserAgent
	if agent == "" {
		agent = "hocker"
	}
	client := func(t http.RoundTripper) *http.Client {
		t = retrying(&wholeAnswers{tracing(t, c.Trace), c.Stall}, c.Notice)
		return &http.Client{Transport: challengedTransport{t}, CheckRedirect: checkRedirect}
	}
	c.auth = &auth.Client{
		Client:   client(transport),
		Header:   http.Header{"User-Agent": {agent}},
		ClientID: "hocker",
	}
	c.ranged = c.auth.Client
	switch t := transport.(type) {
	case interface{ separate() http.RoundTripper }:
		c.ranged = client(t.separate())
	case *http.Transport:
		c.ranged = client(separateConnections(t))
	}
}

// foundCredential is the credential of a repository, once it was found.
type foundCredential struct {
	mu       sync.Mutex
	found    bool
	withheld *credential.WithheldError // why it is anonymous although there is one
	credential.Credential
}

// findCredential asks for the credential of a repository until there is an
// answer, and not again: it may be a helper program that gives it.
func (c *Client) findCredential(ctx context.Context, repo reference.Repository) (credential.Credential, *credential.WithheldError, error) {
	if c.Credential == nil {
		return credential.Credential{}, nil, nil
	}
	value, _ := c.found.LoadOrStore(repo, &foundCredential{})
	known := value.(*foundCredential)
	known.mu.Lock()
	defer known.mu.Unlock()
	if known.found {
		return known.Credential, known.withheld, nil
	}
	found, err := c.Credential(ctx, repo)
	if err != nil && !errors.As(err, &known.withheld) {
		return credential.Credential{}, nil, err
	}
	if !found.IsZero() && repo.Registry.IsExposed() && !found.PlainHTTP {
		found, known.withheld = credential.Credential{}, &credential.WithheldError{Registry: repo.Registry, PlainHTTP: true}
	}
	known.Credential, known.found = found, true
	return known.Credential, known.withheld, nil
}

// get asks the registry of repo for path below the repository, and returns the
// answer if it has what was asked for. The answer's body is the caller's to close.
func (c *Client) get(ctx context.Context, repo reference.Repository, path string, header http.Header) (*http.Response, error) {
	return c.ask(ctx, http.MethodGet, repo, path, header)
}

// ask is get by any method.
func (c *Client) ask(ctx context.Context, method string, repo reference.Repository, path string, header http.Header) (*http.Response, error) {
	c.setup.Do(c.init)
	ctx = auth.AppendScopesForHost(ctx, repo.Registry.Host, auth.ScopeRepository(repo.Path, auth.ActionPull))
	req, err := http.NewRequestWithContext(ctx, method, repo.Registry.String()+repo.Path+path, nil)
	if err != nil {
		return nil, err
	}
	for key, values := range header {
		req.Header[key] = values
	}
	cred, withheld, err := c.findCredential(ctx, repo)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, &CredentialError{err}
	}
	resp, err := c.send(req, repo.Registry, cred)
	// What is withheld may be what a registry wants that hides what one may not see.
	if errors.Is(err, ErrDenied) || withheld != nil && errors.Is(err, ErrNotFound) {
		err = &DeniedError{Registry: repo.Registry, Anonymous: cred.IsZero(), Withheld: withheld, Err: err}
	}
	return resp, err
}

// send sends a request with a credential, in the way that the registry asks for.
func (c *Client) send(req *http.Request, registry reference.Registry, cred credential.Credential) (*http.Response, error) {
	if cred.Token != "" {
		req.Header.Set("Authorization", "Bearer "+cred.Token)
	}
	resp, err := c.authFor(registry, cred, req.Header).Do(req)
	answer := (*ResponseError)(nil)
	if err != nil {
		err = requestError(req.Context(), err)
		if errors.As(err, &answer) { // the token service's
			answer.Authorized, answer.Anonymous = !cred.IsZero(), cred.IsZero()
		}
		return nil, err
	}
	resp, err = successful(resp)
	if errors.As(err, &answer) {
		// A token may be one that everybody gets.
		answer.Authorized, answer.Anonymous = answer.Authorized && !cred.IsZero(), cred.IsZero()
	}
	return resp, err
}

// successful returns resp if it has content: all of it, or the part that was
// asked for.
func successful(resp *http.Response) (*http.Response, error) {
	ranged := resp.StatusCode == http.StatusPartialContent && resp.Request.Header.Get("Range") != ""
	if resp.StatusCode == http.StatusOK || ranged {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, responseError(resp)
}

// authFor returns the auth client for a request to a registry. It keeps what
// each credential was exchanged for by itself, since two repositories of a host
// may have two of them.
func (c *Client) authFor(r reference.Registry, cred credential.Credential, header http.Header) *auth.Client {
	client := *c.auth
	if header.Get("Range") != "" {
		client.Client = c.ranged
	}
	if cred.Username != "" || cred.IdentityToken != "" {
		client.Client = c.unhiding(client.Client, r)
	}
	if !cred.IsZero() && !cred.PlainHTTP {
		client.Client = guarded(client.Client, r)
	}
	client.Credential = func(_ context.Context, host string) (auth.Credential, error) {
		if host != r.Host {
			return auth.EmptyCredential, nil
		}
		return auth.Credential{Username: cred.Username, Password: cred.Password, RefreshToken: cred.IdentityToken}, nil
	}
	cache, _ := c.caches.LoadOrStore(cred, auth.NewCache())
	client.Cache = cache.(auth.Cache)
	if reference.IsLoopback(r.Host) {
		// The rule against token services on loopback addresses protects this
		// machine's services from foreign registries; one on this machine may
		// name them.
		client.BlockedRealmPrefixes = []netip.Prefix{}
	}
	return &client
}
