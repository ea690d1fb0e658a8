package reference

import (
	"strings"
	"testing"
)

var parseReferenceTests = []struct {
	in       string
	want     Reference
	str      string // as String prints it
	familiar string // empty: as str
	err      string
}{
	{in: "debian", want: Reference{Repository: Repository{DockerHub, "library/debian"}, Tag: "latest"}, str: "docker.io/library/debian:latest", familiar: "debian:latest"},
	{in: "debian:jessie", want: Reference{Repository: Repository{DockerHub, "library/debian"}, Tag: "jessie"}, str: "docker.io/library/debian:jessie", familiar: "debian:jessie"},
	{in: "library/debian:jessie", want: Reference{Repository: Repository{DockerHub, "library/debian"}, Tag: "jessie"}, str: "docker.io/library/debian:jessie", familiar: "debian:jessie"},
	{in: "docker.io/debian", want: Reference{Repository: Repository{DockerHub, "library/debian"}, Tag: "latest"}, str: "docker.io/library/debian:latest", familiar: "debian:latest"},
	{in: "index.docker.io/org/app:1", want: Reference{Repository: Repository{DockerHub, "org/app"}, Tag: "1"}, str: "docker.io/org/app:1", familiar: "org/app:1"},
	{in: "localhost", want: Reference{Repository: Repository{DockerHub, "library/localhost"}, Tag: "latest"}, str: "docker.io/library/localhost:latest", familiar: "localhost:latest"},
	{in: "localhost:5000", want: Reference{Repository: Repository{DockerHub, "library/localhost"}, Tag: "5000"}, str: "docker.io/library/localhost:5000", familiar: "localhost:5000"},
	{in: "localhost:5000/x:1", want: Reference{Repository: Repository{local, "x"}, Tag: "1"}, str: "localhost:5000/x:1"},
	{in: "localhost/x", want: Reference{Repository: Repository{Registry{Scheme: "http", Host: "localhost"}, "x"}, Tag: "latest"}, str: "localhost/x:latest"},
	{in: "[::1]:5000/x", want: Reference{Repository: Repository{Registry{Scheme: "http", Host: "[::1]:5000"}, "x"}, Tag: "latest"}, str: "[::1]:5000/x:latest"},
	{in: "ghcr.io/org/team/app:v1.2.3", want: Reference{Repository: Repository{ghcr, "org/team/app"}, Tag: "v1.2.3"}, str: "ghcr.io/org/team/app:v1.2.3"},
	{in: "GHCR.io/app", want: Reference{Repository: Repository{ghcr, "app"}, Tag: "latest"}, str: "ghcr.io/app:latest"},
	{in: "ghcr.io/app@" + string(helloDigest), want: Reference{Repository: Repository{ghcr, "app"}, Digest: helloDigest}, str: "ghcr.io/app@" + string(helloDigest)},
	{in: "ghcr.io/app:1@" + string(helloDigest), want: Reference{Repository: Repository{ghcr, "app"}, Tag: "1", Digest: helloDigest}, str: "ghcr.io/app:1@" + string(helloDigest)},
	{in: "app@" + string(helloSHA512), want: Reference{Repository: Repository{DockerHub, "library/app"}, Digest: helloSHA512}, str: "docker.io/library/app@" + string(helloSHA512), familiar: "app@" + string(helloSHA512)},
	{in: "a__b/c.d/e---f_g:_", want: Reference{Repository: Repository{DockerHub, "a__b/c.d/e---f_g"}, Tag: "_"}, str: "docker.io/a__b/c.d/e---f_g:_", familiar: "a__b/c.d/e---f_g:_"},
	{in: "x:" + strings.Repeat("A", 128), want: Reference{Repository: Repository{DockerHub, "library/x"}, Tag: strings.Repeat("A", 128)}, str: "docker.io/library/x:" + strings.Repeat("A", 128), familiar: "x:" + strings.Repeat("A", 128)},
	// library/a/b and a/b are different images. Docker drops library/ only before
	// a single component:
	// https://github.com/distribution/reference/blob/v0.6.0/normalize.go (familiarizeName)
	{in: "library/a/b", want: Reference{Repository: Repository{DockerHub, "library/a/b"}, Tag: "latest"}, str: "docker.io/library/a/b:latest", familiar: "library/a/b:latest"},
	// The short name my.org/x would name another registry.
	{in: "docker.io/my.org/x", want: Reference{Repository: Repository{DockerHub, "my.org/x"}, Tag: "latest"}, str: "docker.io/my.org/x:latest", familiar: "docker.io/my.org/x:latest"},

	// With a scheme, and with the docker:// prefix of skopeo.
	{in: "https://ghcr.io/app", want: Reference{Repository: Repository{ghcr, "app"}, Tag: "latest"}, str: "ghcr.io/app:latest"},
	{in: "https://ghcr.io:443/org/app:1@" + string(helloDigest), want: Reference{Repository: Repository{ghcr, "org/app"}, Tag: "1", Digest: helloDigest}, str: "ghcr.io/org/app:1@" + string(helloDigest)},
	{in: "https://docker.io/debian", want: Reference{Repository: Repository{DockerHub, "library/debian"}, Tag: "latest"}, str: "docker.io/library/debian:latest", familiar: "debian:latest"},
	{in: "http://registry.example:5000/org/app:1", want: Reference{Repository: Repository{Registry{Scheme: "http", Host: "registry.example:5000"}, "org/app"}, Tag: "1"}, str: "registry.example:5000/org/app:1"},
	{in: "http://registry.example:80/app", want: Reference{Repository: Repository{Registry{Scheme: "http", Host: "registry.example"}, "app"}, Tag: "latest"}, str: "registry.example/app:latest"},
	{in: "http://registry/app", want: Reference{Repository: Repository{Registry{Scheme: "http", Host: "registry"}, "app"}, Tag: "latest"}, str: "registry/app:latest"},
	{in: "https://localhost:5000/app", want: Reference{Repository: Repository{Registry{Scheme: "https", Host: "localhost:5000"}, "app"}, Tag: "latest"}, str: "localhost:5000/app:latest"},
	{in: "docker://debian", want: Reference{Repository: Repository{DockerHub, "library/debian"}, Tag: "latest"}, str: "docker.io/library/debian:latest", familiar: "debian:latest"},
	{in: "docker://localhost:5000/x:1", want: Reference{Repository: Repository{local, "x"}, Tag: "1"}, str: "localhost:5000/x:1"},
	// The default port.
	{in: "ghcr.io:443/app", want: Reference{Repository: Repository{ghcr, "app"}, Tag: "latest"}, str: "ghcr.io/app:latest"},
	{in: "docker.io:443/debian", want: Reference{Repository: Repository{DockerHub, "library/debian"}, Tag: "latest"}, str: "docker.io/library/debian:latest", familiar: "debian:latest"},
	{in: "localhost:80/x", want: Reference{Repository: Repository{Registry{Scheme: "http", Host: "localhost"}, "x"}, Tag: "latest"}, str: "localhost/x:latest"},
	{in: "[::1]:80/x", want: Reference{Repository: Repository{Registry{Scheme: "http", Host: "[::1]"}, "x"}, Tag: "latest"}, str: "[::1]/x:latest"},
	{in: "myhost:443/x", want: Reference{Repository: Repository{Registry{Scheme: "https", Host: "myhost:443"}, "x"}, Tag: "latest"}, str: "myhost:443/x:latest"},

	{in: "", err: `image name: must not be empty`},
	{in: ":1", err: `image name: must not be empty`},
	{in: "debian:", err: `reference "debian:": missing tag after the colon`},
	{in: "debian@", err: `reference "…@": missing digest after the @`},
	{in: "debian:@" + string(helloDigest), err: `reference "debian:@` + string(helloDigest) + `": missing tag after the colon`},
	{in: "@" + string(helloDigest), err: `image name: must not be empty`},
	{in: "Debian", err: `image name "Debian": repository names must be lower-case`},
	{in: "ghcr.io/", err: `image name: must not be empty`},
	{in: "/debian", err: `image name "/debian": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{in: "a//b", err: `image name "a//b": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{in: "a/../b", err: `image name "a/../b": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{in: "a..b", err: `image name "a..b": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{in: "a___b", err: `image name "a___b": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{in: "-a", err: `image name "-a": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{in: "a b", err: `image name "a b": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{in: "a\n", err: `image name "a\n": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{in: "https://", err: `registry "https://": missing host, expected https://HOST[:PORT]/v2/`},
	{in: "https://ghcr.io", err: `reference "https://ghcr.io": missing image name after the host`},
	{in: "https://ghcr.io/:1", err: `image name: must not be empty`},
	{in: "https://me:hunter2@ghcr.io/app", err: `registry: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
	{in: "docker://https://me:hunter2@ghcr.io/app", err: `registry: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
	{in: "oci://ghcr.io/app", err: `registry "oci://ghcr.io": scheme is neither http nor https, expected https://HOST[:PORT]/v2/`},
	{in: "docker://", err: `image name: must not be empty`},
	{in: "a${b}", err: `image name "a${b}": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{in: `a:"b`, err: `tag "\"b": expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -`},
	{in: "a:-b", err: `tag "-b": expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -`},
	{in: "a:..", err: `tag "..": expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -`},
	{in: "a:b\n", err: `tag "b\n": expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -`},
	{in: "a:" + strings.Repeat("b", 129), err: `tag "` + strings.Repeat("b", 129) + `": expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -`},
	{in: "a@sha256:abc", err: `digest "sha256:abc": expected sha256: and 64 lower-case hexadecimal digits`},
	{in: "a@" + strings.ToUpper(string(helloDigest)), err: `digest "` + strings.ToUpper(string(helloDigest)) + `": expected sha256: and 64 lower-case hexadecimal digits`},
	{in: "a@" + string(helloDigest) + "@b", err: `digest "…@b": expected sha256: and 64 lower-case hexadecimal digits`},
	{in: "a@md5:5d41402abc4b2a76b9719d911017c592", err: `digest "md5:5d41402abc4b2a76b9719d911017c592": expected sha256: and 64 lower-case hexadecimal digits`},
	{in: "ghcr.io/" + strings.Repeat("a", 248), err: `image name "` + strings.Repeat("a", 248) + `": longer than 255 characters including its host`},
}

func TestParseReference(t *testing.T) {
	for _, tt := range parseReferenceTests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := Parse(tt.in)
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Fatalf("got %+v, want %+v", got, tt.want)
			}
			if err != nil {
				return
			}
			familiar := tt.familiar
			if familiar == "" {
				familiar = tt.str
			}
			if got.String() != tt.str || got.Familiar() != familiar {
				t.Errorf("prints as %s and %s, want %s and %s", got, got.Familiar(), tt.str, familiar)
			}
			checkReference(t, got)
		})
	}
}

// checkReference checks a property of every reference that [Parse] returns: both
// of its printed forms parse as the same reference.
func checkReference(t *testing.T, ref Reference) {
	t.Helper()
	// A name has no scheme, so only the address round-trips where the scheme or the
	// host would be read differently.
	printed := []string{ref.Registry.Scheme + "://" + ref.String(), "docker://" + ref.Registry.Scheme + "://" + ref.String()}
	if bare, err := ParseRegistry(ref.Registry.Host); err == nil && bare == ref.Registry && HasHost(ref.Registry.Host+"/") || ref.Registry.IsDockerHub() {
		printed = append(printed, ref.String(), ref.Familiar(), "docker://"+ref.String())
	}
	for _, printed := range printed {
		if again, err := Parse(printed); err != nil || again != ref {
			t.Errorf("%+v prints as %s, which is read as %+v, %v", ref, printed, again, err)
		}
	}
	repository, imageName := ref.Split()
	joined := imageName
	if repository != "" {
		joined = repository + "/" + imageName
	}
	if joined != ref.Path || strings.Contains(imageName, "/") || imageName == "" {
		t.Errorf("%s splits into %q and %q", ref.Path, repository, imageName)
	}
}

// When the registry is given, no component of the name is a host.
var registryParseReferenceTests = []struct {
	registry Registry
	in       string
	want     Reference
	err      string
}{
	{registry: ghcr, in: "app", want: Reference{Repository: Repository{ghcr, "app"}, Tag: "latest"}},
	{registry: ghcr, in: "docker.io/app:1", want: Reference{Repository: Repository{ghcr, "docker.io/app"}, Tag: "1"}},
	{registry: ghcr, in: "localhost/app@" + string(helloDigest), want: Reference{Repository: Repository{ghcr, "localhost/app"}, Digest: helloDigest}},
	{registry: DockerHub, in: "app", want: Reference{Repository: Repository{DockerHub, "library/app"}, Tag: "latest"}},
	{registry: DockerHub, in: "org/app", want: Reference{Repository: Repository{DockerHub, "org/app"}, Tag: "latest"}},
	{registry: ghcr, in: "localhost:5000/app", err: `image name "localhost:5000/app": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{registry: ghcr, in: "", err: `image name: must not be empty`},
}

func TestRegistryParseReference(t *testing.T) {
	for _, tt := range registryParseReferenceTests {
		t.Run(tt.registry.Name()+" "+tt.in, func(t *testing.T) {
			got, err := tt.registry.ParseReference(tt.in)
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

var parseNameTests = []struct {
	in                    string
	want                  Repository
	familiar              string
	repository, imageName string
	err                   string
}{
	{in: "debian", want: Repository{DockerHub, "library/debian"}, familiar: "debian", repository: "library", imageName: "debian"},
	{in: "org/team/app", want: Repository{DockerHub, "org/team/app"}, familiar: "org/team/app", repository: "org/team", imageName: "app"},
	{in: "ghcr.io/app", want: Repository{ghcr, "app"}, familiar: "ghcr.io/app", imageName: "app"},
	{in: "localhost:5000/library/app", want: Repository{local, "library/app"}, familiar: "localhost:5000/library/app", repository: "library", imageName: "app"},
	{in: "debian:1", err: `image name "debian:1": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{in: "ghcr.io:x/app", err: `registry "ghcr.io:x": "ghcr.io:x" is not a valid host name, expected https://HOST[:PORT]/v2/`},
}

func TestParseName(t *testing.T) {
	for _, tt := range parseNameTests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseName(tt.in)
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Fatalf("got %+v, want %+v", got, tt.want)
			}
			if err != nil {
				return
			}
			if got.Familiar() != tt.familiar {
				t.Errorf("familiar: got %s, want %s", got.Familiar(), tt.familiar)
			}
			if repository, imageName := got.Split(); repository != tt.repository || imageName != tt.imageName {
				t.Errorf("splits into %q and %q, want %q and %q", repository, imageName, tt.repository, tt.imageName)
			}
			if again, err := ParseName(got.String()); err != nil || again != got {
				t.Errorf("prints as %s, which is read as %+v, %v", got, again, err)
			}
		})
	}
}
