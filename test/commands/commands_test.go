package commands

import (
	_ "embed"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hocker/test/servers"
)

// group is the only group of packages that test/bare.sh has installed.
var group = flag.String("group", "", "look for the commands of this group of packages")

//go:embed essential.txt
var essentialText string

// essential are the commands that every Debian has.
var essential = strings.Fields(essentialText)

// prerequisites are the commands that README.md requires.
var prerequisites = []string{"git", "go", "gofmt", "make"}

// ours are built here, or written by a verb of the scripts.
var ours = regexp.MustCompile(`^(hocker(-.*)?|docker2nix|peak|inside)$`)

// exceptions are uses that need no package.
var exceptions = map[string]string{
	"test/install.sh busybox":   "checks whether it is linked statically",
	"test/install.sh systemctl": "only if systemd runs",

	"test/testdata/script/verify.txtar cosign": "is in suites.txt",
}

// uses returns the uses of commands in the repository that need a package.
func uses(t *testing.T) []Use {
	t.Helper()
	found, err := Find("../..")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(found, func(use Use) bool {
		file, _, _ := strings.Cut(use.Place, ":")
		return ours.MatchString(use.Command) || exceptions[file+" "+use.Command] != ""
	})
}

// TestPackages checks that every command that a file starts is in every Debian, a
// prerequisite, or in a package of the file's group in parts.txt.
func TestPackages(t *testing.T) {
	reported := map[string]bool{}
	for _, use := range uses(t) {
		ok := slices.Contains(essential, use.Command) || slices.Contains(prerequisites, use.Command) ||
			slices.ContainsFunc(servers.Parts(), func(part servers.Part) bool {
				return slices.Contains(part.Groups, use.Group) && slices.Contains(part.Commands, use.Command)
			})
		if key := use.Group + " " + use.Command; !ok && !reported[key] {
			reported[key] = true
			t.Errorf("%s starts %s, which no package of the group %q in test/servers/parts.txt has", use.Place, use.Command, use.Group)
		}
	}
}

// TestNothingUnused checks that each group uses every command that parts.txt lists for
// it.
func TestNothingUnused(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, use := range uses(t) {
		used[use.Group+" "+use.Command] = true
	}
	// The race detector needs a C compiler.
	for _, command := range []string{"gcc", "/usr/include/stdlib.h"} {
		used["test "+command] = strings.Contains(string(makefile), "-race")
	}
	for _, part := range servers.Parts() {
		for _, group := range part.Groups {
			if !slices.ContainsFunc(part.Commands, func(command string) bool { return used[group+" "+command] }) {
				t.Errorf("nothing in the group %s starts %s of %s: remove it from there in test/servers/parts.txt",
					group, strings.Join(part.Commands, " or "), part.Package)
			}
		}
		for _, command := range part.Commands {
			if !slices.ContainsFunc(part.Groups, func(group string) bool { return used[group+" "+command] }) {
				t.Errorf("nothing starts %s of %s: remove it from test/servers/parts.txt", command, part.Package)
			}
		}
	}
}

// TestPresent checks that each command is present after test/install.sh has run for the
// group.
func TestPresent(t *testing.T) {
	if *group == "" {
		t.Skip("no -group: test/bare.sh sets it, in a root with only that group")
	}
	var wanted []string
	for _, use := range uses(t) {
		if use.Group == "" || use.Group == *group {
			wanted = append(wanted, use.Command)
		}
	}
	for _, part := range servers.Parts() {
		if slices.Contains(part.Groups, *group) {
			wanted = append(wanted, part.Commands...)
		}
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	if err := servers.Missing(wanted...); err != nil {
		t.Fatal(err)
	}
	t.Logf("all %d commands of the group %s are present: %s", len(wanted), *group, strings.Join(wanted, " "))
}

// TestFind reads one file of each kind.
func TestFind(t *testing.T) {
	for _, test := range []struct {
		name, content string
		want          string // command:line
	}{
		{
			name: "test/demo.sh",
			content: `#!/bin/sh
run() { bash -c "$1"; }
run "umoci list | wc -l; \$(command -v tac) x"
await() { shift; "$@"; }
await "the daemon" docker info
if ! LC_ALL=C grep -q x <file; then echo "$(date) is $x"; fi
env -u HOME FOO=bar timeout 5 nix-build default.nix
unshare --mount --propagation slave sh -c 'mount a b && "$0"'
cat >program <<'END'
#!/bin/sh
exec tail -f "$0"
END
clean() { rm -f x; }
trap clean EXIT
"$program" ./local /usr/bin/absolute
nixos-rebuild switch
`,
			want: "bash:2 umoci:3 wc:3 tac:3 docker:5 grep:6 date:6 env:7 timeout:7 nix-build:7 unshare:8 sh:8 mount:8 cat:9 tail:11 rm:13 nixos-rebuild:16",
		},
		{
			name: "test/testdata/script/a.txtar",
			content: `# exec commented
needs jq root
[linux] ! exec skopeo copy
exits 5 peak 32 hocker-layer
capture X curl -fsS $URL
exec sh -c 'jq . <x | sha256sum'
push r x:1 docker
! stdout podman
-- helper.sh --
#!/bin/sh
tr a b
-- other --
aria2c
`,
			want: "jq:2 skopeo:3 hocker-layer:4 curl:5 sh:6 jq:6 sha256sum:6 tr:11",
		},
		{
			name: "test/a_test.go",
			content: `package a
func f() {
	exec.CommandContext(ctx, "dd", "if=x")
	servers.Require(t, "root", "sshd")
	w.output("podman", "podman")
	args := []string{"skopeo", "copy"}
	exec.Command("env", "A=b", "sh", "-c", "od x")
	fmt.Println("buildah")
}
`,
			want: "dd:3 sshd:4 podman:5 skopeo:6 env:7 sh:7 od:7",
		},
		{
			name:    "Makefile",
			content: "V := $(shell sed x)\nall: b\n\t@-$(GO) build\n\t@for x in $(ALL); do \\\n\t\tln -s $$x y; \\\n\tdone\n",
			want:    "go:3 ln:5",
		},
		{name: "bench/notes.md", content: "aria2c", want: ""},
		{name: "fetcher/a.go", content: `package a; var x = exec.Command("nix-store")`, want: ""},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(test.content), 0o644); err != nil {
			t.Fatal(err)
		}
		found, err := inFile(path, test.name, map[string]int{"exec": 0, "exits": 1, "peak": 1, "capture": 1})
		if got := render(found); err != nil || got != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", test.name, err, got, test.want)
		}
	}
}

// TestFindErrors checks that a file that cannot be parsed is an error.
func TestFindErrors(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"x.sh", "if true", "1:1: `if <cond>` must be followed by `then`"},
		{"Makefile", "all:\n\t'x\n", "line 2: 1:1: reached EOF without closing quote `'`"},
		{"x.txtar", "exec sh -c '(x'\n", "line 1: 1:1: reached EOF without matching `(` with `)`"},
		{"x_test.go", "package x\nfunc f(s string) { exec.Command(s) }\n",
			"line 2: f starts a command that is not a literal: see passers in test/commands/gosource.go"},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(test.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := inFile(path, test.name, map[string]int{"exec": 0}); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v\nwant %s", test.name, err, test.want)
		}
	}
}

// render writes the commands in one line.
func render(found []start) string {
	var words []string
	for _, s := range found {
		words = append(words, s.String())
	}
	return strings.Join(words, " ")
}
