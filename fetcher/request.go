package fetcher

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"

	"oras.land/oras-go/v2/registry/remote/auth"
)

// request is a request and how to handle its response.
type request struct {
	method string // empty means GET
	url    string
	// registry is the registry that the request is for. The URL may be of another
	// server that it leads to.
	registry reference.Registry
	header   http.Header
	// content marks a request for the content of a blob, which is streamed. Other
	// responses are read whole.
	content bool
	// ranged marks a request for a range. It gets a connection of its own, as
	// others may run at the same time.
	ranged bool
	// once turns retries off: the caller retries by itself or has another
	// registry to try.
	once bool
}

// client returns the HTTP client for a request. Its transports, from the outside
// in, select a challenge, retry, read whole responses, trace, and mark broken ones.
func (c *Client) client(r request) *http.Client {
	t := c.shared
	if r.ranged {
		t = c.separate
	}
	whole := &wholeAnswers{base: tracing(brokenAnswers{ledBy{t, r.registry}}, c.Trace), stall: c.Stall}
	if r.content {
		whole.content = r.url
	}
	t = whole
	if !r.once {
		t = retrying(t, &c.paces)
	}
	return &http.Client{Transport: challengedTransport{t}, CheckRedirect: checkRedirect}
}

// ask sends a request for a path below repo to its registry. It returns an error
// unless the request succeeds. The caller must close the body.
func (c *Client) ask(ctx context.Context, repo reference.Repository, path string, r request) (*http.Response, error) {
	c.setup.Do(c.init)
	r.url, r.registry = repo.Registry.String()+repo.Path+path, repo.Registry
	cred, withheld, err := c.findCredential(ctx, repo)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, &CredentialError{err}
	}
	ctx = auth.AppendScopesForHost(ctx, repo.Registry.Host, auth.ScopeRepository(repo.Path, auth.ActionPull))
	resp, err := c.send(ctx, r, repo.Registry, cred)
	// A registry that hides private repositories answers 404 without the
	// withheld credential.
	if errors.Is(err, content.ErrDenied) || withheld != nil && errors.Is(err, content.ErrNotFound) {
		err = &DeniedError{Registry: repo.Registry, Anonymous: cred.IsZero(), Withheld: withheld, Err: err}
	}
	return resp, err
}

// send sends a request with a credential, by the scheme that the registry asks for.
func (c *Client) send(ctx context.Context, r request, registry reference.Registry, cred credential.Credential) (*http.Response, error) {
	req, err := newHTTPRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	if cred.Token != "" {
		req.Header.Set("Authorization", "Bearer "+cred.Token)
	}
	resp, err := c.authFor(registry, cred, c.client(r)).Do(req)
	answer := (*ResponseError)(nil)
	if err != nil {
		err = requestError(ctx, err)
		if errors.As(err, &answer) { // from the token service
			answer.Authorized, answer.Anonymous = !cred.IsZero(), cred.IsZero()
		}
		return nil, err
	}
	resp, err = successful(resp)
	if errors.As(err, &answer) {
		// Without a credential, the token is an anonymous one.
		answer.Authorized, answer.Anonymous = answer.Authorized && !cred.IsZero(), cred.IsZero()
	}
	return resp, err
}

// sendAnonymous sends a request without a credential, to a server other than the
// registry.
func (c *Client) sendAnonymous(ctx context.Context, r request) (*http.Response, error) {
	c.setup.Do(c.init)
	req, err := newHTTPRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	req.Header["User-Agent"] = c.auth.Header["User-Agent"]
	resp, err := c.client(r).Do(req)
	if err != nil {
		return nil, requestError(ctx, err)
	}
	return successful(resp)
}

func newHTTPRequest(ctx context.Context, r request) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.method, http.MethodGet), r.url, nil)
	if err != nil {
		return nil, err
	}
	if r.header != nil {
		req.Header = r.header.Clone()
	}
	return req, nil
}

// successful returns resp if its status is 200, or 206 in response to a range
// request. Otherwise it returns a *ResponseError.
func successful(resp *http.Response) (*http.Response, error) {
	ranged := resp.StatusCode == http.StatusPartialContent && resp.Request.Header.Get("Range") != ""
	if resp.StatusCode == http.StatusOK || ranged {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, responseError(resp)
}
