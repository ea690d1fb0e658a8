package test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hocker/test/faults"
)

// peculiarity is an unusual property of real registries or images: a row of the table.
// To add one, write it into the slice for its subject, in a file beside this one. In
// an argument, HOST is the registry's address and OUT a path in the row's directory.
type peculiarity struct {
	name string
	// content adds the image x:t to the registry; nil adds that of addImage.
	content func(r *faults.Registry)
	// front wraps the registry's handler; nil leaves it as it is. host is its address.
	front func(host string, registry http.Handler) http.Handler
	// login is USER:PASSWORD, written to config.json as docker login does.
	login string
	// prepare writes files into the home directory.
	prepare func(w *workplace, host string) error
	// commands replace those in peculiarCommands, by column. environ is added to
	// their environment.
	commands map[string][]string
	environ  map[string]string
	// refused is hocker's expected error; nil means that it succeeds.
	refused *refusal
}

// peculiarColumns are the tools, in the order of the table. hocker must work; the
// others are for comparison and run only with -v.
var peculiarColumns = []string{"hocker", "skopeo", "crane"}

var peculiarCommands = map[string][]string{
	"hocker": {"hocker", "image", "--quiet", "HOST/x:t", "--out", "OUT"},
	"skopeo": {"skopeo", "copy", "--quiet", "--src-tls-verify=false", "docker://HOST/x:t", "oci:OUT:t"},
	"crane":  {"crane", "pull", "HOST/x:t", "OUT"},
}

// TestPeculiar checks that hocker reads what skopeo, containerd or Docker read, from
// registries and images that differ from the specifications' examples. With -v it shows
// the table, with the results of skopeo and crane if they are installed.
func TestPeculiar(t *testing.T) {
	t.Parallel()
	var all []peculiarity
	var rows []string
	for _, subject := range [][]peculiarity{protocolPeculiarities, imagePeculiarities} {
		for _, p := range subject {
			all, rows = append(all, p), append(rows, p.name)
		}
	}
	if testing.Verbose() {
		buildCrane(t)
	}
	result := newTable("peculiarity", rows, peculiarColumns)
	t.Run("all", func(t *testing.T) { // returns after its parallel subtests
		for i, p := range all {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				p.row(t, fmt.Sprintf("peculiar-%d", i), result)
			})
		}
	})
	t.Logf("\n%s", result)
}

// row serves a peculiarity and runs the tools on it.
func (p peculiarity) row(t *testing.T, name string, result *table) {
	w := newWorkplace(t, name)
	for variable, value := range p.environ {
		w.setenv(variable, value)
	}
	registry := faults.New()
	t.Cleanup(registry.Close)
	if p.content == nil {
		p.content = func(r *faults.Registry) { addImage(r, "t") }
	}
	p.content(registry)
	server := httptest.NewUnstartedServer(nil)
	host := server.Listener.Addr().String()
	server.Config.Handler = registry
	if p.front != nil {
		server.Config.Handler = p.front(host, registry)
	}
	server.Start()
	t.Cleanup(server.Close)
	if p.login != "" {
		if err := writeLogin(w, host, p.login); err != nil {
			t.Fatal(err)
		}
	}
	if p.prepare != nil {
		if err := p.prepare(w, host); err != nil {
			t.Fatal(err)
		}
	}
	for _, column := range peculiarColumns {
		if column == "hocker" || testing.Verbose() {
			result.note(p.name, column, p.cell(t, w, column, host))
		}
	}
}

// cell runs a tool and returns its result.
func (p peculiarity) cell(t *testing.T, w *workplace, column, host string) string {
	command, ok := p.commands[column]
	if !ok {
		command = peculiarCommands[column]
	}
	if column == "crane" {
		command = append([]string{cranePath()}, command[1:]...)
	}
	if _, err := exec.LookPath(command[0]); err != nil && column != "hocker" {
		return "not here"
	}
	words := make([]string, len(command))
	for i, word := range command {
		word = strings.ReplaceAll(word, "HOST", host)
		words[i] = strings.ReplaceAll(word, "OUT", filepath.Join(w.dir, column))
	}
	o, err := w.run(words[0], words[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	if column != "hocker" {
		if o.code != 0 {
			t.Logf("%s: exit code %d\n%s", o.command, o.code, o.stderr)
			return "fails"
		}
		return "works"
	}
	if p.refused != nil {
		if matched, err := regexp.Match(p.refused.message, o.stderr); err != nil || !matched || o.code != p.refused.code {
			t.Errorf("%s: exit code %d, want %d and %q\n%s", o.command, o.code, p.refused.code, p.refused.message, o.stderr)
			return "FAIL"
		}
		return "refused"
	}
	if o.code != 0 {
		t.Errorf("%s: exit code %d\n%s", o.command, o.code, o.stderr)
		return "FAIL"
	}
	return "works"
}

// writeLogin writes a login as docker login does.
func writeLogin(w *workplace, host, login string) error {
	config := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, base64Text(login))
	return writeDockerConfig(w, config)
}

// writeDockerConfig writes a config.json where all tools look for it.
func writeDockerConfig(w *workplace, config string) error {
	dir := filepath.Join(w.dir, "home/.docker")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600)
}

// cranePath is the path of the crane that buildCrane builds.
func cranePath() string { return filepath.Join(filepath.Dir(shared.hocker), "crane") }

// buildCrane builds the version of crane that the benchmarks pin, if its source is
// available.
func buildCrane(t *testing.T) {
	build := exec.Command("go", "build", "-o", cranePath(), "github.com/google/go-containerregistry/cmd/crane")
	build.Dir = filepath.Join(shared.root, "bench")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Logf("no crane to compare with: %v\n%s", err, output)
	}
}
