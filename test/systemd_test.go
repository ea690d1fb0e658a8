package test

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"hocker/test/servers"
)

func systemdCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) > 0, "systemd UNITS [SOURCE=TARGET...]")
	need(ts, "root", "unshare", "nsenter", "systemctl")
	binds := map[string]string{}
	for _, arg := range args[1:] {
		source, target, _ := strings.Cut(arg, "=")
		binds[target] = ts.MkAbs(source)
	}
	systemd, err := servers.StartSystemd(ts.Getenv("WORK"), ts.MkAbs(args[0]), binds)
	ts.Check(err)
	s := scriptOf(ts)
	s.atEnd = append(s.atEnd, func() { s.stop("systemd", systemd) })
	ts.Setenv("PATH", systemd.Bin()+string(os.PathListSeparator)+ts.Getenv("PATH"))
	ts.Setenv("OUTPUT", systemd.Output())
}
