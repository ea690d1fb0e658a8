package servers

import "testing"

func TestNixAtLeast(t *testing.T) {
	for _, c := range []struct {
		version, wanted string
		want            bool
	}{
		{version: "2.8.0", wanted: "2.8", want: true},
		{version: "2.8.0", wanted: "2.19", want: false},
		{version: "2.26.3", wanted: "2.19", want: true},
		{version: "2.26.3", wanted: "2.26.4", want: false},
		{version: "2.34", wanted: "2.34.0", want: false},
		{version: "3.0.1", wanted: "2.34", want: true},
		{version: "", wanted: "2.8", want: false}, // no Nix here
	} {
		if got := (Nix{Version: c.version}).AtLeast(c.wanted); got != c.want {
			t.Errorf("%q is at least %q: %v, want %v", c.version, c.wanted, got, c.want)
		}
	}
}
