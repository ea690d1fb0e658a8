package lock

import (
	"os"
	"reflect"
	"strings"
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

// The version is the lowest that supports the content: without as, older readers can
// read the file.
func TestAs(t *testing.T) {
	f := parseExample(t)
	app := f.Images["app"]
	if got := app.LoadedAs(); got != "localhost:5000/org/team/app:1" {
		t.Errorf("app is loaded as %s", got)
	}
	app.Reference.Tag = ""
	if got := app.LoadedAs(); got != "localhost:5000/org/team/app:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" {
		t.Errorf("without a tag, it is loaded as %s", got)
	}
	app.As = "mine:1"
	f.Images["app"] = app
	if got := app.LoadedAs(); got != "mine:1" {
		t.Errorf("app is loaded as %s", got)
	}
	printed, err := f.Format()
	if err != nil || !strings.Contains(string(printed), "\"as\": \"mine:1\",\n") || !strings.Contains(string(printed), `"version": 2`) {
		t.Errorf("formatted, it is %s, %v", printed, err)
	}
	read, err := Parse(printed)
	if err != nil || !reflect.DeepEqual(read, f) {
		t.Errorf("parsed, it is %+v, %v", read, err)
	}
	app.As = ""
	f.Images["app"] = app
	if printed, err = f.Format(); err != nil || !strings.Contains(string(printed), `"version": 1`) {
		t.Errorf("formatted, it is %s, %v", printed, err)
	}
}

func TestCheckAs(t *testing.T) {
	for name, want := range map[string]string{
		"app":                           "app:latest",
		"docker.io/library/app:1":       "app:1",
		"registry.example:8443/x/app:1": "registry.example:8443/x/app:1",
		"localhost:5000/app":            "localhost:5000/app:latest",
		"app:1@sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824": "",
		"":      "",
		"App:1": "",
		"app:":  "",
		"a b":   "",
	} {
		got, err := CheckAs(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", name, got, err)
		}
		if want == "" {
			continue
		}
		if again, err := CheckAs(got); again != got || err != nil {
			t.Errorf("%q: %q, %v", got, again, err)
		}
	}
}
