package fetcher

import (
	"fmt"
	"net/http"

	"hocker/fetcher/reference"
)

// Origin is where a secret comes from.
type Origin int

const (
	OriginUnknown  Origin = iota // none of these
	OriginVariable               // DOCKER_USER and DOCKER_PASS, or DOCKER_TOKEN
	OriginFile                   // lines of a credentials file
	OriginNetrc                  // the default entry of a netrc
)

// WithheldError is a credential that there is, and that a registry is not shown:
// because it is for no host, and no person named the registry, or because it
// would go over plain http. See [Audience] and [Credential.PlainHTTP].
type WithheldError struct {
	Registry  reference.Registry // which was to be asked
	PlainHTTP bool               // that is the reason
	Origin    Origin             // of the secret that has no host
	Place     string             // the variable or file that it is in
}

func (e *WithheldError) Error() string {
	if e.PlainHTTP {
		return fmt.Sprintf("the credential for %s is not sent over plain http", e.Registry.Name())
	}
	return "there is a credential, but it does not say which host it is for"
}

// DeniedError is a refusal by a registry or by its token service. It is
// [ErrDenied]; or [ErrNotFound], where something was withheld: a registry may say
// that of what one may not see.
type DeniedError struct {
	Registry  reference.Registry
	Anonymous bool           // there was nothing to show to it
	Withheld  *WithheldError // what was not shown to it, or nil
	Err       error
}

func (e *DeniedError) Error() string { return e.Err.Error() }

func (e *DeniedError) Unwrap() []error {
	if e.Withheld == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Withheld}
}

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
		return nil, &kindError{ErrDenied, &WithheldError{Registry: g.registry, PlainHTTP: true}}
	}
	return g.base.RoundTrip(req)
}

// guarded returns client with a guard over a credential of that registry.
func guarded(client *http.Client, registry reference.Registry) *http.Client {
	with := *client
	with.Transport = guard{client.Transport, registry}
	return &with
}
