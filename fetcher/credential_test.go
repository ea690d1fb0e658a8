package fetcher

import (
	"context"
	"errors"
	"testing"
)

// env is an environment for the functions that take a getenv.
type env map[string]string

func (e env) get(name string) string { return e[name] }

var (
	ghcrApp  = Repository{ghcr, "org/app"}
	localApp = Repository{local, "org/app"}
	hubApp   = Repository{DockerHub, "org/app"}
)

// found is one answer of a credential source.
type found struct {
	repo Repository
	want Credential
	err  string
}

func checkFound(t *testing.T, find CredentialFunc, want []found) {
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

var environmentCredentialTests = []struct {
	name string
	env  env
	want []found
	err  string
}{
	{name: "nothing", env: env{}, want: []found{{repo: ghcrApp}}},
	{name: "empty", env: env{"DOCKER_TOKEN": "", "DOCKER_USER": "", "DOCKER_PASS": "", "DOCKER_AUTH_CONFIG": ""}, want: []found{{repo: ghcrApp}}},
	{
		name: "token",
		env:  env{"DOCKER_TOKEN": "t0ken"},
		want: []found{{repo: ghcrApp, want: Credential{Token: "t0ken"}}, {repo: localApp}, {repo: hubApp}},
	},
	{
		name: "user",
		env:  env{"DOCKER_USER": "me", "DOCKER_PASS": "p:a=s s"},
		want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "p:a=s s"}}, {repo: localApp}},
	},
	{
		name: "token before user before config",
		env:  env{"DOCKER_TOKEN": "t0ken", "DOCKER_USER": "me", "DOCKER_PASS": "pass", "DOCKER_AUTH_CONFIG": `{`},
		want: []found{{repo: ghcrApp, want: Credential{Token: "t0ken"}}},
	},
	{
		name: "user before config",
		env:  env{"DOCKER_USER": "me", "DOCKER_PASS": "pass", "DOCKER_AUTH_CONFIG": `{`},
		want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}}},
	},
	{
		name: "config",
		env:  env{"DOCKER_AUTH_CONFIG": `{"auths":{"localhost:5000":{"auth":"bWU6cGFzcw=="}}}`},
		want: []found{{repo: localApp, want: Credential{Username: "me", Password: "pass"}}, {repo: ghcrApp}},
	},
	{name: "half", env: env{"DOCKER_USER": "me"}, err: "DOCKER_USER is given without DOCKER_PASS"},
	{name: "other half", env: env{"DOCKER_PASS": "hunter2"}, err: "DOCKER_PASS is given without DOCKER_USER"},
	{name: "colon", env: env{"DOCKER_USER": "me:you", "DOCKER_PASS": "hunter2"}, err: "DOCKER_USER has a colon in it, which basic authentication cannot carry"},
	{name: "line break", env: env{"DOCKER_USER": "me", "DOCKER_PASS": "hunter2\n"}, err: "a credential has a line break in it"},
	{name: "line break in token", env: env{"DOCKER_TOKEN": "hunter2\r\nHost: evil"}, err: "a credential has a line break in it"},
	{name: "broken config", env: env{"DOCKER_AUTH_CONFIG": `{"auths":`}, err: "DOCKER_AUTH_CONFIG is no Docker config.json: line 1: unexpected end of JSON input"},
}

func TestEnvironmentCredential(t *testing.T) {
	for _, tt := range environmentCredentialTests {
		t.Run(tt.name, func(t *testing.T) {
			find, err := EnvironmentCredential(ghcr, tt.env.get)
			checkError(t, err, tt.err)
			checkFound(t, find, tt.want)
		})
	}
}

func TestFirstCredential(t *testing.T) {
	broken := errors.New("broken")
	source := func(c Credential, err error) CredentialFunc {
		return func(context.Context, Repository) (Credential, error) { return c, err }
	}
	var (
		none    = source(Credential{}, nil)
		me      = source(Credential{Token: "me"}, nil)
		you     = source(Credential{Token: "you"}, nil)
		failing = source(Credential{}, broken)
	)
	tests := []struct {
		name string
		find CredentialFunc
		want Credential
		err  error
	}{
		{name: "no source", find: FirstCredential()},
		{name: "none knows one", find: FirstCredential(none, none)},
		{name: "first", find: FirstCredential(me, you), want: Credential{Token: "me"}},
		{name: "second", find: FirstCredential(none, you, failing), want: Credential{Token: "you"}},
		{name: "an error is not passed over", find: FirstCredential(none, failing, you), err: broken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := tt.find(t.Context(), ghcrApp); got != tt.want || err != tt.err {
				t.Errorf("got %+v, %v, want %+v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}
