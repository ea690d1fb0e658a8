package archive

import "testing"

// checkError compares the whole text of an error. If want is empty, it expects
// no error.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Fatalf("error\n got: %s\nwant: %s", got, want)
	}
}

const (
	digestA = "sha256:054abe38b1e6f863befa4258cbfaf127b1cc9440d2e2e349b15d22e676b591e7"
	digestB = "sha256:cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c"

	schema2 = `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":1528,"digest":"` + digestA + `"},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":52550276,"digest":"` + digestB + `"}]}`
	list    = `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]}`
)
