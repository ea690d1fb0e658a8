package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// System is the suite of the programs that are in PATH.
const System = "system"

// Programs are the commands of a Debian package: those in PATH, or those of another
// suite, unpacked by test/suites.sh. The zero value means those in PATH.
type Programs struct {
	dir string // empty for those in PATH
}

// FindPrograms finds the commands of a package in a Debian suite, which is System or
// one in suites.txt. The commands of this machine's own suite are in PATH.
func FindPrograms(suite, pkg string) (Programs, error) {
	if suite == System || suite == ownSuite() {
		return Programs{}, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return Programs{}, err
	}
	p := Programs{filepath.Join(cache, "hocker-test", "debian", suite, "programs", pkg)}
	if _, err := os.Stat(p.dir); err != nil {
		return Programs{}, fmt.Errorf("%s of Debian %s is not unpacked (%w): run test/suites.sh", pkg, suite, err)
	}
	return p, nil
}

// ownSuite is the code name of this machine's Debian, or empty.
func ownSuite() string {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return ""
	}
	name := versionCodename.FindSubmatch(release)
	if name == nil {
		return ""
	}
	return string(name[1])
}

var versionCodename = regexp.MustCompile(`(?m)^VERSION_CODENAME="?(\w+)"?$`)

// LookPath finds a command.
func (p Programs) LookPath(program string) (string, error) {
	if p.dir == "" {
		return lookPath(program)
	}
	return exec.LookPath(filepath.Join(p.dir, program))
}

// Path returns a PATH with the commands first.
func (p Programs) Path(path string) string {
	if p.dir == "" {
		return path
	}
	return p.dir + ":" + path
}

// Tree returns the folder with the /usr that the commands see.
func (p Programs) Tree() string {
	if p.dir == "" {
		return "/"
	}
	return filepath.Join(p.dir, "..", "..")
}

// Version returns the version that a command prints, such as "2.26.3". If it prints none,
// as cosign in Debian, that is the version of its package.
func (p Programs) Version(program string) (string, error) {
	path, err := p.LookPath(program)
	if err != nil {
		return "", err
	}
	output, err := exec.Command(path, "--version").Output()
	version := printedVersion.FindSubmatch(output)
	switch {
	case err == nil && version != nil:
		return string(version[1]), nil
	case p.dir != "":
		return p.packageVersion()
	case err != nil:
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	return "", fmt.Errorf("%s --version: no version in %q", path, output)
}

// packageVersion returns the version of the Debian package, without its revision.
func (p Programs) packageVersion() (string, error) {
	versions, err := os.ReadFile(filepath.Join(p.Tree(), "versions"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(versions)) {
		if name, version, _ := strings.Cut(strings.TrimSpace(line), "\t"); name == filepath.Base(p.dir) {
			version, _, _ = strings.Cut(version, "-")
			return version, nil
		}
	}
	return "", fmt.Errorf("no version of %s in %s", filepath.Base(p.dir), p.Tree())
}

// printedVersion matches a version that is a whole word outside parentheses. That of systemd
// is one number.
var printedVersion = regexp.MustCompile(`\s(\d+(?:\.\d+){0,2})[^\s,()]*(?:,|\s|$)`)
