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

// Client fetches manifests and blobs from registries. The zero value is ready to
// use. A Client is safe for concurrent use. It must not be copied or changed after
// its first use. It caches connections and tokens, so use one Client for a whole
// run.
type Client struct {
	// Credential finds the credential for a repository; nil means anonymous.
	Credential credential.Func

	// Transport sends the requests; nil means NewTransport(TransportOptions{}).
	Transport http.RoundTripper

	// RangeTransport sends the requests for ranges of a blob, several of them at a
	// time: see [Transport.Separate]. Nil means Transport.
	RangeTransport http.RoundTripper

	// UserAgent is the User-Agent field; empty means "hocker".
	UserAgent string

	// Mirrors are tried, in order, before the registry that a reference names. A
	// mirror that fails or sends wrong content is skipped with a notice.
	Mirrors []Mirror

	// Foreign allows foreign layers to be fetched from the URLs in their
	// descriptors. Without it they are an *image.ForeignError.
	Foreign bool

	// Connections is the number of connections that large blobs may use to one
	// host at a time, all downloads of the Client together; 0 means 8. With 1,
	// each blob uses one connection.
	Connections int

	// MaxBlob limits the size of a blob whose descriptor has none, in bytes; 0 means
	// [DefaultMaxBlob].
	MaxBlob int64

	// Stall is how long a connection may deliver nothing before it counts as lost;
	// 0 means 30 s.
	Stall time.Duration

	// Notice is called with a message for the user, such as a retry and its
	// reason: one line without a newline. Calls may be concurrent. Nil discards
	// the messages.
	Notice func(line string)

	// Trace is called for each request after the body of its response is closed.
	// Calls may be concurrent. It may be nil.
	Trace func(Exchange)

	setup    sync.Once
	shared   http.RoundTripper // Transport or its default
	separate http.RoundTripper // RangeTransport or its default
	auth     *auth.Client

	caches sync.Map // auth.Cache by Credential
	found  sync.Map // *foundCredential by Repository
	slots  sync.Map // transfer.Slots by host
	hiding sync.Map // *hiding by Registry

	mirrors mirrors
	paces   paces
}

func (c *Client) init() {
	c.mirrors.list, c.mirrors.notice = c.Mirrors, c.Notice
	c.paces.notice = c.Notice
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

// foundCredential is the cached credential for a repository.
type foundCredential struct {
	mu       sync.Mutex
	found    bool
	withheld *credential.WithheldError // why a credential that exists is not used, or nil
	credential.Credential
}

// findCredential returns the credential for a repository. It caches the result,
// as the lookup may run a credential helper, but no errors.
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

// authFor returns an auth client that sends requests to a registry by way of
// client. Tokens are cached by credential: two repositories on the same host may
// have different ones.
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
	authorized.BlockedRealmPrefixes = []netip.Prefix{} // Transport blocks more, when it connects
	return &authorized
}
