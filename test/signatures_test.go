package test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"hocker/test/images"
	"hocker/test/servers"
)

// signatureColumns are the versions of cosign, by the suite of Debian that has them, and
// the registries.
var signatureColumns = []struct {
	suite     string
	referrers bool // the registry has the OCI's API for referrers
}{{"trixie", false}, {"trixie", true}, {"sid", false}, {"sid", true}}

// signatureRow is something that happens to an image before it is verified.
type signatureRow struct {
	name    string
	variant string // of the image; oci-index if empty
	sign    func(c *signatureCell)
	// refused is what the error says if the image must be refused. Two texts are for a
	// signature of cosign 2 and for one of cosign 3.
	refused []string
}

const (
	noSignature = "is not signed: the registry shows no signature"
	otherKey    = "not signed by a given key"
)

var signatureRows = []signatureRow{
	{name: "index", sign: func(c *signatureCell) { c.cosign("ours", c.image.Digest) }},
	{name: "manifest of the platform", sign: func(c *signatureCell) { c.cosign("ours", c.image.Manifest) }},
	{name: "manifest without an index", variant: "oci", sign: func(c *signatureCell) { c.cosign("ours", c.image.Digest) }},
	{name: "Docker manifest list", variant: "list", sign: func(c *signatureCell) { c.cosign("ours", c.image.Digest) }},
	{name: "key on P-384", sign: func(c *signatureCell) { c.key = "p384"; c.cosign("p384", c.image.Digest) }},
	{name: "Ed25519 key", sign: func(c *signatureCell) { c.key = "ed25519"; c.cosign("ed25519", c.image.Digest) }},
	{name: "RSA key", sign: func(c *signatureCell) { c.key = "rsa"; c.cosign("rsa", c.image.Digest) }},
	{name: "two signatures of which the second fits", sign: func(c *signatureCell) {
		c.cosign("other", c.image.Digest)
		c.cosign("ours", c.image.Digest)
	}},
	{name: "signature copied with the image", sign: func(c *signatureCell) { c.copied(c.image.Digest, unchanged) }},

	{name: "no signature", sign: func(*signatureCell) {}, refused: []string{noSignature}},
	{name: "other key", sign: func(c *signatureCell) { c.cosign("other", c.image.Digest) }, refused: []string{otherKey}},
	{name: "signature of another image", sign: func(c *signatureCell) {
		c.copied(c.image.Digest, unchanged, c.image.Manifest)
	}, refused: []string{"a signature of another image"}},
	{name: "an attestation, but no signature", sign: (*signatureCell).attest, refused: []string{noSignature, "a statement about something else"}},
	{name: "signature cut", sign: func(c *signatureCell) {
		c.copied(c.image.Digest, func(s *cosigned) { s.setSignature(s.signature()[:80]) })
	}, refused: []string{otherKey}},
	{name: "base64 without padding", sign: func(c *signatureCell) {
		c.copied(c.image.Digest, func(s *cosigned) {
			raw, _ := base64.StdEncoding.DecodeString(s.signature())
			s.setSignature(base64.RawStdEncoding.EncodeToString(append(raw, make([]byte, 4-len(raw)%3)...)))
		})
	}, refused: []string{"illegal base64 data"}},
	{name: "payload of another type", sign: func(c *signatureCell) {
		c.copied(c.image.Digest, func(s *cosigned) {
			s.replace("cosign container image signature", "atomic container signature")
			s.replace("application/vnd.in-toto+json", "application/json")
		})
	}, refused: []string{otherKey}},
	{name: "bundle or layer of an unknown type", sign: func(c *signatureCell) {
		c.copied(c.image.Digest, func(s *cosigned) {
			if s.isBundle() {
				s.replace("bundle.v0.3+json", "bundle.v0.9+json")
			} else {
				s.MediaType = "application/vnd.dev.cosign.other.v1+json"
			}
		})
	}, refused: []string{noSignature, `a bundle of type "application/vnd.dev.sigstore.bundle.v0.9\+json"`}},
	{name: "key twice", sign: func(c *signatureCell) {
		c.copied(c.image.Digest, func(s *cosigned) {
			s.replace(`{"mediaType"`, `{"dsseEnvelope":{},"mediaType"`)
			s.replace(`{"critical"`, `{"critical":{},"critical"`)
		})
	}, refused: []string{otherKey, `duplicate key "dsseEnvelope"`}},
	{name: "registry that hides signatures", sign: func(c *signatureCell) {
		c.cosign("ours", c.image.Digest)
		c.hide()
	}, refused: []string{noSignature}},

	{name: "policy", sign: func(c *signatureCell) {
		c.policy = "default"
		c.cosign("ours", c.image.Digest)
	}, refused: []string{"a signature of 127.0.0.1:[0-9]+/[a-z0-9/-]+, not of", ""}},
	{name: "policy with matchRepository", sign: func(c *signatureCell) {
		c.policy = "matchRepository"
		c.cosign("ours", c.image.Digest)
	}, refused: []string{"", "a bundle, which states no reference"}},
}

// TestSignatures signs images with cosign and verifies them with hocker. With -v it prints
// the table.
func TestSignatures(t *testing.T) {
	t.Parallel()
	servers.Require(t, "docker-registry", "skopeo", "busybox", "root", "unshare", "mount")
	s := &signaturesTest{work: newWorkplace(t, "signatures"), cosign: map[string]string{}}
	var columns []string
	for _, c := range signatureColumns {
		columns = append(columns, s.start(t, c.suite, c.referrers))
	}
	s.makeKeys(t)
	var rows []string
	for _, r := range signatureRows {
		rows = append(rows, r.name)
	}
	result := newTable("signature", rows, columns)
	t.Run("all", func(t *testing.T) { // returns after its parallel subtests
		for n, r := range signatureRows {
			for m, column := range columns {
				t.Run(r.name+"/"+column, func(t *testing.T) {
					t.Parallel()
					c := &signatureCell{signaturesTest: s, t: t, key: "ours", cosignOf: s.cosign[signatureColumns[m].suite],
						registry: s.registries[signatureColumns[m].referrers], repo: fmt.Sprintf("demo/r%d-c%d", n, m)}
					result.note(r.name, column, c.run(r, signatureColumns[m].suite))
				})
			}
		}
	})
	t.Logf("\n%s\nPASS: signed: `hocker verify` and `hocker lock add` accept the image, and both say which key vouches.\n"+
		"refused: exit code 7 of both, and no lock file is written.", result)
}

// signaturesTest is what the cells share.
type signaturesTest struct {
	work       *workplace
	cosign     map[string]string          // by suite
	registries map[bool]*servers.Registry // by whether they have the API for referrers
}

// start finds cosign and starts a registry. It returns the name of the column.
func (s *signaturesTest) start(t *testing.T, suite string, referrers bool) string {
	t.Helper()
	programs, err := servers.FindPrograms(suite, "cosign")
	if err != nil {
		servers.Lacks(t, err)
	}
	if s.cosign[suite], err = programs.LookPath("cosign"); err != nil {
		t.Fatal(err)
	}
	version, err := programs.Version("cosign")
	if err != nil {
		t.Fatal(err)
	}
	name := "cosign " + version + ", docker-registry"
	var options servers.RegistryOptions
	if referrers {
		name = "cosign " + version + ", referrers"
		options.Program = buildReferrers(t)
	}
	if s.registries == nil {
		s.registries = map[bool]*servers.Registry{}
	}
	if s.registries[referrers] != nil {
		return name
	}
	registry, err := servers.StartRegistry(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := registry.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.registries[referrers] = registry
	return name
}

// buildReferrers builds the registry with the API for referrers, if its source is
// available.
func buildReferrers(t *testing.T) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(shared.hocker), "referrers")
	build := exec.Command("go", "build", "-o", path, "./referrers")
	build.Dir = filepath.Join(shared.root, "bench")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		servers.Lacks(t, fmt.Errorf("no registry with referrers: %w\n%s", err, output))
	}
	return path
}

// makeKeys makes the key pairs: two by cosign, and those that it imports.
func (s *signaturesTest) makeKeys(t *testing.T) {
	t.Helper()
	s.work.setenv("COSIGN_PASSWORD", "")
	run := func(program string, args ...string) {
		t.Helper()
		if _, err := s.work.output(program, args...); err != nil {
			t.Fatal(err)
		}
	}
	cosign := s.cosign["sid"]
	for _, name := range []string{"ours", "other"} {
		run(cosign, "generate-key-pair", "--output-key-prefix", name)
	}
	servers.Require(t, "openssl")
	run("openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", "p384.pem")
	run("openssl", "genpkey", "-algorithm", "ed25519", "-out", "ed25519.pem")
	run("openssl", "genrsa", "-out", "rsa.pem", "2048")
	for _, name := range []string{"p384", "ed25519", "rsa"} {
		run(cosign, "import-key-pair", "--key", name+".pem", "--output-key-prefix", name, "--yes")
	}
	for name, identity := range map[string]string{"default": "", "matchRepository": `,"signedIdentity":{"type":"matchRepository"}`} {
		policy := fmt.Sprintf(`{"default":[{"type":"reject"}],"transports":{"docker":{"127.0.0.1":[{"type":"reject"}],"":[{"type":"sigstoreSigned","keyPath":%q%s}]}}}`,
			filepath.Join(s.work.dir, "ours.pub"), identity)
		if err := os.WriteFile(filepath.Join(s.work.dir, name+".json"), []byte(policy), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// signatureCell is one image in one registry, with one version of cosign.
type signatureCell struct {
	*signaturesTest
	t        *testing.T
	cosignOf string // the program
	registry *servers.Registry
	host     string // that hocker asks
	repo     string
	image    *images.Image
	key      string // of ours to verify with
	policy   string // to verify with instead, or empty
}

// run makes an image, and verifies it. It returns the text of the cell.
func (c *signatureCell) run(r signatureRow, suite string) string {
	variant := r.variant
	if variant == "" {
		variant = "oci-index"
	}
	c.host = c.registry.Addr()
	c.image = c.push(c.repo, variant)
	r.sign(c)
	want := ""
	if len(r.refused) > 0 {
		want = r.refused[0]
		if suite == "sid" {
			want = r.refused[len(r.refused)-1]
		}
	}
	trust := "--policy=" + c.policy + ".json"
	verifyTrust := trust
	if c.policy == "" {
		trust, verifyTrust = "--verify-key="+c.key+".pub", "--key="+c.key+".pub"
	}
	name := c.host + "/" + c.repo + ":1"
	file := strings.ReplaceAll(c.repo, "/", "-") + ".lock.json"
	if want == "" {
		c.accepted(name, file, trust, verifyTrust)
		return "signed"
	}
	for _, command := range [][]string{{"verify", verifyTrust, name}, {"lock", "add", "--file", file, trust, name}} {
		o, err := c.work.run("hocker", command...)
		if err != nil {
			c.t.Fatal(err)
		}
		if o.code != 7 || len(o.stdout) > 0 || !regexp.MustCompile(want).Match(o.stderr) {
			c.t.Errorf("%s: exit code %d, want 7 and %q\n%s%s", o.command, o.code, want, o.stdout, o.stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(c.work.dir, file)); err == nil {
		c.t.Errorf("%s is written", file)
	}
	return "refused"
}

// accepted checks that hocker says which key vouches for the image.
func (c *signatureCell) accepted(name, file, trust, verifyTrust string) {
	c.t.Helper()
	verified, err := c.work.output("hocker", "verify", verifyTrust, name)
	if err != nil {
		c.t.Fatal(err)
	}
	by := regexp.MustCompile(`signed by (sha256:[0-9a-f]{64}) \(.*` + c.key + `\.pub\): ` + c.image.Manifest.String()).FindSubmatch(verified)
	if by == nil {
		c.t.Fatalf("hocker verify says %s", verified)
	}
	if _, err := c.work.output("hocker", "lock", "add", "--file", file, trust, name); err != nil {
		c.t.Fatal(err)
	}
	locked, err := os.ReadFile(filepath.Join(c.work.dir, file))
	if err != nil || !strings.Contains(string(locked), `"signedBy": "`+string(by[1])+`"`) {
		c.t.Errorf("locked, %v:\n%s", err, locked)
	}
}

func (c *signatureCell) push(repo, variant string) *images.Image {
	c.t.Helper()
	image, err := shared.images.Push(images.Spec{Variant: variant, Greeting: "signed"}, c.registry, repo+":1")
	if err != nil {
		c.t.Fatal(err)
	}
	return image
}

// cosign signs a digest of the image.
func (c *signatureCell) cosign(key string, d digest.Digest) { c.cosignIn(c.repo, key, d) }

func (c *signatureCell) cosignIn(repo, key string, d digest.Digest) {
	c.t.Helper()
	c.cosigned("sign", c.registry.Addr()+"/"+repo+"@"+d.String(), "--key", key+".key")
}

// attest makes an attestation about the image.
func (c *signatureCell) attest() {
	predicate := strings.ReplaceAll(c.repo, "/", "-") + ".json"
	if err := os.WriteFile(filepath.Join(c.work.dir, predicate), []byte(`{"a":1}`), 0o644); err != nil {
		c.t.Fatal(err)
	}
	c.cosigned("attest", c.registry.Addr()+"/"+c.repo+"@"+c.image.Digest.String(), "--key", "ours.key", "--predicate", predicate, "--type", "custom")
}

func (c *signatureCell) cosigned(command string, args ...string) {
	c.t.Helper()
	args = append([]string{command, "--yes", "--allow-http-registry", "--tlog-upload=false"}, args...)
	if c.cosignOf == c.signaturesTest.cosign["sid"] {
		args = append(args, "--use-signing-config=false")
	}
	if _, err := c.work.output(c.cosignOf, args...); err != nil {
		c.t.Fatal(err)
	}
}

// copied signs the image in another repository, and attaches that signature, changed, to
// the image here: to d. of is what is signed, d if there is none.
func (c *signatureCell) copied(d digest.Digest, change func(*cosigned), of ...digest.Digest) {
	c.t.Helper()
	from := c.repo + "-signed"
	c.push(from, "oci-index")
	signed := append(of, d)[0]
	c.cosignIn(from, "ours", signed)
	s := c.read(from, signed)
	change(&s)
	c.attach(s, d)
}

func unchanged(*cosigned) {}

// hide makes hocker ask for the image through a proxy that knows no signatures.
func (c *signatureCell) hide() {
	target := &url.URL{Scheme: "http", Host: c.registry.Addr()}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/referrers/") || strings.Contains(r.URL.Path, "/manifests/sha256-") {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	c.t.Cleanup(server.Close)
	c.host = server.Listener.Addr().String()
}

// cosigned is a signature as cosign wrote it: a layer and its content.
type cosigned struct {
	MediaType   string            `json:"mediaType"`
	Digest      digest.Digest     `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`

	data []byte
}

const signatureAnnotation = "dev.cosignproject.cosign/signature"

func (s *cosigned) isBundle() bool { return strings.Contains(s.MediaType, "bundle") }

// replace changes the content.
func (s *cosigned) replace(old, new string) {
	s.data = []byte(strings.ReplaceAll(string(s.data), old, new))
}

// signature returns the signature in base64.
func (s *cosigned) signature() string {
	if s.isBundle() {
		return regexp.MustCompile(`"sig":"([^"]*)"`).FindStringSubmatch(string(s.data))[1]
	}
	return s.Annotations[signatureAnnotation]
}

func (s *cosigned) setSignature(signature string) {
	if s.isBundle() {
		s.replace(s.signature(), signature)
		return
	}
	s.Annotations[signatureAnnotation] = signature
}
