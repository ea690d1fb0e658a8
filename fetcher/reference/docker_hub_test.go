package reference

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
)

// The names of Docker Hub are known to Nix, too.
func TestDockerHubHostsInNix(t *testing.T) {
	source, err := os.ReadFile("../../nix/names.nix")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)dockerHub = \[(.*?)\]`).FindSubmatch(source)
	if list == nil {
		t.Fatal("nix/names.nix has no list dockerHub")
	}
	var got []string
	for _, host := range regexp.MustCompile(`"(.*?)"`).FindAllSubmatch(list[1], -1) {
		got = append(got, string(host[1]))
	}
	slices.Sort(got)
	if want := slices.Sorted(maps.Keys(dockerHubHosts)); !slices.Equal(got, want) {
		t.Errorf("nix/names.nix has %q, want %q", got, want)
	}
}
