package fetcher

import (
	"net/http"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// guard blocks requests that would send a credential, or a token obtained with
// one, to another machine over plain http. The client has already checked the
// registry, but the registry chooses its token service.
type guard struct {
	base     http.RoundTripper
	registry reference.Registry
}

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	// An identity token is sent to the token service in a form.
	secret := req.Header.Get("Authorization") != "" || req.Method == http.MethodPost
	if secret && req.URL.Scheme == "http" && !reference.IsLoopback(req.URL.Host) {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, &kindError{content.ErrDenied, &credential.WithheldError{Registry: g.registry, PlainHTTP: true}}
	}
	return g.base.RoundTrip(req)
}
