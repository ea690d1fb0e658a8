package nix

import (
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// Nix returned these paths for the functions of nix/fetchdocker.nix with these
// arguments.
var storePathTests = []struct {
	name                            string
	kind                            string
	repository, imageName, imageTag string
	want                            string
}{
	{name: "layer", kind: "layer", want: "v93zwr9y1jvflgv6fsb9llkrnr5lk9mb-docker-layer-" + layerBase16 + ".tar.gz"},
	{name: "digest as tag", kind: "config", repository: "org/team", imageName: "app", imageTag: layerDigest, want: "827pp81y316qrkccna365gr5fqgh03fy-org_team_app_sha256_" + layerBase16 + "-config.json"},
	{name: "no repository", kind: "config", imageName: "app", imageTag: "1", want: "3zp6v0zqy3anw0y6yqsf78j86rpxly7w-app_1-config.json"},
	{name: "manifest", kind: "manifest", repository: "library", imageName: "debian", imageTag: "jessie", want: "jqn9h9y9gwirs9ngzs8878pcg5b3ba2v-library_debian_jessie-manifest.json"},
	{name: "too long", kind: "config", repository: strings.Repeat(layerBase16, 3), imageName: "debian", imageTag: "jessie", want: "5q5ifayr2lla0v8cc0j7wx6vn2r9b22z-docker-config-" + layerBase16 + ".json"},
	{name: "leading dot and a two-byte letter", kind: "config", imageName: ".x/é", imageTag: "jessie", want: "g1dwh1vw1nvpsz5rs0rq3jncila56gm1-_.x____jessie-config.json"},
}

func TestStorePath(t *testing.T) {
	d := digest.Digest(layerDigest)
	for _, tt := range storePathTests {
		t.Run(tt.name, func(t *testing.T) {
			name := LayerName(d)
			if tt.kind != "layer" {
				name = TagName(tt.kind, tt.repository, tt.imageName, tt.imageTag, d)
			}
			if got := (Blob{Name: name, Digest: d}).StorePath("/nix/store"); got != "/nix/store/"+tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
