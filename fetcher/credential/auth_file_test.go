package credential

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"hocker/fetcher/reference"
)

var authFileTests = []struct {
	name string
	data string
	want []found
	err  string
}{
	{name: "empty object", data: `{}`, want: []found{{repo: ghcrApp}}},
	{name: "no credentials", data: `{"auths":{"ghcr.io":{}},"HttpHeaders":{"x":"y"}}`, want: []found{{repo: ghcrApp}}},
	{
		name: "auth, user and password, tokens",
		data: `{"auths":{
			"ghcr.io": {"auth":"` + basic("me:p:ss") + `"},
			"docker.io": {"username":"me","password":"pass"},
			"localhost:5000": {"auth":"` + basic("<token>:") + `","identitytoken":"id"}}}`,
		want: []found{
			{repo: ghcrApp, want: Credential{Username: "me", Password: "p:ss"}},
			{repo: hubApp, want: Credential{Username: "me", Password: "pass"}},
			{repo: localApp, want: Credential{IdentityToken: "id"}},
		},
	},
	{name: "registry token", data: `{"auths":{"ghcr.io":{"registrytoken":"t0ken"}}}`, want: []found{{repo: ghcrApp, want: Credential{Token: "t0ken"}}}},
	{name: "padded password", data: `{"auths":{"ghcr.io":{"auth":"` + basic("me:pass\x00\x00") + `"}}}`, want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}}}},
	{
		name: "the most specific key",
		data: `{"auths":{
			"ghcr.io": {"registrytoken":"host"},
			"ghcr.io/org": {"registrytoken":"org"},
			"ghcr.io/org/team/app": {"registrytoken":"app"}}}`,
		want: []found{
			{repo: reference.Repository{Registry: ghcr, Path: "org/team/app"}, want: Credential{Token: "app"}},
			{repo: reference.Repository{Registry: ghcr, Path: "org/team/app/sub"}, want: Credential{Token: "app"}},
			{repo: reference.Repository{Registry: ghcr, Path: "org/team/app2"}, want: Credential{Token: "org"}},
			{repo: reference.Repository{Registry: ghcr, Path: "org2/app"}, want: Credential{Token: "host"}},
			{repo: reference.Repository{Registry: ghcr, Path: "org"}, want: Credential{Token: "org"}},
			{repo: localApp},
		},
	},
	{
		name: "an empty specific key is skipped",
		data: `{"auths":{"ghcr.io":{"registrytoken":"host"},"ghcr.io/org":{}}}`,
		want: []found{{repo: ghcrApp, want: Credential{Token: "host"}}},
	},
	{name: "docker hub's old key", data: `{"auths":{"https://index.docker.io/v1/":{"registrytoken":"hub"}}}`, want: []found{{repo: hubApp, want: Credential{Token: "hub"}}, {repo: ghcrApp}}},
	{name: "docker hub's own host", data: `{"auths":{"registry-1.docker.io":{"registrytoken":"hub"}}}`, want: []found{{repo: hubApp, want: Credential{Token: "hub"}}}},
	{name: "docker hub's namespaces", data: `{"auths":{"docker.io/org":{"registrytoken":"org"}}}`, want: []found{{repo: hubApp, want: Credential{Token: "org"}}, {repo: reference.Repository{Registry: reference.DockerHub, Path: "library/debian"}}}},
	{name: "addresses as keys", data: `{"auths":{"https://ghcr.io/v2/":{"registrytoken":"a"},"http://localhost:5000":{"registrytoken":"b"}}}`, want: []found{{repo: ghcrApp, want: Credential{Token: "a"}}, {repo: localApp, want: Credential{Token: "b"}}}},
	{name: "default ports", data: `{"auths":{"ghcr.io:443":{"registrytoken":"a"},"https://docker.io:443/org":{"registrytoken":"b"},"ghcr.io:80/x":{"registrytoken":"c"}}}`,
		want: []found{{repo: ghcrApp, want: Credential{Token: "a"}}, {repo: hubApp, want: Credential{Token: "b"}}, {repo: reference.Repository{Registry: ghcr, Path: "x/y"}, want: Credential{Token: "a"}}}},
	{
		name: "http:// in the key",
		data: `{"auths":{"http://ghcr.io":{"registrytoken":"a"},"ghcr.io":{"registrytoken":"b"},"http://other.example/v2/":{"registrytoken":"c"}}}`,
		want: []found{
			{repo: plainApp, want: Credential{Token: "a", PlainHTTP: true}},
			{repo: ghcrApp, want: Credential{Token: "b"}},
			{repo: reference.Repository{Registry: reference.Registry{Scheme: "https", Host: "other.example"}, Path: "x"}, want: Credential{Token: "c"}},
		},
	},
	{name: "password of several lines", data: `{"auths":{"ghcr.io":{"auth":"` + basic("_json_key:"+jsonKey) + `"}}}`, want: []found{{repo: ghcrApp, want: Credential{Username: "_json_key", Password: jsonKey}}}},

	{name: "not base64", data: `{"auths":{"ghcr.io":{"auth":"hunter2!"}}}`, want: []found{{repo: ghcrApp, err: "FILE: entry for ghcr.io: auth is not user:password in base64"}, {repo: localApp}}},
	{name: "no colon", data: `{"auths":{"ghcr.io":{"auth":"` + basic("hunter2") + `"}}}`, want: []found{{repo: ghcrApp, err: "FILE: entry for ghcr.io: auth is not user:password in base64"}}},
	{name: "half", data: `{"auths":{"ghcr.io/org":{"username":"hunter2"}}}`, want: []found{{repo: ghcrApp, err: "FILE: entry for ghcr.io/org: username is given without password"}}},
	{name: "line break", data: `{"auths":{"ghcr.io":{"registrytoken":"hunter2\r\nX: y"}}}`, want: []found{{repo: ghcrApp, err: "FILE: entry for ghcr.io: the token contains a line break"}}},
	{name: "truncated", data: `{"auths":{"ghcr.io":{"auth":"hunter2"}}`, err: "FILE is not a Docker config.json: line 1: unexpected end of JSON input"},
	{name: "list", data: `[]`, err: "FILE is not a Docker config.json: line 1: expected an object, got array"},
	{name: "empty", data: ``, err: "FILE is not a Docker config.json: line 1: unexpected end of JSON input"},
}

func TestAuthFile(t *testing.T) {
	for _, tt := range authFileTests {
		t.Run(tt.name, func(t *testing.T) {
			file, err := parseAuthFile("FILE", []byte(tt.data))
			checkError(t, err, tt.err)
			if err == nil {
				checkFound(t, file.source(nil), tt.want)
			}
		})
	}
}

// Two keys of one registry must not be picked in the random order of a Go map. Tools
// that add docker.io beside https://index.docker.io/v1/ write such files.
func TestAuthFileSameRegistryTwice(t *testing.T) {
	const data = `{"auths":{"https://index.docker.io/v1/":{"registrytoken":"a"},"docker.io":{"registrytoken":"b"},"ghcr.io":{"registrytoken":"c"},"https://ghcr.io":{}}}`
	seen := map[Credential]bool{}
	for range 50 {
		file, err := parseAuthFile("FILE", []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		for _, repo := range []reference.Repository{hubApp, ghcrApp} {
			c, err := file.source(nil)(t.Context(), repo)
			if err != nil || c.IsZero() {
				t.Fatalf("%s: got %+v, %v", repo, c, err)
			}
			seen[c] = true
		}
	}
	if len(seen) != 2 {
		t.Errorf("one file gave %d answers for 2 registries", len(seen))
	}
}

// helperScript behaves like docker-credential-NAME, and logs each server it is asked
// for in the file asked.
const helperScript = `#!/bin/sh
read -r server
echo "$1 $server" >> "${0%/*}/asked"
case $server in
ghcr.io) echo '{"ServerURL":"ghcr.io","Username":"me","Secret":"pass"}' ;;
https://index.docker.io/v1/) echo '{"Username":"<token>","Secret":"id"}' ;;
localhost:5000) echo 'credentials not found in native keychain'; exit 1 ;;
locked.example) echo 'the keychain is locked'; exit 1 ;;
broken.example) echo 'hunter2' ;;
esac
`

// installHelper puts docker-credential-NAME first in PATH and returns its log.
func installHelper(t *testing.T, name string) (asked string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-"+name), []byte(helperScript), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return filepath.Join(dir, "asked")
}

func TestCredentialHelper(t *testing.T) {
	locked := reference.Repository{Registry: reference.Registry{Scheme: "https", Host: "locked.example"}, Path: "x"}
	broken := reference.Repository{Registry: reference.Registry{Scheme: "https", Host: "broken.example"}, Path: "x"}
	tests := []struct {
		name    string
		data    string
		want    []found
		asked   string
		notices string
	}{
		{
			name: "store for all",
			data: `{"credsStore":"x"}`,
			want: []found{
				{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}},
				{repo: hubApp, want: Credential{IdentityToken: "id"}},
				{repo: localApp},
				{repo: locked},
				{repo: broken},
			},
			notices: "warning: ignoring credentials: FILE: credential helper docker-credential-x: the keychain is locked\n" +
				"warning: ignoring credentials: FILE: credential helper docker-credential-x: invalid character 'h' looking for beginning of value\n",
			asked: "get ghcr.io\nget https://index.docker.io/v1/\nget localhost:5000\nget locked.example\nget broken.example\n",
		},
		{
			name: "helper of one registry",
			data: `{"credHelpers":{"https://ghcr.io/v2/":"x"}}`,
			want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}}, {repo: hubApp}},
			// The helper is not asked about other registries.
			asked: "get ghcr.io\n",
		},
		{
			name: "helper before store",
			data: `{"credsStore":"none","credHelpers":{"docker.io":"x"}}`,
			want: []found{
				{repo: hubApp, want: Credential{IdentityToken: "id"}},
				{repo: ghcrApp},
			},
			notices: "warning: ignoring credentials: FILE: credential helper docker-credential-none: exec: \"docker-credential-none\": executable file not found in $PATH\n",
			asked:   "get https://index.docker.io/v1/\n",
		},
		{
			name:  "helper before entry",
			data:  `{"credsStore":"x","auths":{"ghcr.io":{"registrytoken":"entry"}}}`,
			want:  []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}}},
			asked: "get ghcr.io\n",
		},
		{
			name:    "entry after a missing helper",
			data:    `{"credsStore":"none","auths":{"ghcr.io":{"registrytoken":"entry"}}}`,
			want:    []found{{repo: ghcrApp, want: Credential{Token: "entry"}}},
			notices: "warning: ignoring credentials: FILE: credential helper docker-credential-none: exec: \"docker-credential-none\": executable file not found in $PATH\n",
		},
		{
			name: "http:// in a helper's key",
			data: `{"credHelpers":{"http://ghcr.io":"x"}}`,
			want: []found{
				{repo: plainApp, want: Credential{Username: "me", Password: "pass", PlainHTTP: true}},
			},
			asked: "get ghcr.io\n",
		},
		{
			name:  "entry after a helper without a credential",
			data:  `{"credsStore":"x","auths":{"localhost:5000":{"registrytoken":"entry"}}}`,
			want:  []found{{repo: localApp, want: Credential{Token: "entry"}}},
			asked: "get localhost:5000\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := installHelper(t, "x")
			file, err := parseAuthFile("FILE", []byte(tt.data))
			if err != nil {
				t.Fatal(err)
			}
			var notices strings.Builder
			checkFound(t, file.source(func(line string) { notices.WriteString(line + "\n") }), tt.want)
			if notices.String() != tt.notices {
				t.Errorf("notices\n%s want\n%s", notices.String(), tt.notices)
			}
			if got, _ := os.ReadFile(asked); string(got) != tt.asked {
				t.Errorf("the helper was asked %q, want %q", got, tt.asked)
			}
		})
	}
}

// FuzzAuthFile checks that every credential found can be sent and round-trips as an
// entry, that errors come with no credential, and that no error contains a secret.
func FuzzAuthFile(f *testing.F) {
	for _, tt := range authFileTests {
		f.Add([]byte(tt.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseAuthFile("FILE", data)
		if err != nil {
			if file != nil || strings.Contains(err.Error(), "hunter") {
				t.Errorf("%q: got %+v, %v", data, file, err)
			}
			return
		}
		file.Helpers, file.Store = nil, "" // do not run helpers
		for _, repo := range []reference.Repository{ghcrApp, localApp, hubApp, {Registry: ghcr, Path: "org/team/app"}} {
			c, err := file.source(nil)(t.Context(), repo)
			switch {
			case err != nil && (!c.IsZero() || strings.Contains(err.Error(), "hunter")):
				t.Errorf("%q: %s gets %+v, %v", data, repo, c, err)
			case strings.ContainsAny(c.Username+c.Token, "\r\n") || strings.Contains(c.Username, ":"):
				t.Errorf("%q: %s gets %+v, which cannot be sent", data, repo, c)
			case !c.IsZero():
				checkAuthEntry(t, repo, c)
			}
		}
	})
}

// checkAuthEntry checks that a credential round-trips as an auth file.
func checkAuthEntry(t *testing.T, repo reference.Repository, c Credential) {
	t.Helper()
	if !utf8.ValidString(c.Username + c.Password) {
		return // decoded from base64; JSON strings cannot hold it
	}
	data, err := json.Marshal(authFile{Auths: map[string]authEntry{
		repo.String(): {Username: c.Username, Password: c.Password, IdentityToken: c.IdentityToken, RegistryToken: c.Token},
	}})
	if err != nil {
		t.Fatal(err)
	}
	file, err := parseAuthFile("FILE", data)
	if err != nil {
		t.Fatalf("%+v prints as %s, which is not read: %v", c, data, err)
	}
	if again, err := file.source(nil)(t.Context(), repo); err != nil || again != c {
		t.Errorf("%+v prints as %s, which is read as %+v, %v", c, data, again, err)
	}
}

// A helper that writes without end is cut off.
func TestHelperWritesTooMuch(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-endless"), []byte("#!/bin/sh\nexec cat /dev/zero\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	_, err := askHelper(t.Context(), "endless", ghcr)
	checkError(t, err, "credential helper docker-credential-endless: output: it is larger than 1.0 MB, the limit for a credential")
}
