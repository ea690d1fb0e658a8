package test

import (
	"github.com/rogpeppe/go-internal/testscript"

	"hocker/test/servers"
)

func suiteCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2, "suite SUITE PACKAGE...")
	need(ts, "root", "unshare", "mount")
	for _, pkg := range args[1:] {
		programs, err := servers.FindPrograms(args[0], pkg)
		if err != nil {
			servers.Lacks(scriptT{ts, scriptOf(ts).t}, err)
		}
		ts.Setenv("PATH", programs.Path(ts.Getenv("PATH")))
		ts.Setenv("SUITE_TREE", programs.Tree())
	}
}
