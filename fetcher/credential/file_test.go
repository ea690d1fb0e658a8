package credential

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/reference"
)

var credentialFileTests = []struct {
	name string
	data string
	want []found
	err  string // FILE stands for the file's path
}{
	{name: "user", data: "USERNAME=me\nPASSWORD=pass\n", want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}}, {repo: localApp}}},
	{name: "other order, no last newline", data: "PASSWORD=pass\nUSERNAME=me", want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}}}},
	{name: "other spelling", data: "DOCKER_USER=me\nDOCKER_PASS=pass\n", want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}}}},
	{name: "mixed spelling", data: "USERNAME=me\nDOCKER_PASS=pass\n", want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}}}},
	{name: "token", data: "BEARER_TOKEN=abc.def==\n", want: []found{{repo: ghcrApp, want: Credential{Token: "abc.def=="}}, {repo: hubApp}}},
	{name: "other token", data: "DOCKER_TOKEN=abc\n", want: []found{{repo: ghcrApp, want: Credential{Token: "abc"}}}},
	{name: "comments, empty lines, CRLF", data: "# mine\r\n\r\n \t\r\nUSERNAME=me\r\nPASSWORD=pass\r\n", want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}}}},
	{name: "a value is taken verbatim", data: "USERNAME=me\nPASSWORD= #p=a\"s's${x}\\ \n", want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: " #p=a\"s's${x}\\ "}}}},
	{name: "docker config", data: ` {"auths":{"ghcr.io":{"auth":"bWU6cGFzcw=="}}}`, want: []found{{repo: ghcrApp, want: Credential{Username: "me", Password: "pass"}}, {repo: localApp}}},
	{name: "for hosts", data: "REGISTRY=docker.io, localhost:5000\nUSERNAME=me\nPASSWORD=pass\n", want: []found{{repo: ghcrApp}, {repo: localApp, want: me}, {repo: hubApp, want: me}}},
	{name: "for a host over plain http", data: "DOCKER_REGISTRY=http://ghcr.io\nBEARER_TOKEN=t0ken\n", want: []found{{repo: plainApp, want: plainToken}, {repo: localApp}}},
	{name: "for any", data: "BEARER_TOKEN=t0ken\nREGISTRY=*\n", want: []found{{repo: ghcrApp, want: t0ken}, {repo: mirrorApp}}},
	{name: "netrc", data: "# mine\nmachine ghcr.io login me password pass\n", want: []found{{repo: ghcrApp, want: me}, {repo: localApp}}},
	{name: "netrc for the named registry", data: "default login me password pass\n", want: []found{{repo: ghcrApp, want: me}, {repo: localApp}}},

	{name: "no host", data: "REGISTRY=hunter2 ftp://x\n", err: "credentials file FILE: line 1: expected comma-separated hosts, such as registry.example or host:5000"},
	{name: "no host at all", data: "USERNAME=me\nREGISTRY=,\n", err: "credentials file FILE: line 2: expected comma-separated hosts, such as registry.example or host:5000"},
	{name: "netrc without a login", data: "machine ghcr.io login me\n", err: "netrc FILE: no machine has both a login and a password"},
	{name: "broken netrc", data: "machine ghcr.io\n login\n", err: "netrc FILE: line 2: missing value after login"},
	{name: "empty", data: "", err: "credentials file FILE: no credential found: expected USERNAME= and PASSWORD=, or BEARER_TOKEN=, or a Docker config.json, or a netrc"},
	{name: "comment only", data: "# USERNAME=me\n", err: "credentials file FILE: no credential found: expected USERNAME= and PASSWORD=, or BEARER_TOKEN=, or a Docker config.json, or a netrc"},
	{name: "no name", data: "USERNAME=me\nhunter2\n", err: "credentials file FILE: line 2: expected NAME=value"},
	{name: "line breaks in a secret", data: "BEARER_TOKEN=abc\nhunter2=\n", err: "credentials file FILE: line 2: expected REGISTRY=, USERNAME=, PASSWORD= or BEARER_TOKEN= (or DOCKER_REGISTRY=, DOCKER_USER=, DOCKER_PASS=, DOCKER_TOKEN=)"},
	{name: "unknown name", data: "\n# x\nuser=hunter2\n", err: "credentials file FILE: line 3: expected REGISTRY=, USERNAME=, PASSWORD= or BEARER_TOKEN= (or DOCKER_REGISTRY=, DOCKER_USER=, DOCKER_PASS=, DOCKER_TOKEN=)"},
	{name: "empty value", data: "USERNAME=me\nPASSWORD=\n", err: "credentials file FILE: line 2: missing value after ="},
	{name: "twice", data: "USERNAME=me\nPASSWORD=hunter2\nPASSWORD=hunter3\n", err: "credentials file FILE: line 3 repeats an earlier line"},
	{name: "twice in two spellings", data: "USERNAME=me\nDOCKER_USER=me\n", err: "credentials file FILE: line 2 repeats an earlier line"},
	{name: "half", data: "USERNAME=me\n", err: "credentials file FILE: USERNAME is given without PASSWORD"},
	{name: "other half", data: "PASSWORD=hunter2\n", err: "credentials file FILE: PASSWORD is given without USERNAME"},
	{name: "both", data: "BEARER_TOKEN=hunter2\nUSERNAME=me\n", err: "credentials file FILE: both a token and a user name: remove one of them"},
	{name: "colon", data: "USERNAME=me:hunter2\nPASSWORD=hunter2\n", err: "credentials file FILE: USERNAME contains a colon, which basic authentication does not allow"},
	{name: "broken config", data: `{"auths":{"ghcr.io":{"auth":"hunter2"}`, err: "FILE is not a Docker config.json: line 1: unexpected end of JSON input"},
	{name: "config of other types", data: `{"auths":{"ghcr.io":"hunter2"}}`, err: "FILE is not a Docker config.json: line 1: auths has the wrong type: string"},
	{name: "a password that is a number", data: `{"auths":{"ghcr.io":{"password":12345}}}`, err: "FILE is not a Docker config.json: line 1: auths.password has the wrong type: number"},
}

func TestReadFile(t *testing.T) {
	for _, tt := range credentialFileTests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "credentials")
			if err := os.WriteFile(path, []byte(tt.data), 0o600); err != nil {
				t.Fatal(err)
			}
			file, err := ReadFile(path, typedGhcr, nil)
			checkError(t, err, strings.ReplaceAll(tt.err, "FILE", path))
			if (file.Credential == nil) != (tt.err != "") || file.Exposed {
				t.Fatalf("got %+v", file)
			}
			checkFound(t, file.Credential, tt.want)
		})
	}
}

func TestReadFileFailures(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadFile(filepath.Join(dir, "none"), Audience{Named: ghcr}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	_, err := ReadFile(dir, Audience{Named: ghcr}, nil)
	checkError(t, err, "credentials file: read "+dir+": is a directory")

	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, maxCredentialFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = ReadFile(large, Audience{Named: ghcr}, nil)
	checkError(t, err, "credentials file: read "+large+": it is larger than 1.0 MB, the limit for a file with credentials")

	_, err = ReadFile("/dev/zero", Audience{Named: ghcr}, nil)
	checkError(t, err, "credentials file: read /dev/zero: it is larger than 1.0 MB, the limit for a file with credentials")
}

func TestReadFileExposed(t *testing.T) {
	tests := []struct {
		mode fs.FileMode
		want bool
	}{
		{mode: 0o600}, {mode: 0o440}, {mode: 0o640}, {mode: 0o622}, {mode: 0o644, want: true}, {mode: 0o604, want: true},
	}
	for _, tt := range tests {
		t.Run(tt.mode.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "credentials")
			if err := os.WriteFile(path, []byte("BEARER_TOKEN=x\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			file, err := ReadFile(path, Audience{Named: ghcr}, nil)
			if err != nil || file.Exposed != tt.want {
				t.Errorf("got %v, %v, want %v", file.Exposed, err, tt.want)
			}
		})
	}
}

// FuzzCredentialFile checks that an accepted file holds one credential that round-trips,
// and that errors contain no secret.
func FuzzCredentialFile(f *testing.F) {
	for _, tt := range credentialFileTests {
		f.Add(tt.data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		if strings.HasPrefix(strings.TrimSpace(data), "{") {
			return // see FuzzAuthFile
		}
		if isNetrc([]byte(data)) {
			return // see FuzzNetrc
		}
		file, err := parseCredentialFile("FILE", []byte(data), Audience{Named: ghcr}, nil)
		if err != nil {
			if file.Credential != nil {
				t.Errorf("%q: a credential and %v", data, err)
			}
			if strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: a secret or a line break in %q", data, err)
			}
			return
		}
		// The credential is for the hosts in the file, and no others.
		s, err := parseCredentialLines([]byte(data))
		if err != nil || s.IsZero() || (s.Token != "") == (s.Username != "") || (s.Username == "") != (s.Password == "") {
			t.Fatalf("%q: got %+v, %v", data, s, err)
		}
		for _, repo := range []reference.Repository{ghcrApp, localApp} {
			want := file.Unbound && repo == ghcrApp || slices.ContainsFunc(s.hosts, func(h Host) bool { return h.Name == repo.Registry.Name() })
			if got, err := file.Credential(t.Context(), repo); err != nil || got.IsZero() == want {
				t.Errorf("%q: %s gets %+v, %v", data, repo, got, err)
			}
		}
		printed := "PASSWORD=" + s.Password + "\nUSERNAME=" + s.Username
		if s.Token != "" {
			printed = "DOCKER_TOKEN=" + s.Token
		}
		again, err := parseCredentialLines([]byte(printed))
		if err != nil || again.Credential != s.Credential {
			t.Errorf("%q: %+v prints as %q, which is read as %+v, %v", data, s, printed, again, err)
		}
	})
}
