package test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"hocker/test/servers"
)

func nixstoreCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 0, "nixstore")
	for name, value := range storeOf(ts).Environ() {
		ts.Setenv(name, value)
	}
	functions := fmt.Sprintf(`import %s/nix/fetchdocker.nix {
  hocker = %s;
  system = builtins.currentSystem;
  erofsUtils = if builtins.pathExists ./erofs-utils then import ./erofs-utils else null;
}
`, shared.root, shared.hocker)
	ts.Check(os.WriteFile(ts.MkAbs("functions.nix"), []byte(functions), 0o644))
}

func erofsutilsCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 1 || len(args) == 2, "erofsutils SUITE [DIR]")
	dir := "erofs-utils"
	if len(args) == 2 {
		dir = args[1]
	}
	if _, err := servers.FindErofsUtils(args[0]); err != nil {
		servers.Lacks(scriptT{ts, scriptOf(ts).t}, err)
	}
	ts.Check(servers.WriteErofsUtils(args[0], ts.MkAbs(dir)))
}

// storeOf returns the store of a script, and creates it on first use.
func storeOf(ts *testscript.TestScript) *servers.NixStore {
	need(ts, "root", "nix-build", "nixbld")
	store, err := scriptOf(ts).nix.NewStore(filepath.Join(ts.Getenv("WORK"), "nix"))
	ts.Check(err)
	return store
}

func nixdaemonCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, true, "nixdaemon [VARIABLE=VALUE...]")
	s := scriptOf(ts)
	daemon, err := servers.StartNixDaemon(storeOf(ts), append(args, "NIX_CONFIG="+ts.Getenv("NIX_CONFIG"))...)
	ts.Check(err)
	s.atEnd = append(s.atEnd, func() { s.stop("nix-daemon", daemon) })
	for name, value := range daemon.Environ() {
		ts.Setenv(name, value)
	}
}

func nixmachineCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, true, "nixmachine [VARIABLE=VALUE...]")
	need(ts, "unshare", "mount", "sshd", "ssh", "ssh-keygen")
	s := scriptOf(ts)
	machine, err := servers.StartNixMachine(storeOf(ts), args...)
	ts.Check(err)
	s.atEnd = append(s.atEnd, func() { s.stop("sshd", machine) })
	for name, value := range machine.Environ() {
		ts.Setenv(name, value)
	}
	ts.Setenv("MACHINE_STORE", machine.Store())
}
