package fetcher_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"hocker/fetcher"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Fetch the manifest of an image, and then its config.
func ExampleClient() {
	registry := exampleRegistry()
	defer registry.Close()
	ref, err := reference.Parse(registry.Listener.Addr().String() + "/org/app:1")
	if err != nil {
		panic(err)
	}
	client := &fetcher.Client{}
	ctx := context.Background()
	fetched, err := client.Manifest(ctx, ref)
	if err != nil {
		panic(err)
	}
	manifest, err := image.ParseManifest(fetched.Bytes)
	if err != nil {
		panic(err)
	}
	config, err := client.Config(ctx, ref.Repository, manifest.Config)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", config)
	// Output: {"os":"linux"}
}

// Copy a blob to standard output. io.Copy returns an error unless the content
// matches its digest.
func ExampleClient_Blob() {
	registry := exampleRegistry()
	defer registry.Close()
	ref, err := reference.Parse(registry.Listener.Addr().String() + "/org/app:1")
	if err != nil {
		panic(err)
	}
	client := &fetcher.Client{}
	blob, err := client.Blob(context.Background(), ref.Repository, ocispec.Descriptor{
		Digest: "sha256:5809269daf2d55e988b09feecc13180c284754e4d2376d0f7297ab7c6a90b358",
		Size:   14,
	})
	if err != nil {
		panic(err)
	}
	defer blob.Close()
	if _, err := io.Copy(os.Stdout, blob); err != nil {
		panic(err)
	}
	// Output: {"os":"linux"}
}

// exampleRegistry serves one image, org/app:1.
func exampleRegistry() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/") {
			io.WriteString(w, `{"os":"linux"}`)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		io.WriteString(w, `{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json",`+
			`"digest":"sha256:5809269daf2d55e988b09feecc13180c284754e4d2376d0f7297ab7c6a90b358","size":14},"layers":[]}`)
	}))
}
