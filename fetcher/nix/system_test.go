package nix

import (
	"os"
	"regexp"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// nix/platforms.nix has the same platform for each system as this package, so
// that fetchdockerLock finds the image that hocker lock wrote for a system.
func TestSystemsInNix(t *testing.T) {
	source, err := os.ReadFile("../../nix/platforms.nix")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*regexp.Regexp{}
	for _, line := range regexp.MustCompile(`(?m)^  ([a-z0-9_]+-linux) = "(linux/.*)";$`).FindAllSubmatch(source, -1) {
		found[string(line[1])] = regexp.MustCompile("^" + string(line[2]) + "$")
	}
	if len(found) != len(systems) {
		t.Errorf("nix/platforms.nix has %d systems, want %d", len(found), len(systems))
	}
	for platform, system := range systems {
		pattern := found[system]
		if pattern == nil || !pattern.MatchString("linux/"+platform) {
			t.Errorf("nix/platforms.nix has %v for %s, which does not match linux/%s", pattern, system, platform)
		}
	}
	if got := System(ocispec.Platform{OS: "linux", Architecture: "arm", Variant: "v9"}); got != "" {
		t.Errorf("a platform without a Nix system: got %q", got)
	}
}
