package engine

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// FuzzReadImages checks that a list parses like [encoding/json] parses it, and that a
// truncated list is an error.
func FuzzReadImages(f *testing.F) {
	id := idA.String()
	f.Add(`[]`)
	f.Add(`null`)
	f.Add(`{"message":"no"}`)
	f.Add(`[{"Id":"` + id + `","RepoTags":["a:1"],"Manifests":null},{"Id":"b"}]`)
	f.Add(`[{"Id":"` + id + `","Manifests":[{"ID":"` + id + `","Available":true}]}]` + "\n")
	f.Fuzz(func(t *testing.T, body string) {
		var got, want []listedImage
		err := readImages(strings.NewReader(body), func(image listedImage) { got = append(got, image) })
		if json.Unmarshal([]byte(body), &want) != nil {
			return
		}
		if err != nil || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %v, %v, want %v", body, got, err, want)
		}
		if list := strings.TrimSpace(body); strings.HasSuffix(list, "]") {
			if err := readImages(strings.NewReader(list[:len(list)-1]), func(listedImage) {}); err == nil {
				t.Errorf("truncated list %q is accepted", list)
			}
		}
	})
}
