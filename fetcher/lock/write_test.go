package lock

import (
	"os"
	"testing"
)

func checkContent(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s has %s, %v", path, got, err)
	}
}

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{
		"debian": true, "_x": true, "a-b_C9": true, "withs": true,
		"": false, "1st": false, "-x": false, "a.b": false, "a b": false, "a'": false, "a\n": false, "é": false,
		"with": false, "or": false, "platforms": false, "inherit": false,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}
