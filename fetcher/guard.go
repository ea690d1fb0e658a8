package fetcher

import (
	"net/http"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// guard keeps a credential, and what was had for it, off the plain http of
// another machine. The client has seen to the registry itself; but it is the
// registry that names its token service.
type guard struct {
	base     http.RoundTripper
	registry reference.Registry
}

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	// A token service is sent an identity token in a form.
	secret := req.Header.Get("Authorization") != "" || req.Method == http.MethodPost
	if secret && req.URL.Scheme == "http" && !reference.IsLoopback(req.URL.Host) {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, &kindError{content.ErrDenied, &credential.WithheldError{Registry: g.registry, PlainHTTP: true}}
	}
	return g.base.RoundTrip(req)
}
