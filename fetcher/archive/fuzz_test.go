package archive

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// An accepted composition means the same after it was written again.
func FuzzParseComposition(f *testing.F) {
	f.Add([]byte(`{"reference":"debian:jessie","config":{"path":"/c","digest":"` + digestA + `"},"layers":[{"path":"/l"}],"platform":"linux/amd64","verify":true}`))
	f.Add([]byte(`{"config":{"path":"/c"},"layers":[],"manifest":{"path":"/m"}}`))
	f.Add([]byte(`{"config":{},"Config":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseComposition(data)
		if err != nil {
			return
		}
		written, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseComposition(written); err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%q is written as %q, which is read as %+v, %v", data, written, again, err)
		}
	})
}

// Each layer of an archive is complete at its place, whatever the layers' sizes and
// however wrong the guesses of them. A line is a layer, of members separated by |: with
// several members, the end of the gzip file gives a wrong size.
func FuzzWriteArchive(f *testing.F) {
	f.Add("one\ntwo\nthree")
	f.Add("one|1\n\ntwo|" + strings.Repeat("2", 5000))
	f.Add("same\nsame")
	f.Fuzz(func(t *testing.T, text string) {
		var packed, unpacked []string
		for _, line := range strings.Split(text, "\n") {
			members := strings.Split(line, "|")
			packed, unpacked = append(packed, gzipped(members...)), append(unpacked, strings.Join(members, ""))
		}
		if len(packed) > 20 {
			return
		}
		e, _ := testExport(packed, unpacked)
		for form, files := range exported(t, e) {
			var got []string
			for _, layer := range readLayout(t, files).image.Layers {
				got = append(got, files["blobs/sha256/"+layer.Digest.Encoded()])
			}
			if !slices.Equal(got, unpacked) {
				t.Errorf("%s: layers %q, want %q", form, got, unpacked)
			}
		}
	})
}
