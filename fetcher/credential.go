package fetcher

import (
	"context"
	"fmt"
	"strings"
)

// Credential is what a client shows to a registry: a user name with its
// password, or a bearer token, or an identity token that the registry's token
// service gave for a login. The zero value is none of them: anonymous.
type Credential struct {
	Username      string
	Password      string
	Token         string // sent as it is: Authorization: Bearer …
	IdentityToken string // exchanged for tokens at the token service
}

// IsZero reports whether c is no credential.
func (c Credential) IsZero() bool { return c == Credential{} }

// check makes sure that c can be sent: half a credential, or a line break in
// one, is a mistake that a registry would only answer with a bare 401.
func (c Credential) check(user, pass string) error {
	switch {
	case c.Username == "" && c.Password != "":
		return fmt.Errorf("%s is given without %s", pass, user)
	case c.Username != "" && c.Password == "" && c.IdentityToken == "":
		return fmt.Errorf("%s is given without %s", user, pass)
	case strings.Contains(c.Username, ":"):
		return fmt.Errorf("%s has a colon in it, which basic authentication cannot carry", user)
	case strings.ContainsAny(c.Username+c.Password+c.Token, "\r\n"):
		return fmt.Errorf("a credential has a line break in it")
	}
	return nil
}

// CredentialFunc finds the credential for a repository. Anonymous is the zero
// Credential, not an error.
type CredentialFunc func(ctx context.Context, repo Repository) (Credential, error)

// StaticCredential shows c to one registry and nothing to any other.
func StaticCredential(registry Registry, c Credential) CredentialFunc {
	return func(_ context.Context, repo Repository) (Credential, error) {
		if repo.Registry != registry {
			return Credential{}, nil
		}
		return c, nil
	}
}

// FirstCredential asks each source in turn until one knows a credential.
func FirstCredential(sources ...CredentialFunc) CredentialFunc {
	return func(ctx context.Context, repo Repository) (Credential, error) {
		for _, source := range sources {
			c, err := source(ctx, repo)
			if err != nil || !c.IsZero() {
				return c, err
			}
		}
		return Credential{}, nil
	}
}

// EnvironmentCredential reads DOCKER_TOKEN, else DOCKER_USER with DOCKER_PASS,
// which are for registry alone, else DOCKER_AUTH_CONFIG, the text of a Docker
// config.json. A variable that is empty counts as unset, since Nix passes
// unset ones so.
func EnvironmentCredential(registry Registry, getenv func(string) string) (CredentialFunc, error) {
	if token := getenv("DOCKER_TOKEN"); token != "" {
		c := Credential{Token: token}
		return StaticCredential(registry, c), c.check("", "")
	}
	c := Credential{Username: getenv("DOCKER_USER"), Password: getenv("DOCKER_PASS")}
	if !c.IsZero() {
		return StaticCredential(registry, c), c.check("DOCKER_USER", "DOCKER_PASS")
	}
	if config := getenv("DOCKER_AUTH_CONFIG"); config != "" {
		file, err := parseAuthFile("DOCKER_AUTH_CONFIG", []byte(config))
		if err != nil {
			return nil, err
		}
		return file.find, nil
	}
	return func(context.Context, Repository) (Credential, error) { return Credential{}, nil }, nil
}
