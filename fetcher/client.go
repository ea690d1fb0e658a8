package fetcher

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"hocker/fetcher/credential"
	"hocker/fetcher/reference"

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

	// RangeTransport makes those for parts of a blob, of which several are under
	// way: see [Transport.Separate]. Nil means Transport.
	RangeTransport http.RoundTripper

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

	// Trace is told of each request when its answer has come and its body was
	// read; nil means nobody is.
	Trace func(Exchange)

	setup    sync.Once
	shared   http.RoundTripper // Transport, or the one that nil means
	separate http.RoundTripper // RangeTransport, or the one that nil means
	auth     *auth.Client

	caches sync.Map // of a Credential to its auth.Cache
	found  sync.Map // of a Repository to its *foundCredential
	slots  sync.Map // of a host to its transfer.Slots
	hiding sync.Map // of a Registry to its *hiding

	mirrors mirrors
}

func (c *Client) init() {
	c.mirrors.list, c.mirrors.notice = c.Mirrors, c.Notice
	c.shared, c.separate = c.Transport, cmp.Or(c.RangeTransport, c.Transport)
	if c.Transport == nil {
		t := NewTransport(TransportOptions{})
		c.shared, c.separate = t, t.Separate()
	}
	c.auth = &auth.Client{
		Header:   http.Header{"User-Agent": {cmp.Or(c.UserAgent, "hocker")}},
		ClientID: "hocker",
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

// authFor returns the auth client for requests that client sends to a registry.
// It keeps what each credential was exchanged for by itself, since two
// repositories of a host may have two of them.
func (c *Client) authFor(r reference.Registry, cred credential.Credential, client *http.Client) *auth.Client {
	if cred.Username != "" || cred.IdentityToken != "" {
		known, _ := c.hiding.LoadOrStore(r, &hiding{})
		client.Transport = &unhidingTransport{client.Transport, r.String(), known.(*hiding)}
	}
	if !cred.IsZero() && !cred.PlainHTTP {
		client.Transport = guard{client.Transport, r}
	}
	authorized := *c.auth
	authorized.Client = client
	authorized.Credential = func(_ context.Context, host string) (auth.Credential, error) {
		if host != r.Host {
			return auth.EmptyCredential, nil
		}
		return auth.Credential{Username: cred.Username, Password: cred.Password, RefreshToken: cred.IdentityToken}, nil
	}
	cache, _ := c.caches.LoadOrStore(cred, auth.NewCache())
	authorized.Cache = cache.(auth.Cache)
	if reference.IsLoopback(r.Host) {
		// The rule against token services on loopback addresses protects this
		// machine's services from foreign registries; one on this machine may
		// name them.
		authorized.BlockedRealmPrefixes = []netip.Prefix{}
	}
	return &authorized
}
