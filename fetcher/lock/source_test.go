package lock

import (
	"reflect"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// sourced is the example with sources.
func sourced(t *testing.T) File {
	f := parseExample(t)
	debian := f.Images["debian"]
	debian.Sources = []string{"../k8s.yaml", "compose.yaml"}
	f.Images["debian"] = debian
	f.Sources = map[string]SourceFile{
		"compose.yaml": {Kind: "compose", Overrides: []string{"prod.yaml"}, PlainHTTP: true, Platforms: []ocispec.Platform{{OS: "linux", Architecture: "arm64"}}},
		"../k8s.yaml":  {Kind: "kubernetes", AllPlatforms: true},
	}
	return f
}

func TestSourcesAreWritten(t *testing.T) {
	f := sourced(t)
	text, err := f.Format()
	if err != nil {
		t.Fatal(err)
	}
	read, err := Parse(text)
	if err != nil || !reflect.DeepEqual(read, f) {
		t.Errorf("%v\n%+v\nwant\n%+v", err, read, f)
	}
	if !strings.Contains(string(text), `"version": 4`) {
		t.Errorf("sources need version 4: %s", text)
	}
}

// sourceEdits change a line of the example with sources.
var sourceEdits = []struct {
	name, old, new string
	err            string
}{
	{"a kind", `"kind": "compose"`, `"kind": "helm"`, `:89: sources.compose.yaml.kind: "helm" is not one of ["compose" "dockerfile" "kubernetes" "quadlet"]`},
	{"no kind", `"kind": "compose",`, ``, `:88: sources.compose.yaml: missing kind`},
	{"an absolute path", `"../k8s.yaml": {`, `"/k8s.yaml": {`, `:84: sources./k8s.yaml: "/k8s.yaml" is not the path of a file, relative to the lock file`},
	{"another spelling", `"../k8s.yaml": {`, `".././k8s.yaml": {`, `:84: sources..././k8s.yaml: ".././k8s.yaml" is not the path of a file, relative to the lock file`},
	{"an override", `"prod.yaml"`, `"./prod.yaml"`, `:90: sources.compose.yaml.overrides[0]: "./prod.yaml" is not the path of a file, relative to the lock file`},
	{"overrides", `"prod.yaml"`, `1`, `:91: sources.compose.yaml.overrides: expected a string`},
	{"a platform", `"linux/arm64"
`, `"linux"
`, `:94: sources.compose.yaml.platforms[0]: platform "linux": expected os/arch or os/arch/variant, such as linux/arm64 or linux/arm/v7`},
	{"a platform without a system", `"linux/arm64"
`, `"plan9/arm"
`, `:94: sources.compose.yaml.platforms: Nix has no system for "plan9/arm"`},
	{"a source that is missing", `        "../k8s.yaml",`, `        "../gone.yaml",`, `:26: images.debian.sources: "../gone.yaml" is not one of the sources of the file`},
	{"twice", `        "../k8s.yaml",`, `        "compose.yaml",`, `:76: images.debian.sources: expected a sorted list, without repetitions`},
	{"unsorted", `        "../k8s.yaml",
        "compose.yaml"`, `        "compose.yaml",
        "../k8s.yaml"`, `:76: images.debian.sources: expected a sorted list, without repetitions`},
	{"follow", `      "tag": "bookworm"`, `      "tag": "bookworm", "follow": "1.*"`, `:76: images.debian.sources: the tag of an image is that of its source, and follows no others: remove follow, or this`},
}

func TestSourcesAreChecked(t *testing.T) {
	text, err := sourced(t).Format()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range sourceEdits {
		edited := strings.Replace(string(text), test.old, test.new, 1)
		if edited == string(text) {
			t.Errorf("%s: nothing to edit", test.name)
		}
		if _, err := Parse([]byte(edited)); err == nil || err.Error() != test.err {
			t.Errorf("%s:\n got %v\nwant %s", test.name, err, test.err)
		}
	}
}

// A change of sources, or of an image that they name, is planned again if the sources
// have changed meanwhile.
func TestSourcesThatChangeMeanwhile(t *testing.T) {
	planned := sourced(t)
	now := sourced(t)
	delete(now.Sources, "compose.yaml")
	for _, edit := range []Edit{
		{Set: map[string]Image{"new": {Sources: []string{"compose.yaml"}}}},
		{Sources: map[string]SourceFile{"x": {Kind: "quadlet"}}},
		{Forget: []string{"../k8s.yaml"}},
	} {
		if !edit.outdated(planned, now) || edit.outdated(planned, planned) {
			t.Errorf("%+v", edit)
		}
		if edit.isEmpty() {
			t.Errorf("%+v is empty", edit)
		}
	}
	if (Edit{Set: map[string]Image{"new": {}}}).outdated(planned, now) {
		t.Error("an image that was added by hand has nothing to do with sources")
	}
	edit := Edit{Sources: map[string]SourceFile{"../k8s.yaml": planned.Sources["../k8s.yaml"], "new": {Kind: "compose"}}, Forget: []string{"compose.yaml"}}.since(planned)
	if len(edit.Sources) != 1 {
		t.Errorf("%v", edit.Sources)
	}
	if after := edit.apply(planned); len(after.Sources) != 2 || after.Sources["new"].Kind != "compose" {
		t.Errorf("%v", after.Sources)
	}
}
