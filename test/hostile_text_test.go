package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"hocker/test/faults"
	"hocker/test/servers"
)

// hostile is text that a terminal obeys, that begins a line of its own, and that is read
// in another order than it is written. hostileBytes is not UTF-8 either.
const (
	hostile      = "\x1b[2J\r\nforged  row\t\u202e\u2028forged\u2029\u0085\u200b\u009b31m\x7f"
	hostileBytes = hostile + "\xff\x9b"
)

// hostileRow is a command that prints text from outside: a row of TestHostileText. It is
// a shell command in a folder with what prepareHostile makes. $R is the registry; $TEXT is
// hostileBytes.
type hostileRow struct {
	name, run string
	code      int
}

const hostileBuilder = `out=$PWD/out registry=http://$R/v2/ repository= imageName=denied tag="$TEXT" ` +
	`outputHash=sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= outputHashAlgo=sha256 outputHashMode=flat NIX_LOG_FD=2 `

var hostileRows = []hostileRow{
	{"registry's message: manifest", `hocker-manifest $R/denied:t`, 3},
	{"registry's message: config", `hocker-config $R/denied:t`, 3},
	{"registry's message: layer", `hocker-layer -l 0 $R/denied:t`, 3},
	{"registry's message: image", `hocker-image $R/denied:t`, 3},
	{"registry's message: docker2nix", `docker2nix $R/denied:t`, 3},
	{"registry's message: lock add", `hocker lock add --file new.json $R/denied:t`, 3},
	{"registry's message: lock add, two images", `hocker lock add --file new.json $R/denied:t b=$R/denied:u`, 3},
	{"registry's message: lock update", `hocker lock update --file denied.json`, 3},
	{"registry's message: lock check", `hocker lock check --file denied.json`, 3},
	{"registry's message: prefetch", `PATH=$PWD/empty:$PATH hocker prefetch denied.json`, 3},
	{"registry's message: builder", hostileBuilder + `hocker fetch layer`, 3},
	{"mirror's message", `hocker-manifest --mirror $R=$M --digest $R/x:t`, 0},
	{"redirect", `hocker-layer --verbose -l 0 -o layer $R/moved:t`, 4},
	{"index: platforms", `hocker-manifest --list-platforms $R/x:index`, 0},
	{"index: platforms, JSON", `hocker-manifest --list-platforms --json $R/x:index`, 0},
	{"index: no such platform", `hocker-manifest --platform linux/mips $R/x:index`, 1},
	{"registry's message: inspect", `hocker inspect $R/denied:t`, 3},
	{"registry's message: diff", `hocker diff $R/x:t $R/denied:t`, 3},
	{"config: inspect", `hocker inspect $R/x:rich`, 0},
	{"config: inspect, JSON", `hocker inspect --json $R/x:rich`, 0},
	{"config: inspect PATH", `hocker inspect ./rich`, 0},
	{"config: diff", `hocker diff $R/x:t $R/x:rich`, 0},
	{"config: diff, JSON", `hocker diff --json $R/x:rich $R/x:t`, 0},
	{"index: inspect", `hocker inspect $R/x:index`, 0},
	{"manifest: media type", `hocker-manifest --max-time 1s $R/x:type`, 6}, // a malformed header is retried
	{"manifest: error message", `docker2nix --manifest errors.json $R/x:t`, 1},
	{"manifest: layer's media type", `hocker lock add --file new.json $R/x:layer`, 1},
	{"config: platform", `hocker-image --platform linux/amd64 $R/x:config`, 1},
	{"config: platform, build", `out=$PWD/out builder=hocker spec=$(cat spec.json) hocker build image`, 1},
	{"registry's message: tags", `hocker tags $R/denied`, 3},
	{"registry's message: verify", `hocker verify --key cosign.pub $R/denied:t`, 3},
	{"registry's message: lock outdated", `hocker lock outdated --file denied.json`, 3},
	{"tags", `hocker tags $R/listed`, 1},
	{"tags, JSON", `hocker tags --json $R/listed`, 1},
	{"file name: key", `hocker verify --key "$TEXT" $R/x:t`, 2},
	{"file name: source", `hocker lock add --file new.json --from "$TEXT"`, 2},
	{"source: name of an image", `hocker lock add --file new.json --from source.yaml`, 2},
	{"source: file that it includes", `hocker lock add --file new.json --from include.yaml`, 2},
	{"source: project that it includes", `hocker lock add --file new.json --from remote.yaml`, 2},
	{"source: variable", `hocker lock add --file new.json --from variable/compose.yaml`, 2},
	{"lock file: source", `hocker lock list --file source.json`, 2},
	{"lock file: follow", `hocker lock list --file follow.json`, 2},
	{"lock file: key", `hocker lock list --file key.json`, 2},
	{"lock file: name of an image", `hocker load lock.json "$TEXT"`, 2},
	{"file name", `hocker load "$TEXT"`, 2},
	{"file name: lock file", `hocker lock list --file "$TEXT"`, 2},
	{"file name: --continue", `hocker-layer -l 0 -o layer --continue "$TEXT/x" $R/x:t`, 2},
	{"archive: file name", `hocker load archive`, 1},
	{"layout: name of an image", `DOCKER_HOST=unix://$PWD/engine hocker load layout`, 1},
	{"engine's message", `DOCKER_HOST=unix://$PWD/engine hocker load image.tar`, 1},
	{"engine's message, two images", `DOCKER_HOST=unix://$PWD/engine hocker load image.tar other.tar`, 1},
	{"credential helper's message", `DOCKER_CONFIG=$PWD/helper PATH=$PWD/helper:$PATH hocker-manifest --digest $R/x:t`, 0},
	{"Nix's message", `PATH=$PWD/broken-nix:$PATH hocker prefetch x.nix`, 2},
	{"mkfs.erofs's message", `out=$PWD/out builder=hocker layer=hello.tar.gz compression=zstd mkfs=$PWD/broken-nix/mkfs.erofs hocker build erofs-layer`, 1},
}

// TestHostileText checks that text from outside cannot control a terminal or forge a line,
// whatever prints it.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w := newWorkplace(t, "hostile")
	prepareHostile(t, w)
	for _, row := range hostileRows {
		t.Run(row.name, func(t *testing.T) {
			o, err := w.run("sh", "-c", row.run)
			if err != nil {
				t.Fatal(err)
			}
			if o.code != row.code {
				t.Errorf("exit code %d, want %d\n%q\n%q", o.code, row.code, o.stdout, o.stderr)
			}
			for _, output := range []string{string(o.stdout), string(o.stderr)} {
				checkPrintable(t, output)
			}
			if !strings.Contains(string(o.stdout)+string(o.stderr), "forged") {
				t.Errorf("the text is not printed, so the row tests nothing:\n%q\n%q", o.stdout, o.stderr)
			}
		})
	}
	t.Run("JSON has the text", func(t *testing.T) {
		data, err := w.output("sh", "-c", `hocker-manifest --list-platforms --json $R/x:index`)
		if err != nil {
			t.Fatal(err)
		}
		var rows []struct{ Platform string }
		if err := json.Unmarshal(data, &rows); err != nil || rows[0].Platform != "linux/"+hostile {
			t.Errorf("%v: %q", err, rows)
		}
	})
}

// checkPrintable checks that output consists of lines that a terminal only shows, none of
// which begins with the text from outside.
func checkPrintable(t *testing.T, output string) {
	t.Helper()
	for line := range strings.Lines(output) {
		text := strings.TrimSuffix(line, "\n")
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("a terminal does more than show the line %q", text)
		}
		if strings.HasPrefix(strings.TrimSpace(text), "forged") {
			t.Errorf("forged line: %q", text)
		}
	}
}

// prepareHostile starts the servers of TestHostileText and writes its files.
func prepareHostile(t *testing.T, w *workplace) {
	registry := hostileRegistry(t)
	serve := func(handler http.Handler) string {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	host := serve(registry)
	mirror := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { denyHostile(w) }))
	w.setenv("R", host)
	w.setenv("M", "http://"+mirror)
	w.setenv("TEXT", hostileBytes)
	listener, err := net.Listen("unix", filepath.Join(w.dir, "engine"))
	if err != nil {
		t.Fatal(err)
	}
	engine := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(hostileEngine)}}
	engine.Start()
	t.Cleanup(engine.Close)
	if _, err := w.output("sh", "-c", `set -e
		hocker lock add -q --file lock.json app=$R/x:t
		sed 's/"imageName": "x"/"imageName": "denied"/' lock.json >denied.json
		sed 's/"version": 1/"version": 4/; s/"imageName"/"follow": "\\u001b[2J\\nforged", "imageName"/' lock.json >follow.json
		hocker image -q --out image.tar $R/x:t
		hocker image -q --out other.tar $R/x:other
		hocker image -q --out layout --format oci-layout $R/x:config
		hocker image -q --out rich --format oci-layout --compressed $R/x:rich
		hocker layer -q --out hello.tar.gz -l 0 $R/x:t
		hocker config $R/x:config >config.json
		printf '{"config":{"path":"%s","digest":"sha256:%s"},"layers":[],"platform":"linux/amd64"}' \
			$PWD/config.json $(sha256sum <config.json | cut -c-64) >spec.json`); err != nil {
		t.Fatal(err)
	}
	const program = "#!/bin/sh\nprintf 'error: %s' \"$TEXT\" >&2\nexit 1\n"
	sources := jsonObject{"version": 4, "images": jsonObject{}, "sources": jsonObject{hostile: jsonObject{"kind": hostile}}}
	for name, content := range map[string]string{
		"cosign.pub":                       publicKey(t),
		"source.yaml":                      "services: {a: {image: " + strconv.QuoteToASCII(hostile) + "}}\n",
		"source.json":                      string(jsonText(sources)),
		"include.yaml":                     "include: [" + strconv.QuoteToASCII(hostile) + "]\n",
		"remote.yaml":                      "include: [" + strconv.QuoteToASCII("https://"+hostile) + "]\n",
		"variable/compose.yaml":            "services: {a: {image: a}}\n",
		"variable/.env":                    "\x1b[2Jforged=\"\n",
		"errors.json":                      string(jsonText(hostileErrors)),
		"x.nix":                            "{ }: { }",
		"key.json":                         string(jsonText(jsonObject{"version": 1, "images": jsonObject{}, hostile: 1})),
		"archive/manifest.json":            string(jsonText([]jsonObject{{"Config": hostile, "Layers": []string{}}})),
		"helper/config.json":               string(jsonText(jsonObject{"credHelpers": jsonObject{host: "hostile"}})),
		"helper/docker-credential-hostile": "#!/bin/sh\nprintf %s \"$TEXT\"\nexit 1\n",
		"broken-nix/nix-instantiate":       program,
		"broken-nix/mkfs.erofs":            program,
		"empty/nix-store":                  "#!/bin/sh\nfor path; do case $path in /*) echo $path ;; esac done\n",
	} {
		path := filepath.Join(w.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := servers.WriteProgram(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
}

// hostileRegistry is a registry whose documents, redirects and errors have hostile text.
func hostileRegistry(t *testing.T) http.Handler {
	r := faults.New()
	t.Cleanup(r.Close)
	addImage(r, "t")
	addImage(r, "other", func(_, c jsonObject) { c["author"] = "other" })
	addImage(r, "type", func(m, _ jsonObject) { m["mediaType"] = hostile })
	addImage(r, "layer", func(m, _ jsonObject) { m["layers"].([]jsonObject)[0]["mediaType"] = "x.tar" + hostile })
	config := addImage(r, "config", func(m, c jsonObject) {
		m["layers"] = []jsonObject{}
		withoutDiffIDs(c)
		c["os"] = hostile
	})
	addImage(r, "rich", func(m, c jsonObject) {
		m["annotations"] = jsonObject{hostile: hostile, "forged": "forged"}
		m["layers"].([]jsonObject)[0]["mediaType"] = "x.tar" + hostile
		for _, name := range []string{"created", "author", "os", "variant"} {
			c[name] = hostile
		}
		words := []string{hostile, "forged"}
		c["config"] = jsonObject{
			"User": hostile, "WorkingDir": hostile, "StopSignal": hostile, "Entrypoint": words, "Cmd": words, "Env": words,
			"Healthcheck": jsonObject{"Test": words}, "Labels": jsonObject{hostile: hostile, "forged": "forged"},
			"ExposedPorts": jsonObject{hostile: jsonObject{}, "forged": jsonObject{}}, "Volumes": jsonObject{hostile: jsonObject{}, "forged": jsonObject{}},
		}
		c["history"] = []jsonObject{{"created": hostile, "created_by": hostile, "comment": hostile}, {"created_by": "forged", "empty_layer": true}}
	})
	other := entry(config, "linux/x")
	other["platform"] = jsonObject{"os": "linux", "architecture": hostile}
	addIndex(r, "index", other, entry(config, "linux/amd64"))
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch path := req.URL.Path; {
		case strings.HasPrefix(path, "/v2/denied/"):
			denyHostile(w)
		case path == "/v2/listed/tags/list":
			w.Header().Set("Content-Type", "application/json")
			w.Write(jsonText(jsonObject{"name": hostile, "tags": []string{hostile, "1", "1.0" + hostile, "forged"}}))
		case strings.HasPrefix(path, "/v2/moved/blobs/"):
			w.Header().Set("Location", "/gone/forged\u202e\u2028?\u202e")
			w.WriteHeader(http.StatusTemporaryRedirect)
		default:
			r.ServeHTTP(w, req)
		}
	})
}

// publicKey returns a key that has signed nothing.
func publicKey(t *testing.T) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// hostileErrors is a registry's error document.
var hostileErrors = jsonObject{"errors": []jsonObject{{"code": hostile, "message": hostile}}}

func denyHostile(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	w.Write(jsonText(hostileErrors))
}

func hostileEngine(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path != "/_ping" {
		w.WriteHeader(http.StatusInternalServerError)
		w.Write(jsonText(jsonObject{"message": hostile}))
	}
}
