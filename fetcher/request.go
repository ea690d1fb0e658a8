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

// request is what a server is asked, and how its answer is dealt with.
type request struct {
	method string // empty means GET
	url    string
	header http.Header
	// content says that the answer is the content of a blob, to be read as it
	// comes. Every other answer is read whole.
	content bool
	// ranged says that it is for a part of the content, and that others may be
	// under way: it has a connection of its own.
	ranged bool
	// once says that it is not tried again here: the caller goes on by itself, or
	// has another registry to ask.
	once bool
}

// client returns the HTTP client for a request. What it sends passes, from the
// outside in, the reading of challenges, the retries, the reading of answers that
// are no content, and the trace.
func (c *Client) client(r request) *http.Client {
	t := c.shared
	if r.ranged {
		t = c.separate
	}
	whole := &wholeAnswers{base: tracing(t, c.Trace), stall: c.Stall}
	if r.content {
		whole.content = r.url
	}
	t = whole
	if !r.once {
		t = retrying(t, c.Notice)
	}
	return &http.Client{Transport: challengedTransport{t}, CheckRedirect: checkRedirect}
}

// ask sends a request to the registry of repo, for path below the repository, and
// returns the answer if it has what was asked for. The answer's body is the
// caller's to close.
func (c *Client) ask(ctx context.Context, repo reference.Repository, path string, r request) (*http.Response, error) {
	c.setup.Do(c.init)
	r.url = repo.Registry.String() + repo.Path + path
	cred, withheld, err := c.findCredential(ctx, repo)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, &CredentialError{err}
	}
	ctx = auth.AppendScopesForHost(ctx, repo.Registry.Host, auth.ScopeRepository(repo.Path, auth.ActionPull))
	resp, err := c.send(ctx, r, repo.Registry, cred)
	// What is withheld may be what a registry wants that hides what one may not see.
	if errors.Is(err, content.ErrDenied) || withheld != nil && errors.Is(err, content.ErrNotFound) {
		err = &DeniedError{Registry: repo.Registry, Anonymous: cred.IsZero(), Withheld: withheld, Err: err}
	}
	return resp, err
}

// send sends a request with a credential, in the way that the registry asks for.
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

// sendAnonymous sends a request to a server that is not the registry itself, and
// shows it no credential.
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
