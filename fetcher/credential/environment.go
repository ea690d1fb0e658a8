package credential

import (
	"context"
	"fmt"

	"hocker/fetcher/reference"
)

// EnvironmentHosts returns the hosts in DOCKER_REGISTRY, which the secrets in the
// environment are for.
//
// Errors: *[reference.InputError].
func EnvironmentHosts(getenv func(string) string) ([]Host, error) {
	hosts, err := ParseHosts(getenv("DOCKER_REGISTRY"))
	if err != nil {
		return nil, fmt.Errorf("DOCKER_REGISTRY: %w", err)
	}
	return hosts, nil
}

// SecretVariables are the variables of [FromEnvironment] whose values are secrets.
var SecretVariables = []string{"DOCKER_PASS", "DOCKER_TOKEN", "DOCKER_AUTH_CONFIG"}

// FromEnvironment returns the credentials in the environment: for the hosts in
// DOCKER_REGISTRY, DOCKER_TOKEN or else DOCKER_USER and DOCKER_PASS; for other hosts,
// those in DOCKER_AUTH_CONFIG, the content of a Docker config.json. An empty variable
// counts as unset, because Nix passes unset variables as empty. Errors of credential
// helpers are passed to notice, one line each.
func FromEnvironment(getenv func(string) string, audience Audience, notice func(line string)) (Func, error) {
	hosts, err := EnvironmentHosts(getenv)
	if err != nil {
		return nil, err
	}
	s, err := environmentSecret(getenv)
	if err != nil {
		return nil, err
	}
	given := noCredential
	if !s.IsZero() {
		s.hosts = hosts
		given = s.source(audience)
	}
	config := noCredential
	if text := getenv("DOCKER_AUTH_CONFIG"); text != "" {
		file, err := parseAuthFile("DOCKER_AUTH_CONFIG", []byte(text))
		switch {
		case err == nil:
			config = file.source(notice)
		case s.IsZero():
			return nil, err
		default: // report it only for registries that the variables before it do not cover
			config = func(context.Context, reference.Repository) (Credential, error) { return Credential{}, err }
		}
	}
	return First(given, config), nil
}

func environmentSecret(getenv func(string) string) (secret, error) {
	if token := getenv("DOCKER_TOKEN"); token != "" {
		s := secret{Credential: Credential{Token: token}, origin: OriginVariable, place: "DOCKER_TOKEN"}
		return s, s.check("", "")
	}
	c := Credential{Username: getenv("DOCKER_USER"), Password: getenv("DOCKER_PASS")}
	return secret{Credential: c, origin: OriginVariable, place: "DOCKER_USER"}, c.check("DOCKER_USER", "DOCKER_PASS")
}
