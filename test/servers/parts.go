package servers

import (
	"debug/elf"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// TB is the part of testing.TB that Require uses; the scripts' own T has it too.
type TB interface {
	Skip(args ...any)
	Fatal(args ...any)
}

// A Part is a line of parts.txt: a Debian package and the commands needed from it.
type Part struct {
	Package  string   // its name, or alternative names, separated by |
	Groups   []string // demo, test, bench or bare: who needs it
	Commands []string // the needed commands, or the path of a header
}

//go:embed parts.txt
var partsText string

// Parts lists what test/install.sh installs.
func Parts() []Part {
	var parts []Part
	for line := range strings.Lines(partsText) {
		fields := strings.Fields(line)
		if len(fields) > 2 && fields[0] != "#" {
			parts = append(parts, Part{fields[0], strings.Split(fields[1], ","), fields[2:]})
		}
	}
	return parts
}

// packageOf names the package of a command.
func packageOf(command string) (name string, ok bool) {
	for _, part := range Parts() {
		if slices.Contains(part.Commands, command) {
			return strings.ReplaceAll(part.Package, "|", " or "), true
		}
	}
	return "", false
}

// Require returns when all parts are on this machine. A missing part skips the
// test with the reason, or fails it where tests must not skip: with CI=true or
// HOCKER_E2E=required in the environment.
//
// A part is a command, or one of "root" (the tests run as root) and "nixbld"
// (Nix's build users exist).
func Require(t TB, parts ...string) {
	if err := Missing(parts...); err != nil {
		Lacks(t, err)
	}
}

// Lacks skips or fails a test like Require, for a requirement that is not a part.
func Lacks(t TB, err error) {
	if os.Getenv("CI") == "true" || os.Getenv("HOCKER_E2E") == "required" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// Missing returns an error with the parts that this machine lacks and how to get them.
func Missing(parts ...string) error {
	var reasons, packages []string
	for _, part := range parts {
		err := check(part)
		if err == nil {
			continue
		}
		reasons = append(reasons, err.Error())
		if name, ok := packageOf(part); ok && !slices.Contains(packages, name) {
			packages = append(packages, name)
		}
	}
	if reasons == nil {
		return nil
	}
	hint := "run test/install.sh test"
	if packages != nil {
		hint += " (it installs " + strings.Join(packages, ", ") + ")"
	}
	return fmt.Errorf("%s: %s", strings.Join(reasons, ", "), hint)
}

// check returns why a part is not usable.
func check(part string) error {
	switch part {
	case "root":
		if os.Geteuid() != 0 {
			return fmt.Errorf("not running as root")
		}
		return nil
	case "nixbld":
		if _, err := user.LookupGroup(part); err != nil {
			return fmt.Errorf("no build users for Nix (%w)", err)
		}
		return nil
	case "busybox":
		_, err := Busybox()
		return err
	}
	if filepath.IsAbs(part) { // a header
		_, err := os.Stat(part)
		return err
	}
	_, err := lookPath(part)
	return err
}

// Busybox finds a statically linked busybox, which runs in an otherwise empty image or
// build sandbox.
func Busybox() (string, error) {
	path, err := lookPath("busybox")
	if err != nil {
		return "", err
	}
	file, err := elf.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP {
			return "", fmt.Errorf("%s is not statically linked", path)
		}
	}
	return path, nil
}

// lookPath finds a command in PATH or where Debian keeps the servers, which is
// not in the PATH of every user.
func lookPath(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed", name)
}

// cleanEnviron returns the environment of the servers. It has a PATH, but none of the
// user's proxies, credentials or daemons.
func cleanEnviron() []string {
	return []string{
		"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin",
		"HOME=/nonexistent",
		"LC_ALL=C",
	}
}
