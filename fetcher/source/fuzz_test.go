package source

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"hocker/fetcher/reference"
)

// seed adds the files of the tables.
func seed(f *testing.F, tests []readTest) {
	for _, test := range tests {
		for _, text := range test.files {
			if len(text) < maxDocument {
				f.Add(text)
			}
		}
	}
}

// readFuzzed reads text, and the same text again. What is named is a reference that
// prints back to itself, on a line that exists; with an error there is nothing.
func readFuzzed(t *testing.T, kind Kind, text string) (Result, error) {
	files := folder{"file": text, "lib/common.yml": text, "nginx.image": text, ".env": text}
	read := func() (Result, error) {
		return files.reader(map[string]string{"TAG": "1"}).Read(kind, "file")
	}
	if kind, err := Detect("file", []byte(text)); err == nil && !slices.Contains(Kinds, kind) {
		t.Errorf("the kind is %q", kind)
	}
	result, err := read()
	if again, _ := read(); !reflect.DeepEqual(again, result) {
		t.Errorf("the same text gives %v, then %v", result, again)
	}
	if err != nil && len(result.Images)+len(result.Skipped) > 0 {
		t.Errorf("%v with the error %v", result, err)
	}
	// YAML has more line breaks.
	lines := 1 + strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, "\u0085") + strings.Count(text, "\u2028") + strings.Count(text, "\u2029")
	if len(result.Images) > maxImages {
		t.Errorf("%d images", len(result.Images))
	}
	for _, i := range result.Images {
		if i.Line < 1 || i.Line > lines {
			t.Errorf("line %d of %d", i.Line, lines)
		}
		if parsed, err := reference.Parse(i.Reference.String()); err != nil || parsed.Tag != i.Reference.Tag || parsed.Digest != i.Reference.Digest {
			t.Errorf("%s is not a reference: %v, %v", i.Reference, parsed, err)
		}
	}
	return result, err
}

// readMore checks that text at the end of a file adds these images to its result.
func readMore(t *testing.T, kind Kind, result Result, text string, more ...string) {
	longer, err := readFuzzed(t, kind, text)
	if err != nil {
		t.Errorf("with the end: %v", err)
		return
	}
	var want, got []string
	for _, i := range result.Images {
		want = append(want, i.Reference.String())
	}
	for _, i := range longer.Images {
		got = append(got, i.Reference.String())
	}
	if want = append(want, more...); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("with the end, it names %v, want %v", got, want)
	}
}

func FuzzCompose(f *testing.F) {
	seed(f, composeTests)
	f.Fuzz(func(t *testing.T, text string) {
		result, err := readFuzzed(t, Compose, text)
		// Another file of the project can only add its images.
		if err == nil && len(result.Images) < maxImages && !strings.Contains(text, "appended") {
			files := folder{"file": text, ".env": text, "lib/common.yml": text, "more": "services: {appended: {image: appended.example/x}}"}
			more, err := files.reader(map[string]string{"TAG": "1"}).Read(Compose, "file", "more")
			if n := len(result.Images); err != nil || len(more.Images) != n+1 || more.Images[n].Reference.Registry.Host != "appended.example" {
				t.Errorf("with another file: %v, %v", more.Images, err)
			}
		}
	})
}

func FuzzKubernetes(f *testing.F) {
	seed(f, kubernetesTests)
	f.Fuzz(func(t *testing.T, text string) {
		result, err := readFuzzed(t, Kubernetes, text)
		if err == nil && len(result.Images) < maxImages && utf8.ValidString(text) && !strings.Contains(text, "%") {
			readMore(t, Kubernetes, result, text+"\n---\ncontainers: [{image: appended.example/x}]\n", "appended.example/x:latest")
		}
	})
}

func FuzzDockerfile(f *testing.F) {
	seed(f, dockerfileTests)
	f.Fuzz(func(t *testing.T, text string) {
		result, err := readFuzzed(t, Dockerfile, text)
		// A last line may continue, and a number may name the stage that is added.
		open := strings.ContainsAny(text, "\\`<") || strings.Contains(text, "appended") || strings.Contains(strings.ToLower(text), "escape") || strings.ContainsAny(text, "0123456789")
		if err == nil && len(result.Images) < maxImages && !open {
			readMore(t, Dockerfile, result, text+"\nFROM appended.example/x\n", "appended.example/x:latest")
		}
	})
}

func FuzzQuadlet(f *testing.F) {
	seed(f, quadletTests)
	f.Fuzz(func(t *testing.T, text string) {
		result, err := readFuzzed(t, Quadlet, text)
		if err == nil && !strings.Contains(text, `\`) { // a last line may continue
			readMore(t, Quadlet, result, text+"\n\n[Service]\nImage=appended.example/x\n")
		}
		// A drop-in replaces the image.
		files := folder{"web.container": text, "nginx.image": text}
		if _, err := files.reader(nil).Read(Quadlet, "web.container"); err != nil {
			return
		}
		files["container.d/x.conf"] = "[Container]\nImage=appended.example/x\n"
		got, err := files.reader(nil).Read(Quadlet, "web.container")
		isSkipped := len(got.Images) == 0 && len(got.Skipped) == 1 && strings.Contains(text, "skip")
		if isReplaced := len(got.Images) == 1 && got.Images[0].Reference.Registry.Host == "appended.example"; err != nil || !isReplaced && !isSkipped {
			t.Errorf("with a drop-in: %v, %v", got, err)
		}
	})
}
