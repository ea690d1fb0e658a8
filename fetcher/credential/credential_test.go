package credential

import (
	"context"
	"errors"
	"testing"

	"hocker/fetcher/reference"
)

// env is an environment; its get is a getenv.
type env map[string]string

func (e env) get(name string) string { return e[name] }

var (
	ghcrApp  = reference.Repository{Registry: ghcr, Path: "org/app"}
	localApp = reference.Repository{Registry: local, Path: "org/app"}
	hubApp   = reference.Repository{Registry: reference.DockerHub, Path: "org/app"}
)

// found is the expected result of a source for one repository.
type found struct {
	repo reference.Repository
	want Credential
	err  string
}

func checkFound(t *testing.T, find Func, want []found) {
	t.Helper()
	for _, w := range want {
		t.Run(w.repo.String(), func(t *testing.T) {
			got, err := find(t.Context(), w.repo)
			checkError(t, err, w.err)
			if got != w.want {
				t.Errorf("got %+v, want %+v", got, w.want)
			}
		})
	}
}

var (
	// plainApp is on another machine, over plain http.
	plainApp   = reference.Repository{Registry: reference.Registry{Scheme: "http", Host: "ghcr.io"}, Path: "org/app"}
	mirrorApp  = reference.Repository{Registry: reference.Registry{Scheme: "https", Host: "mirror.example"}, Path: "org/app"}
	t0ken      = Credential{Token: "t0ken"}
	plainToken = Credential{Token: "t0ken", PlainHTTP: true}
)

const (
	noHost  = "a credential is set, but not the host it is for"
	jsonKey = "{\n  \"type\": \"service_account\"\n}\n"
)

// typedGhcr is the audience of hocker manifest ghcr.io/org/app, readGhcr that of a lock
// file or derivation that names the image.
var (
	typedGhcr = Audience{Named: ghcr, Asked: []reference.Registry{ghcr}}
	readGhcr  = Audience{Asked: []reference.Registry{ghcr}}
)

var environmentCredentialTests = []struct {
	name     string
	env      env
	audience Audience
	want     []found
	err      string
}{
	{name: "nothing", env: env{}, want: []found{{repo: ghcrApp}}},
	{name: "empty", env: env{"DOCKER_TOKEN": "", "DOCKER_USER": "", "DOCKER_PASS": "", "DOCKER_AUTH_CONFIG": "", "DOCKER_REGISTRY": ""}, want: []found{{repo: ghcrApp}}},
	{
		name: "token", audience: typedGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken"},
		want: []found{{repo: ghcrApp, want: t0ken}, {repo: localApp}, {repo: hubApp}, {repo: mirrorApp}},
	},
	{
		name: "token without a host, registry from a file", audience: readGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken"},
		want: []found{{repo: ghcrApp, err: noHost}, {repo: mirrorApp}},
	},
	{
		name: "user without a host, registry from a file", audience: readGhcr,
		env:  env{"DOCKER_USER": "me", "DOCKER_PASS": "pass"},
		want: []found{{repo: ghcrApp, err: noHost}},
	},
	{
		name: "token for a host", audience: readGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken", "DOCKER_REGISTRY": "ghcr.io"},
		want: []found{{repo: ghcrApp, want: t0ken}, {repo: localApp}, {repo: hubApp}, {repo: mirrorApp}},
	},
	{
		name: "for another host than the named one", audience: typedGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken", "DOCKER_REGISTRY": "localhost:5000"},
		want: []found{{repo: ghcrApp}, {repo: localApp, want: t0ken}},
	},
	{
		name: "for several hosts", audience: readGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken", "DOCKER_REGISTRY": "localhost:5000, docker.io\thttps://ghcr.io/v2/,"},
		want: []found{{repo: ghcrApp, want: t0ken}, {repo: localApp, want: t0ken}, {repo: hubApp, want: t0ken}, {repo: mirrorApp}},
	},
	{
		name: "for any host: the registries of images, not their mirrors", audience: readGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken", "DOCKER_REGISTRY": "*"},
		want: []found{{repo: ghcrApp, want: t0ken}, {repo: localApp}, {repo: mirrorApp}},
	},
	{
		name: "no hosts but separators", audience: readGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken", "DOCKER_REGISTRY": " , "},
		want: []found{{repo: ghcrApp, err: noHost}},
	},
	{
		name: "http:// in the variable", audience: readGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken", "DOCKER_REGISTRY": "http://ghcr.io"},
		want: []found{{repo: plainApp, want: plainToken}, {repo: ghcrApp, want: plainToken}, {repo: hubApp}},
	},
	{
		name: "user", audience: typedGhcr,
		env:  env{"DOCKER_USER": "me", "DOCKER_PASS": "p:a=s s"},
		want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "p:a=s s"}}, {repo: localApp}},
	},
	{
		name: "password of several lines", audience: typedGhcr,
		env:  env{"DOCKER_USER": "_json_key", "DOCKER_PASS": jsonKey},
		want: []found{{repo: ghcrApp, want: Credential{Username: "_json_key", Password: jsonKey}}},
	},
	{
		name: "token before user before config", audience: typedGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken", "DOCKER_USER": "me", "DOCKER_PASS": "pass", "DOCKER_AUTH_CONFIG": `{`},
		want: []found{{repo: ghcrApp, want: t0ken}, {repo: hubApp, err: "DOCKER_AUTH_CONFIG is not a Docker config.json: line 1: unexpected end of JSON input"}},
	},
	{
		name: "user before config", audience: typedGhcr,
		env:  env{"DOCKER_USER": "me", "DOCKER_PASS": "pass", "DOCKER_AUTH_CONFIG": `{`},
		want: []found{{repo: ghcrApp, want: me}},
	},
	{
		name: "config for hosts that the token is not for", audience: readGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken", "DOCKER_REGISTRY": "docker.io", "DOCKER_AUTH_CONFIG": `{"auths":{"ghcr.io":{"auth":"bWU6cGFzcw=="}}}`},
		want: []found{{repo: ghcrApp, want: me}, {repo: hubApp, want: t0ken}},
	},
	{
		name: "config instead of a token without a host", audience: readGhcr,
		env:  env{"DOCKER_TOKEN": "t0ken", "DOCKER_AUTH_CONFIG": `{"auths":{"ghcr.io":{"auth":"bWU6cGFzcw=="}}}`},
		want: []found{{repo: ghcrApp, want: me}},
	},
	{
		name: "config",
		env:  env{"DOCKER_AUTH_CONFIG": `{"auths":{"localhost:5000":{"auth":"bWU6cGFzcw=="}}}`},
		want: []found{{repo: localApp, want: me}, {repo: ghcrApp}},
	},
	{name: "half", env: env{"DOCKER_USER": "me"}, err: "DOCKER_USER is given without DOCKER_PASS"},
	{name: "other half", env: env{"DOCKER_PASS": "hunter2"}, err: "DOCKER_PASS is given without DOCKER_USER"},
	{name: "colon", env: env{"DOCKER_USER": "me:you", "DOCKER_PASS": "hunter2"}, err: "DOCKER_USER contains a colon, which basic authentication does not allow"},
	{name: "line break in user", env: env{"DOCKER_USER": "me\n", "DOCKER_PASS": "hunter2"}, err: "DOCKER_USER contains a line break"},
	{name: "line break in token", env: env{"DOCKER_TOKEN": "hunter2\r\nHost: evil"}, err: "the token contains a line break"},
	{name: "broken config", env: env{"DOCKER_AUTH_CONFIG": `{"auths":`}, err: "DOCKER_AUTH_CONFIG is not a Docker config.json: line 1: unexpected end of JSON input"},
	{name: "no host", env: env{"DOCKER_REGISTRY": "ftp://x"}, err: `DOCKER_REGISTRY: registry "ftp://x": scheme is neither http nor https, expected https://HOST[:PORT]/v2/`},
	{
		name: "a password in the host", env: env{"DOCKER_REGISTRY": "https://me:hunter2@ghcr.io"},
		err: "DOCKER_REGISTRY: registry: address must not contain a user name, query or fragment: pass credentials with their own flags or variables",
	},
}

// environmentCredential combines the functions as the commands do.
func environmentCredential(e env, audience Audience) (Func, error) {
	hosts, err := EnvironmentHosts(e.get)
	if err != nil {
		return nil, err
	}
	find, err := FromEnvironment(e.get, audience, nil)
	return AllowPlainHTTP(hosts, find), err
}

func TestFromEnvironment(t *testing.T) {
	for _, tt := range environmentCredentialTests {
		t.Run(tt.name, func(t *testing.T) {
			find, err := environmentCredential(tt.env, tt.audience)
			checkError(t, err, tt.err)
			checkFound(t, find, tt.want)
		})
	}
}

func TestFirst(t *testing.T) {
	broken := errors.New("broken")
	source := func(c Credential, err error) Func {
		return func(context.Context, reference.Repository) (Credential, error) { return c, err }
	}
	var (
		none            = source(Credential{}, nil)
		me              = source(Credential{Token: "me"}, nil)
		you             = source(Credential{Token: "you"}, nil)
		failing         = source(Credential{}, broken)
		left            = &WithheldError{Registry: ghcr, Origin: OriginVariable}
		withheld, other = source(Credential{}, left), source(Credential{}, &WithheldError{PlainHTTP: true})
	)
	tests := []struct {
		name string
		find Func
		want Credential
		err  error
	}{
		{name: "no source", find: First()},
		{name: "none has a credential", find: First(none, none)},
		{name: "first", find: First(me, you), want: Credential{Token: "me"}},
		{name: "second", find: First(none, you, failing), want: Credential{Token: "you"}},
		{name: "a withheld credential is skipped", find: First(withheld, none, you), want: Credential{Token: "you"}},
		{name: "a withheld credential is reported if there is no other", find: First(none, withheld, other), err: left},
		{name: "an error is not skipped", find: First(none, failing, you), err: broken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := tt.find(t.Context(), ghcrApp); got != tt.want || err != tt.err {
				t.Errorf("got %+v, %v, want %+v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}
