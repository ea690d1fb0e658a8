package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"hocker/test/faults"
	"hocker/test/servers"
)

// endTest is the environment that the commands of TestEnds share.
type endTest struct {
	t       *testing.T
	home    *workplace
	files   string         // $F
	healthy *faults.Server // $R
	silent  *faults.Server // accepts requests and never answers
	engines engines
	pipe    string // a named pipe without data, in place of an image.json
	endless string // a layer of 64 GiB
	runs    *int
}

// newEndTest starts the servers and writes the files.
func newEndTest(t *testing.T) *endTest {
	e := &endTest{t: t, home: newWorkplace(t, "ends"), runs: new(int)}
	e.files = filepath.Join(e.home.dir, "files")
	e.pipe, e.endless = filepath.Join(e.files, "pipe", "image.json"), filepath.Join(e.files, "endless")
	registry, private, silent := faults.New(), faults.New(), faults.New()
	private.Auth = &faults.Auth{}
	silent.Add("hang path=/")
	image, err := addFaultyImage(registry, 1<<20)
	_, privateErr := addFaultyImage(private, 1<<10)
	if err := errors.Join(err, privateErr, e.writeFiles(image), e.keepSignature(image.digest)); err != nil {
		t.Fatal(err)
	}
	e.healthy, e.silent = serve(t, registry), serve(t, silent)
	for name, value := range map[string]string{
		"F": e.files, "R": e.healthy.Host(), "P": serve(t, private).Host(), "NIX_STORE_DIR": "/nix/store",
		"LAYER": image.layerDigest.String(), "CONFIG": image.configDigest.String(), "MANIFEST": image.digest.String(),
		"SPEC":    e.spec("layer", "", false),
		"VERIFY":  e.spec("endless", image.layerDigest.String(), true),
		"ENDLESS": e.spec("endless", "", false),
	} {
		e.home.setenv(name, value)
	}
	if err := e.serveEngines(image); err != nil {
		t.Fatal(err)
	}
	prepare := exec.Command("sh", "-c", `set -e; cd "$F"
		hocker lock add --file lock.json "$R/demo/app:1"
		cp lock.json held
		hocker-manifest "$R/demo/app:1" >manifest.json
		out=$F/image builder=hocker spec=$SPEC hocker build image`)
	prepare.Env = e.home.environ
	if output, err := prepare.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return e
}

func serve(t *testing.T, r *faults.Registry) *faults.Server {
	s, err := faults.Serve(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// writeFiles writes what commands read, and the programs that they start.
func (e *endTest) writeFiles(image *faultyImage) error {
	var errs []error
	for name, content := range map[string]string{
		"config":                        string(image.config),
		"layer":                         string(image.layer),
		"password":                      "secret\n",
		"policy.json":                   `{"default":[{"type":"insecureAcceptAnything"}]}`,
		"endless":                       "",
		"hangs/config.json":             `{"credsStore":"hangs"}`,
		"hangs/docker-credential-hangs": "#!/bin/sh\necho the helper has begun >&2\nsleep 1000\n",
		"hangs/nix-store":               "#!/bin/sh\n>begun\nsleep 1000\n",
		"hangs/mkfs.erofs":              "#!/bin/sh\n>begun\nsleep 1000\n",
		"present/mkfs.erofs":            "#!/bin/sh\nwhile test $# -gt 1; do shift; done\nexec cat >\"$1\"\n",
		"none":                          "",
		"present/nix-store":             "#!/bin/sh\n",
		"missing/nix-store":             "#!/bin/sh\nfor path; do case $path in /*) echo $path ;; esac done\n",
		"pipe/.keep":                    "",
		"held/.keep":                    "",
	} {
		path := filepath.Join(e.files, name)
		errs = append(errs, os.MkdirAll(filepath.Dir(path), 0o755), servers.WriteProgram(path, []byte(content)))
	}
	errs = append(errs, os.Truncate(e.endless, 64<<30), syscall.Mkfifo(e.pipe, 0o600))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	// Until the end of the test, the pipe has a writer and the folder held is locked.
	writer, err := os.OpenFile(e.pipe, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	e.t.Cleanup(func() { writer.Close() })
	held, err := os.Open(filepath.Join(e.files, "held"))
	if err != nil {
		return err
	}
	e.t.Cleanup(func() { held.Close() })
	return syscall.Flock(int(held.Fd()), syscall.LOCK_EX)
}

// spec returns a builder's input, as fetchdocker passes it.
func (e *endTest) spec(layer, digest string, verify bool) string {
	file := map[string]string{"path": filepath.Join(e.files, layer)}
	if digest != "" {
		file["digest"] = digest
	}
	spec, err := json.Marshal(map[string]any{
		"reference": "demo/app:1",
		"config":    map[string]string{"path": filepath.Join(e.files, "config")},
		"layers":    []any{file},
		"verify":    verify,
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return string(spec)
}

// engines are two engines: one has the image, the other never answers.
type engines struct{ requests *atomic.Int64 } // to the engine that never answers

func (e engines) asked() bool { return e.requests.Load() > 0 }

func (e *endTest) serveEngines(image *faultyImage) error {
	e.engines.requests = new(atomic.Int64)
	for name, handler := range map[string]http.HandlerFunc{
		"engine": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"Id":%q}`, image.configDigest) },
		"silent": func(_ http.ResponseWriter, r *http.Request) {
			e.engines.requests.Add(1)
			<-r.Context().Done()
		},
	} {
		listener, err := net.Listen("unix", filepath.Join(e.files, name))
		if err != nil {
			return err
		}
		server := &http.Server{Handler: handler}
		go server.Serve(listener)
		e.t.Cleanup(func() { server.Close() })
	}
	return nil
}

// in is the same test in a subtest.
func (e *endTest) in(t *testing.T) *endTest {
	sub := *e
	sub.t = t
	return &sub
}

// command prepares a run of a command, in an empty folder.
func (e *endTest) command(c endCommand, hang bool) *endRun {
	e.silent.Forget()
	e.engines.requests.Store(0)
	*e.runs++
	r := &endRun{endTest: e, line: c.run, dir: filepath.Join(e.home.dir, fmt.Sprint(*e.runs)), ended: make(chan struct{})}
	registry := e.healthy
	if hang {
		registry = e.silent
		if c.hang != "" {
			r.line = c.hang
		}
	}
	var err error
	if r.stderr, err = newSaid(); err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { r.stderr.Close() })
	for _, dir := range []string{"out", "tmp"} {
		if err := os.MkdirAll(filepath.Join(r.dir, dir), 0o755); err != nil {
			e.t.Fatal(err)
		}
	}
	r.cmd = exec.Command("sh", "-c")
	r.cmd.Env = append(e.home.environ, "S="+registry.Host(), "TMPDIR="+filepath.Join(r.dir, "tmp"))
	return r
}
