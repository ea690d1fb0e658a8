package credential

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hocker/fetcher/reference"
)

// Credential is what a client shows to a registry: a user name with its
// password, or a bearer token, or an identity token that the registry's token
// service gave for a login. The zero value is none of them: anonymous.
type Credential struct {
	Username      string
	Password      string
	Token         string // sent as it is: Authorization: Bearer …
	IdentityToken string // exchanged for tokens at the token service

	// PlainHTTP allows it to be sent over plain http to another machine. It is
	// set where the person who gave it wrote http:// before the host.
	PlainHTTP bool
}

// IsZero reports whether c is no credential.
func (c Credential) IsZero() bool {
	c.PlainHTTP = false
	return c == Credential{}
}

// Validate makes sure that c is whole, and can be sent.
func (c Credential) Validate() error { return c.check("the user name", "a password") }

// check is Validate with other names for the two halves: half a credential is a mistake that a
// registry would only answer with a bare 401. A password may have several lines,
// as Google's JSON keys have: basic authentication sends it as base64. A token
// is sent as it is.
func (c Credential) check(user, pass string) error {
	switch {
	case c.Username == "" && c.Password != "":
		return fmt.Errorf("%s is given without %s", pass, user)
	case c.Username != "" && c.Password == "" && c.IdentityToken == "":
		return fmt.Errorf("%s is given without %s", user, pass)
	case strings.Contains(c.Username, ":"):
		return fmt.Errorf("%s has a colon in it, which basic authentication cannot carry", user)
	case strings.ContainsAny(c.Username, "\r\n"):
		return fmt.Errorf("%s has a line break in it", user)
	case strings.ContainsAny(c.Token, "\r\n"):
		return errors.New("the token has a line break in it")
	}
	return nil
}

// Func finds the credential for a repository. Anonymous is the zero
// Credential, not an error.
//
// Errors: a *[WithheldError] says that there is a credential which is not for
// this registry as it is asked; the request is anonymous then. Any other error
// ends the fetch.
type Func func(ctx context.Context, repo reference.Repository) (Credential, error)

// First asks each source in turn until one knows a credential. Where
// none does, it says what the first of them withheld.
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

// noCredential is a source that knows none.
func noCredential(context.Context, reference.Repository) (Credential, error) {
	return Credential{}, nil
}
