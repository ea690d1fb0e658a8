package servers

import (
	"os"
	"strings"
	"testing"
)

func TestPrintedVersion(t *testing.T) {
	for _, c := range []struct{ answer, want string }{
		{answer: "nix (Nix) 2.8.0\n", want: "2.8.0"},
		{answer: "nix (Nix) 2.34.0pre20260101_0123abc\n", want: "2.34.0"},
		{answer: "nix (Determinate Nix 3.6.5) 2.29.0\n", want: "2.29.0"},
		{answer: "nix (Lix, like Nix) 2.93\n", want: "2.93"},
		{answer: "Docker version 26.1.5+dfsg1, build 411e817\n", want: "26.1.5"},
		{answer: "podman version 5.8.6\n", want: "5.8.6"},
		{answer: "containerd github.com/containerd/containerd/v2 2.1.9+unknown \n", want: "2.1.9"},
		{answer: "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3\n", want: "1.6.20"},
		{answer: "systemd 262 (262.1-1)\n+PAM +AUDIT\n", want: "262"},
		{answer: "crun version 1.28\ncommit: 54f16ffbefcd022bf032af768b5c5ce075c18bfc\n", want: "1.28"},
	} {
		if got := printedVersion.FindStringSubmatch(c.answer); got == nil || got[1] != c.want {
			t.Errorf("%q: version %q, want %s", c.answer, got, c.want)
		}
	}
}

// TestSuites runs the commands of suites.txt that have --version.
func TestSuites(t *testing.T) {
	Require(t, "root", "unshare", "mount")
	list, err := os.ReadFile("suites.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] == "#" {
			continue
		}
		for suite := range strings.SplitSeq(fields[1], ",") {
			programs, err := FindPrograms(suite, fields[0])
			if err != nil {
				Lacks(t, err)
			}
			versions := map[string]bool{}
			for _, command := range fields[2:] {
				version, err := programs.Version(command)
				if err != nil {
					t.Errorf("%s of %s: %v", fields[0], suite, err)
				}
				versions[version] = true
			}
			if len(versions) != 1 {
				t.Errorf("%s of %s has the versions %v", fields[0], suite, versions)
			}
		}
	}
}

// TestNotUnpacked checks that the error about a missing suite names the script.
func TestNotUnpacked(t *testing.T) {
	_, err := FindPrograms("potato", "dpkg")
	if err == nil || !strings.Contains(err.Error(), "dpkg of Debian potato is not unpacked") || !strings.HasSuffix(err.Error(), ": run test/suites.sh") {
		t.Error(err)
	}
	if own := ownSuite(); own != "" {
		if programs, err := FindPrograms(own, "dpkg"); err != nil || programs != (Programs{}) {
			t.Errorf("%v: %v", programs, err)
		}
	}
}
