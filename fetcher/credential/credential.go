package credential

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hocker/fetcher/reference"
)

// Credential is a user name and password, a bearer token, or an identity token that
// the registry's token service issued at login. The zero value is anonymous.
type Credential struct {
	Username      string
	Password      string
	Token         string // sent as is: Authorization: Bearer …
	IdentityToken string // exchanged for tokens at the token service

	// PlainHTTP allows sending the credential to another machine over plain http.
	// It is set if the user wrote http:// before the host.
	PlainHTTP bool
}

// IsZero reports whether c is anonymous.
func (c Credential) IsZero() bool {
	c.PlainHTTP = false
	return c == Credential{}
}

// Validate returns an error if c is incomplete or cannot be sent.
func (c Credential) Validate() error { return c.check("the user name", "a password") }

// check is Validate with names for the user name and the password. A registry answers
// half a credential with a bare 401, so it is reported here. A password may have several
// lines, as Google's JSON keys do: basic authentication encodes it in base64. A token
// is sent as is.
func (c Credential) check(user, pass string) error {
	switch {
	case c.Username == "" && c.Password != "":
		return fmt.Errorf("%s is given without %s", pass, user)
	case c.Username != "" && c.Password == "" && c.IdentityToken == "":
		return fmt.Errorf("%s is given without %s", user, pass)
	case strings.Contains(c.Username, ":"):
		return fmt.Errorf("%s contains a colon, which basic authentication does not allow", user)
	case strings.ContainsAny(c.Username, "\r\n"):
		return fmt.Errorf("%s contains a line break", user)
	case strings.ContainsAny(c.Token, "\r\n"):
		return errors.New("the token contains a line break")
	}
	return nil
}

// Func finds the credential for a repository. If there is none, it returns the zero
// Credential and no error.
//
// Errors: *[WithheldError] if there is a credential that must not be sent to this
// registry; the request is then anonymous. Any other error ends the fetch.
type Func func(ctx context.Context, repo reference.Repository) (Credential, error)

// First returns a Func that tries each source in turn until one has a credential. If
// none has, it returns the first *[WithheldError].
func First(sources ...Func) Func {
	return func(ctx context.Context, repo reference.Repository) (Credential, error) {
		var withheld error
		for _, source := range sources {
			c, err := source(ctx, repo)
			switch {
			case errors.As(err, new(*WithheldError)):
				if withheld == nil {
					withheld = err
				}
			case err != nil || !c.IsZero():
				return c, err
			}
		}
		return Credential{}, withheld
	}
}

// noCredential is a source without a credential.
func noCredential(context.Context, reference.Repository) (Credential, error) {
	return Credential{}, nil
}
