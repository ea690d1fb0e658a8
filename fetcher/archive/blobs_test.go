package archive

import (
	"archive/tar"
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/opencontainers/go-digest"
)

// An archive with omitted blobs is the complete archive without their entries.
func TestWriteArchiveOmits(t *testing.T) {
	c := completed(t, configOf(3), plainLayer, gzipLayer, zstdLayer)
	manifest, err := c.ManifestDescriptor()
	if err != nil {
		t.Fatal(err)
	}
	whole := entriesOf(t, archiveOf(t, c))
	for name, omitted := range map[string][]digest.Digest{
		"none":               {},
		"a layer":            {c.Layers[1].Digest},
		"all but the tables": {manifest.Digest, c.Config.Digest, c.Layers[0].Digest, c.Layers[1].Digest, c.Layers[2].Digest},
	} {
		var b bytes.Buffer
		if err := c.WriteArchive(t.Context(), &b, func(d digest.Digest) bool { return slices.Contains(omitted, d) }); err != nil {
			t.Fatal(err)
		}
		got := entriesOf(t, b.Bytes())
		if len(got) != len(whole)-len(omitted) {
			t.Errorf("%s: %d entries, want %d", name, len(got), len(whole)-len(omitted))
		}
		for entry, content := range got {
			if whole[entry] != content {
				t.Errorf("%s: %s differs from the complete archive", name, entry)
			}
		}
		for _, d := range omitted {
			if _, ok := got[blobName(d)]; ok {
				t.Errorf("%s: %s is not omitted", name, d)
			}
		}
	}
}

// entriesOf returns the contents of an archive's entries by name.
func entriesOf(t *testing.T, data []byte) map[string]string {
	t.Helper()
	entries := map[string]string{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if err == io.EOF {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		entries[header.Name] = string(content)
	}
}

func TestOpenBlob(t *testing.T) {
	c := completed(t, configOf(2), plainLayer, gzipLayer)
	manifest, err := c.ManifestDescriptor()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Annotations) > 0 {
		t.Errorf("annotations of the index: %v", manifest.Annotations)
	}
	for _, d := range []digest.Digest{c.Config.Digest, manifest.Digest, c.Layers[0].Digest, c.Layers[1].Digest} {
		blob, err := c.OpenBlob(d)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(blob)
		if err != nil || digest.FromBytes(data) != d {
			t.Errorf("%s: got %s, %v", d, digest.FromBytes(data), err)
		}
		blob.Close()
	}
	unknown := digest.FromString("unknown")
	if _, err := c.OpenBlob(unknown); err == nil || err.Error() != "the image has no blob "+unknown.String() {
		t.Errorf("unknown: %v", err)
	}
}
