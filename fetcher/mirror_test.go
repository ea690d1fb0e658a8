package fetcher

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

var parseMirrorsTests = []struct {
	in   string
	want []Mirror
	err  string
}{
	{in: ""},
	{in: " , ,"},
	{in: "docker.io=https://mirror.example/v2/", want: []Mirror{{"docker.io", reference.Registry{Scheme: "https", Host: "mirror.example"}}}},
	{in: "https://index.docker.io/v1/=localhost:5000", want: []Mirror{{"docker.io", local}}},
	{in: "*=localhost:5000, ghcr.io=https://h/ghcr/v2/", want: []Mirror{{"*", local}, {"ghcr.io", reference.Registry{Scheme: "https", Host: "h", Prefix: "/ghcr"}}}},
	{in: "localhost:5000", err: `mirror "localhost:5000": expected REGISTRY=ADDRESS, such as docker.io=https://mirror.example/v2/, or *=ADDRESS`},
	{in: "=x", err: `registry: missing host, expected https://HOST[:PORT]/v2/`},
	{in: "x=", err: `registry: missing host, expected https://HOST[:PORT]/v2/`},
	{in: "me:hunter2@h", err: `mirror: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
	{in: "x=localhost:5000,me:hunter2@h=x", err: `mirror: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
	{in: "x=https://me:hunter2@h", err: `mirror: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
}

func TestParseMirrors(t *testing.T) {
	for _, tt := range parseMirrorsTests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseMirrors(tt.in)
			checkError(t, err, tt.err)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// A faulty mirror only causes a notice. It does not receive the registry's
// credential.
func TestMirror(t *testing.T) {
	tests := []struct {
		name     string
		mirror   http.Handler
		notice   string // HOST is the mirror
		upstream int    // requests to the registry
	}{
		{name: "right content", mirror: hello},
		{name: "not found", mirror: answer{status: 404}, upstream: 1, notice: "mirror HOST skipped: GET http://HOST/v2/org/app/manifests/" + string(helloDigest) + ": 404 Not Found"},
		{name: "asks for a password", mirror: challenge(basicChallenge), upstream: 1, notice: "mirror HOST skipped: the registry asks for a user name and a password, but none were given"},
		{name: "wrong content", mirror: answer{body: "wrong"}, upstream: 1, notice: "mirror HOST skipped: content does not match its digest: want " + string(helloDigest) + ", got " + string(wrongDigest) + " (5 bytes)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mirror, registry := startServer(t, tt.mirror), startServer(t, hello)
			for _, of := range []string{"*", registry.host()} {
				var told record
				c := static(registry.app(t), credential.Credential{Token: "hunter2"})
				told.listen(c)
				c.Mirrors = []Mirror{{of, mirror.app(t).Registry}}
				m, err := c.Manifest(t.Context(), reference.Reference{Repository: registry.app(t), Digest: helloDigest})
				if err != nil || string(m.Bytes) != "hello" {
					t.Errorf("got %q, %v", m.Bytes, err)
				}
				if got := strings.ReplaceAll(strings.Join(told.notices, "\n"), mirror.host(), "HOST"); got != tt.notice {
					t.Errorf("notice\n got: %s\nwant: %s", got, tt.notice)
				}
			}
			checkNoSecrets(t, mirror.asked()...)
			if len(registry.asked()) != 2*tt.upstream {
				t.Errorf("%d requests to the registry, want %d", len(registry.asked()), 2*tt.upstream)
			}
		})
	}
}

func TestMirrorOfAnother(t *testing.T) {
	mirror, registry := startServer(t, hello), startServer(t, hello)
	c := &Client{Mirrors: []Mirror{{"docker.io", mirror.app(t).Registry}}}
	if _, err := fetchHello(t, c, registry.app(t)); err != nil || len(mirror.asked()) != 0 {
		t.Errorf("%v, and the mirror of another registry was asked %d times", err, len(mirror.asked()))
	}
}

func TestMirrorOfBlobs(t *testing.T) {
	mirror, registry := startServer(t, answer{status: 404}), startServer(t, hello)
	var told record
	c := static(registry.app(t), credential.Credential{Token: "hunter2"})
	told.listen(c)
	c.Mirrors = []Mirror{{"*", mirror.app(t).Registry}}
	got, err := fetchHello(t, c, registry.app(t))
	if err != nil || got != "hello" || len(told.notices) != 1 || len(mirror.asked()) != 1 {
		t.Errorf("got %q, %v, with %q after %d requests to the mirror", got, err, told.notices, len(mirror.asked()))
	}
	checkNoSecrets(t, mirror.asked()...)
}

// A blob that a mirror served wrong is not requested from it again.
func TestMirrorGivesWrongBlob(t *testing.T) {
	mirror, registry := startServer(t, answer{body: "wrong"}), startServer(t, hello)
	c := &Client{Mirrors: []Mirror{{"*", mirror.app(t).Registry}}}
	if _, err := fetchHello(t, c, registry.app(t)); err == nil || !strings.Contains(err.Error(), "5 bytes from "+mirror.host()) {
		t.Errorf("got %v", err)
	}
	if got, err := fetchHello(t, c, registry.app(t)); err != nil || got != "hello" || len(mirror.asked()) != 1 {
		t.Errorf("got %q, %v, after %d requests to the mirror", got, err, len(mirror.asked()))
	}
}

// Every entry of an accepted list is a mirror, in the same order, and what may be a
// password is refused and not quoted.
func FuzzParseMirrors(f *testing.F) {
	for _, tt := range parseMirrorsTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		mirrors, err := ParseMirrors(in)
		if strings.Contains(in, "@") {
			if err == nil || err.Error() != reference.UserError("mirror").Error() {
				t.Errorf("%q is read as %+v, %v", in, mirrors, err)
			}
			return
		}
		var want []Mirror
		for entry := range strings.SplitSeq(in, ",") {
			of, address, ok := strings.Cut(strings.TrimSpace(entry), "=")
			upstream, err1 := reference.ParseRegistry(of)
			registry, err2 := reference.ParseRegistry(address)
			switch {
			case strings.TrimSpace(entry) == "":
				continue
			case !ok, of != "*" && err1 != nil, err2 != nil:
				if err == nil {
					t.Errorf("%q is read as %+v", in, mirrors)
				}
				return
			case of != "*":
				of = upstream.Name()
			}
			want = append(want, Mirror{of, registry})
		}
		if err != nil || !slices.Equal(mirrors, want) {
			t.Errorf("%q is read as %+v, %v, want %+v", in, mirrors, err, want)
		}
		var printed []string
		for _, m := range mirrors {
			printed = append(printed, m.Of+"="+m.Registry.String())
		}
		again, err := ParseMirrors(strings.Join(printed, ","))
		if err != nil || !slices.Equal(again, mirrors) {
			t.Errorf("%q is printed as %q, which is read as %+v, %v", in, printed, again, err)
		}
	})
}
