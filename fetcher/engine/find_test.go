package engine

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hocker/fetcher/bounded"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

var newTests = []struct {
	host string
	tls  bool
	base string // or empty for an error
	err  string // suffix
}{
	{host: "unix:///var/run/docker.sock", base: "http://engine"},
	{host: "tcp://127.0.0.1:2375", base: "http://127.0.0.1:2375"},
	{host: "tcp://[::1]:2375/", base: "http://[::1]:2375"},
	{host: "tcp://engine", base: "http://engine:2375"},
	{host: "tcp://engine", tls: true, base: "https://engine:2376"},
	{host: "tcp://:4243", base: "http://127.0.0.1:4243"},
	{host: "tcp://engine:2375/behind/a/proxy", base: "http://engine:2375/behind/a/proxy"},
	{host: "tcp://engine:4243", tls: true, base: "https://engine:4243"},
	{host: "http://engine:2375", base: "http://engine:2375"},
	{host: "https://engine", base: "https://engine:2376"},
	{host: "engine:2375", base: "http://engine:2375"},
	{host: "[::1]:2376", tls: true, base: "https://[::1]:2376"},
	{host: "ssh://me@there:22/run/docker.sock", base: "http://engine"},
	{host: "ssh://there", tls: true, base: "http://engine"},

	{host: "", err: `engine: ` + expectedHost},
	{host: "unix://", err: expectedHost},
	{host: "engine", err: `engine "engine": ` + expectedHost},
	{host: "/var/run/docker.sock", err: "expected unix:///var/run/docker.sock for a socket"},
	{host: "unix:///var/run/docker.sock", tls: true, err: "unset DOCKER_TLS_VERIFY and DOCKER_TLS, or use tcp://HOST:2376"},
	{host: "http://engine", tls: true, err: "write tcp:// or https://"},
	{host: "tcp://", err: expectedHost},
	{host: "tcp://me:secret@engine", err: "engine: the address contains a user name, which engines do not support: " + expectedHost},
	{host: "me:secret@engine:1:2", err: "engine: " + expectedHost},
	{host: "tcp://engine?x", err: expectedHost},
	{host: "tcp://a b", err: expectedHost},
	{host: "npipe:////./pipe/docker", err: expectedHost},
	{host: "ssh://me:secret@there", err: "engine: the address contains a password, which ssh does not support: use a key or an agent"},
	{host: "ssh://-oProxyCommand=x", err: "starts with - would be an option of ssh"},
	{host: "ssh:///run/docker.sock", err: "expected ssh://[USER@]HOST[:PORT][/PATH]"},
}

func TestNewClient(t *testing.T) {
	for _, tt := range newTests {
		endpoint := Endpoint{Host: tt.host}
		if tt.tls {
			endpoint.TLS = &tls.Config{}
		}
		c, err := newClient(endpoint)
		var input *reference.InputError
		switch {
		case tt.err == "" && (err != nil || c.base != tt.base || c.host != tt.host):
			t.Errorf("%q: %+v, %v", tt.host, c, err)
		case tt.err != "" && (!errors.As(err, &input) || !strings.HasSuffix(err.Error(), tt.err)):
			t.Errorf("%q: got %v, want %s", tt.host, err, tt.err)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%q: %v", tt.host, err)
		}
	}
}

// environment is a set of variables; $DIR in a value is the folder of its files.
type environment map[string]string

func (e environment) getenv(name string) string { return e[name] }

// newEnvironment returns an environment with the contexts near (a socket), far
// (TLS), open (TCP without TLS) and odd (no Docker endpoint). config.json
// selects current.
func newEnvironment(t *testing.T, current string, variables environment) environment {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, value any) {
		data, ok := value.([]byte)
		if !ok {
			data, _ = json.Marshal(value)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	endpoints := func(kind, host string) any {
		return map[string]any{"Endpoints": map[string]any{kind: map[string]any{"Host": host}}}
	}
	ca, cert, key := newCertificate(t)
	write("config.json", map[string]string{"currentContext": current})
	for name, value := range map[string]any{
		"near": endpoints("docker", "unix:///near.sock"),
		"far":  endpoints("docker", "tcp://far:2376"),
		"open": endpoints("docker", "tcp://open:2375"),
		"odd":  endpoints("kubernetes", "https://odd"),
	} {
		write("contexts/meta/"+digest.FromString(name).Encoded()+"/meta.json", value)
	}
	for _, folder := range []string{"contexts/tls/" + digest.FromString("far").Encoded() + "/docker", "certs"} {
		write(folder+"/ca.pem", ca)
		write(folder+"/cert.pem", cert)
		write(folder+"/key.pem", key)
	}
	e := environment{"DOCKER_CONFIG": dir, "HOME": dir}
	for name, value := range variables {
		e[name] = strings.ReplaceAll(value, "$DIR", dir)
	}
	return e
}

var chooseTests = []struct {
	name      string
	host      string
	current   string
	variables environment
	want      string
	tls       string // "verified", "insecure" or empty
	err       string // suffix
}{
	{name: "nothing"},
	{name: "flag", host: "unix:///a", variables: environment{"DOCKER_HOST": "unix:///b"}, want: "unix:///a"},
	{name: "variable before context", variables: environment{"DOCKER_HOST": "unix:///b", "DOCKER_CONTEXT": "near"}, want: "unix:///b"},
	{name: "context in a variable", current: "open", variables: environment{"DOCKER_CONTEXT": "near"}, want: "unix:///near.sock"},
	{name: "current context", current: "near", want: "unix:///near.sock"},
	{name: "context with TLS", current: "far", want: "tcp://far:2376", tls: "verified"},
	{name: "default context", current: "near", variables: environment{"DOCKER_CONTEXT": "default"}},
	{name: "podman", variables: environment{"CONTAINER_HOST": "unix:///p"}, want: "unix:///p"},
	{name: "podman before the file", current: "near", variables: environment{"CONTAINER_HOST": "unix:///p"}, want: "unix:///p"},
	{name: "context in a variable before podman", variables: environment{"CONTAINER_HOST": "unix:///p", "DOCKER_CONTEXT": "near"}, want: "unix:///near.sock"},
	{name: "docker before podman", variables: environment{"CONTAINER_HOST": "unix:///p", "DOCKER_HOST": "unix:///b"}, want: "unix:///b"},
	{name: "TLS", variables: environment{"DOCKER_HOST": "tcp://a", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "$DIR/certs"},
		want: "tcp://a", tls: "verified"},
	{name: "TLS without verification", variables: environment{"DOCKER_HOST": "tcp://a", "DOCKER_TLS": "1", "DOCKER_CERT_PATH": "$DIR/certs"},
		want: "tcp://a", tls: "insecure"},
	{name: "TLS without a host", variables: environment{"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "$DIR/certs"},
		want: "tcp://localhost:2376", tls: "verified"},

	{name: "TLS without certificates", variables: environment{"DOCKER_HOST": "tcp://a", "DOCKER_TLS_VERIFY": "1"},
		err: "/ca.pem: no such file or directory"},
	{name: "context without the requested TLS", current: "open", variables: environment{"DOCKER_TLS_VERIFY": "1"},
		err: `docker context "open": DOCKER_TLS_VERIFY or DOCKER_TLS requests TLS, but this context does not use it`},
	{name: "no such context", current: "gone", err: "/contexts"},
	{name: "context without a Docker endpoint", current: "odd", err: `docker context "odd": it has no Docker endpoint`},
}

func TestChoose(t *testing.T) {
	for _, tt := range chooseTests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := choose(t.Context(), tt.host, newEnvironment(t, tt.current, tt.variables).getenv)
			if tt.err != "" {
				if err == nil || !strings.HasSuffix(err.Error(), tt.err) {
					t.Errorf("got %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil || got.Host != tt.want {
				t.Errorf("got %q, %v, want %q", got.Host, err, tt.want)
			}
			if how := describe(got.TLS); how != tt.tls {
				t.Errorf("TLS: got %q, want %q", how, tt.tls)
			}
		})
	}
}

func describe(config *tls.Config) string {
	switch {
	case config == nil:
		return ""
	case len(config.Certificates) != 1:
		return "without a certificate of its own"
	case config.InsecureSkipVerify:
		return "insecure"
	case config.RootCAs == nil:
		return "by the system's roots"
	}
	return "verified"
}

func TestConfigFile(t *testing.T) {
	for text, want := range map[string]string{
		"":  "",
		"{": "cannot read the current context: unexpected end of JSON input",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := choose(t.Context(), "", environment{"DOCKER_CONFIG": dir}.getenv)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// docker's configuration may be anything: a device without end, a pipe that nobody writes
// to. So may a client certificate.
func TestConfigWithoutEnd(t *testing.T) {
	dir := t.TempDir()
	zero, pipe := filepath.Join(dir, "zero"), filepath.Join(dir, "pipe")
	for _, folder := range []string{zero, pipe} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"config.json", "ca.pem", "cert.pem", "key.pem"} {
		if err := os.Symlink("/dev/zero", filepath.Join(zero, name)); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(filepath.Join(pipe, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ended, end := context.WithCancelCause(t.Context())
	end(io.ErrUnexpectedEOF)
	for _, variables := range []environment{{}, {"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS": "1"}, {"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1"}} {
		variables["DOCKER_CONFIG"] = zero
		if _, err := choose(t.Context(), "", variables.getenv); !errors.As(err, new(*bounded.TooLargeError)) {
			t.Errorf("%v: %v", variables, err)
		}
		variables["DOCKER_CONFIG"] = pipe
		if _, err := choose(ended, "", variables.getenv); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v: %v", variables, err)
		}
	}
	for _, name := range []string{"config.json", "ca.pem", "cert.pem", "key.pem"} { // lets the reads end
		if f, err := os.OpenFile(filepath.Join(pipe, name), os.O_RDWR, 0); err == nil {
			f.Close()
		}
	}
}

// The answer of an engine may have no end.
func TestAnswerWithoutEnd(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := map[bool]string{true: `[{"Id": "`, false: `{"Id": "`}[r.URL.Path == "/images/json"]
		for _, err := io.WriteString(w, start); err == nil; _, err = w.Write(bytes.Repeat([]byte("a"), 1<<16)) {
		}
	}))
	defer server.Close()
	c := &client{host: "h", base: server.URL, http: server.Client()}
	for name, ask := range map[string]func() error{
		"info":    func() error { _, err := c.info(t.Context()); return err },
		"inspect": func() error { _, err := c.inspect(t.Context(), "app"); return err },
		"list":    func() error { return c.listImages(t.Context(), nil, func(listedImage) {}) },
		"load": func() error {
			return c.call(t.Context(), http.MethodPost, "/images/load", nil, c.readLoad)
		},
	} {
		if err := ask(); !errors.As(err, new(*bounded.TooLargeError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFind(t *testing.T) {
	e := (&fake{}).start(t)
	socket := strings.TrimPrefix(e.(*Docker).client.host, "unix://")
	named := environment{"DOCKER_HOST": e.(*Docker).client.host}
	found, err := Find(t.Context(), "", named.getenv)
	if err != nil || found.(*Docker).client.host != e.(*Docker).client.host {
		t.Errorf("DOCKER_HOST: %+v, %v", found, err)
	}
	nowhere := filepath.Join(t.TempDir(), "sock")
	if found, err = firstOf(t.Context(), []string{nowhere, socket}); err != nil || found.(*Docker).client.host != e.(*Docker).client.host {
		t.Errorf("second socket: %+v, %v", found, err)
	}
	_, err = firstOf(t.Context(), []string{nowhere, nowhere + "2"})
	want := "no container engine is running: no socket at " + nowhere + ", " + nowhere + "2"
	if !errors.Is(err, ErrUnavailable) || err.Error() != want {
		t.Errorf("none: %v", err)
	}
	_, err = Find(t.Context(), "unix://"+nowhere, named.getenv)
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("missing socket: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = firstOf(ctx, []string{socket}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A socket that does not respond is reported rather than the missing ones.
func TestFindSilent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sock")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := firstOf(t.Context(), []string{"/nowhere/sock", file})
	want := "no container engine answers: tried unix://" + file + " (dial unix " + file + ": connect: connection refused)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSockets(t *testing.T) {
	for want, variables := range map[string]environment{
		"/var/run/docker.sock /run/user/7/docker.sock /run/podman/podman.sock /run/user/7/podman/podman.sock": nil,
		"/var/run/docker.sock /run/mine/docker.sock /home/me/.docker/run/docker.sock /home/me/.docker/desktop/docker.sock " +
			"/run/podman/podman.sock /run/mine/podman/podman.sock /tmp/me/podman/podman-machine-default-api.sock " +
			"/home/me/.local/share/containers/podman/machine/podman.sock": {
			"HOME": "/home/me", "XDG_RUNTIME_DIR": "/run/mine", "TMPDIR": "/tmp/me"},
	} {
		if got := strings.Join(sockets(variables.getenv, 7), " "); got != want {
			t.Errorf("%v:\n%s, want\n%s", variables, got, want)
		}
	}
}
