package unit

import (
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/process"
)

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"/bin/sh": "/bin/sh", "": `""`, "a b": `"a b"`, `"`: `"\""`, `\`: `"\\"`, "%n": `"%%n"`, "$HOME": `"$HOME"`, ";": `";"`, "'": `"'"`,
		"a\nb\t": `"a\x0ab\x09"`, "é": `"é"`, "#": `"#"`, "-x=@y:z+": "-x=@y:z+", "\x7f": `"\x7f"`,
	} {
		if got := quote(word); got != want {
			t.Errorf("%q: %s, expected %s", word, got, want)
		}
	}
}

func TestCommand(t *testing.T) {
	for _, test := range []struct {
		program string
		args    []string
		want    string
	}{
		{"/bin/sh", []string{"/bin/sh"}, ":/bin/sh"},
		{"/bin/sh", []string{"sh", "-c", "exit $x"}, `@:/bin/sh sh -c "exit $x"`},
		{"/a b", []string{"/a b", "/a b"}, `:"/a b" "/a b"`},
	} {
		if got := command(process.Process{Program: test.program, Args: test.args}); got != test.want {
			t.Errorf("%s, expected %s", got, test.want)
		}
	}
}

// settings returns the settings of a process, as lines.
func settings(t *testing.T, p process.Process) []string {
	t.Helper()
	p.Program, p.Args, p.Cwd = "/bin/sh", []string{"/bin/sh"}, "/"
	all, err := Unit{RootImage: "/store/100%.erofs", Process: p, Hardening: []Setting{{"NoNewPrivileges", "yes"}}}.Settings()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, s := range all {
		lines = append(lines, s.Key+"="+s.Value)
	}
	return lines
}

func TestSettings(t *testing.T) {
	first := []string{"Type=exec", "RootImage=/store/100%%.erofs", "ExecStart=:/bin/sh", "WorkingDirectory=/"}
	last := []string{"KillMode=mixed", "BindReadOnlyPaths=-/etc/resolv.conf", "BindReadOnlyPaths=-/etc/hosts"}
	hardening := "NoNewPrivileges=yes"
	for _, test := range []struct {
		process process.Process
		own     []string // before the last ones
		after   []string // behind them
	}{
		{process: process.Process{Ports: []string{"80/tcp"}, Env: []string{"A=b c"}}, own: []string{`Environment="A=b c"`}},
		{process: process.Process{User: process.User{GID: 7}}, own: []string{"User=0", "Group=7"}},
		{
			process: process.Process{User: process.User{UID: 5, GID: 6, Groups: []uint32{8, 9}}, Ports: []string{"8080/tcp", "80-90/udp"}, StopSignal: "SIGINT"},
			own:     []string{"User=5", "Group=6", "SupplementaryGroups=8 9", "KillSignal=SIGINT"},
			after:   []string{"AmbientCapabilities=CAP_NET_BIND_SERVICE"},
		},
		{process: process.Process{User: process.User{UID: 5}, Ports: []string{"8080/tcp", "odd", ""}}, own: []string{"User=5", "Group=0"}},
	} {
		want := slices.Concat(first, test.own, last, test.after, []string{hardening})
		if got := settings(t, test.process); !slices.Equal(got, want) {
			t.Errorf("%q\nexpected %q", got, want)
		}
	}
}

func TestAccounts(t *testing.T) {
	for _, test := range []struct {
		user process.User
		want string
	}{
		{process.User{}, ""},
		{process.User{UID: 5}, "u hocker-5 5:0\n"},
		{process.User{UID: 5, GID: 6, Groups: []uint32{7}}, "g hocker-6 6\ng hocker-7 7\nu hocker-5 5:6\n"},
	} {
		if got := (Unit{Process: process.Process{User: test.user}}).Accounts(); got != test.want {
			t.Errorf("%q, expected %q", got, test.want)
		}
	}
}

// What people write into a config cannot add a line to the unit.
func TestTextLines(t *testing.T) {
	const evil = "x\n[Service]\nExecStart=/evil\\\n"
	unit := Unit{
		Description: evil, RootImage: "/r",
		Process: process.Process{Program: "/p", Args: []string{evil, evil}, Cwd: "/", Env: []string{"A=" + evil}, Ports: []string{evil}},
	}
	text, err := unit.Text()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "\nExecStart=/evil") || strings.Count(text, "\n[Service]\n") != 1 {
		t.Errorf("it has another line:\n%s", text)
	}
	for _, p := range []process.Process{
		{Program: "/p", Args: []string{"p"}, Cwd: "/" + evil}, {Program: "/" + evil, Args: []string{"p"}, Cwd: "/"},
		{Program: "/p", Args: []string{"p"}, Cwd: "/", Volumes: []string{"/" + evil}}, {Program: "/p", Args: []string{"p"}, Cwd: `/a\`},
		{Program: "/p", Args: []string{"p"}, Cwd: "/a "},
	} {
		unit.Process = p
		if text, err := unit.Text(); err == nil {
			t.Errorf("%+v: no error:\n%s", p, text)
		}
	}
}
