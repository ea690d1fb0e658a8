package test

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"hocker/test/servers"
)

// server is a server that a script has started.
type server interface {
	Addr() string
	Log() string
	Requests() ([]servers.Request, error)
	Forget() error
	Stop() error
}

// halter is a server that can be stopped and started again.
type halter interface {
	Halt()
	Start() error
}

// script is the state of a script: the servers and programs that it has started.
type script struct {
	t       testscript.T
	nix     servers.Nix
	names   []string // of the servers, in the order of their start
	servers map[string]server
	atEnd   []func()

	processes map[string]*background // background programs by name
}

// scriptKey is the key of the script in a TestScript.
type scriptKey struct{}

func scriptOf(ts *testscript.TestScript) *script {
	return ts.Value(scriptKey{}).(*script)
}

// add adds a server under a name and sets its environment variables. The companions of
// a registry become NAME.tokens and NAME.blobs.
func (s *script) add(ts *testscript.TestScript, name string, added server) {
	if _, ok := s.servers[name]; ok {
		ts.Check(added.Stop())
		ts.Fatalf("server %s exists already", name)
	}
	s.names = append(s.names, name)
	s.servers[name] = added
	variable := strings.ReplaceAll(strings.ToUpper(name), ".", "_")
	ts.Setenv(variable, added.Addr())
	_, port, _ := strings.Cut(added.Addr(), ":")
	ts.Setenv(variable+"_PORT", port)
}

// find returns a server by its name.
func (s *script) find(ts *testscript.TestScript, name string) server {
	found, ok := s.servers[name]
	if !ok {
		ts.Fatalf("no server %s, there are %q", name, s.names)
	}
	return found
}

// registry returns a docker-registry by its name.
func (s *script) registry(ts *testscript.TestScript, name string) *servers.Registry {
	registry, ok := s.find(ts, name).(*servers.Registry)
	if !ok {
		ts.Fatalf("%s is not a registry", name)
	}
	return registry
}

// failed reports whether the script has failed.
func (s *script) failed() bool {
	t, ok := s.t.(interface{ Failed() bool })
	return ok && t.Failed()
}

// stop ends what is not a server. When the script has failed, it shows the logs.
func (s *script) stop(name string, daemon interface {
	Log() string
	Stop() error
}) {
	if s.failed() {
		s.t.Log(name + "\n" + daemon.Log())
	}
	if err := daemon.Stop(); err != nil {
		s.t.Log(fmt.Sprintf("stopping %s: %v", name, err))
	}
}

// end stops the servers, the last one first. When the script has failed, it shows
// their logs and requests.
func (s *script) end() {
	for i := len(s.names) - 1; i >= 0; i-- {
		name := s.names[i]
		if s.failed() {
			s.t.Log(report(name, s.servers[name]))
		}
		if err := s.servers[name].Stop(); err != nil {
			s.t.Log(fmt.Sprintf("stopping %s: %v", name, err))
		}
	}
	for i := len(s.atEnd) - 1; i >= 0; i-- {
		s.atEnd[i]()
	}
}

// report returns a server's log and requests.
func report(name string, s server) string {
	text := fmt.Sprintf("server %s at %s", name, s.Addr())
	requests, err := s.Requests()
	if err != nil {
		text += "\n" + err.Error()
	}
	for _, request := range requests {
		text += "\n    " + request.String()
	}
	return text + "\n" + s.Log()
}
