package lock

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/reference"
)

func parseReference(t *testing.T, text string) reference.Reference {
	t.Helper()
	ref, err := reference.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// matchTests write images as NAME=REFERENCE SOURCE..., and what sources name as
// REFERENCE SOURCE [NAME].
var matchTests = []struct {
	name   string
	images []string
	named  []string
	read   []string // default: a
	adopt  bool
	want   []string // NAME=REFERENCE SOURCE..., or -NAME
	err    string
}{
	{
		name:  "names are made from references",
		named: []string{"nginx:1 a", "ghcr.io/org/app:2 a", "quay.io/other/app:2 a", "org/nginx:3 a", "nginx:2 a", "my.app/0x.y:1 a", "ghcr.io/x/with a", "nginx@sha256:cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c a", "b.example/x/y a", "c.example/x/y a", "a.example/z/y a"},
		want: []string{
			"_0x-y=my.app/0x.y:1 a", "app=ghcr.io/org/app:2 a", "c-example-x-y=c.example/x/y:latest a", "nginx-2=nginx:2 a",
			"nginx-cd0a524342ef=nginx@sha256:cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c a", "nginx=nginx:1 a",
			"org-nginx=org/nginx:3 a", "other-app=quay.io/other/app:2 a", "x-with=ghcr.io/x/with:latest a", "x-y=b.example/x/y:latest a", "y=a.example/z/y:latest a",
		},
	},
	{
		name:   "a tag that changes keeps the name",
		images: []string{"web=nginx:1.28 a", "nginx=nginx:1.27 a", "redis=redis:7 a", "hand=redis:8"},
		named:  []string{"nginx:1.29 a", "nginx:1.30 a", "redis:7 a"},
		want:   []string{"nginx=nginx:1.29 a", "redis=redis:7 a", "web=nginx:1.30 a"},
	},
	{
		name:   "one of two tags stays",
		images: []string{"web=nginx:1.28 a", "nginx=nginx:1.27 a"},
		named:  []string{"nginx:1.28 a", "nginx:1.30 a"},
		want:   []string{"nginx=nginx:1.30 a", "web=nginx:1.28 a"},
	},
	{
		name:   "an image vanishes",
		images: []string{"nginx=nginx:1 a", "redis=redis:7 a", "both=both a b", "other=other b", "hand=hand"},
		named:  []string{"redis:7 a"},
		want:   []string{"-nginx", "both=both:latest b", "redis=redis:7 a"},
	},
	{
		name:   "an image that moves to another registry keeps its name",
		images: []string{"nginx=nginx:1 a"},
		named:  []string{"quay.io/org/nginx:1 a"},
		want:   []string{"nginx=quay.io/org/nginx:1 a"},
	},
	{
		name:   "another source names the image too",
		images: []string{"nginx=nginx:1 b"},
		named:  []string{"nginx:1 a", "nginx:2 a"},
		want:   []string{"nginx-2=nginx:2 a", "nginx=nginx:1 a b"},
	},
	{
		name:   "an image that was added by hand will do",
		images: []string{"web=nginx:1"},
		named:  []string{"nginx:1 a"},
	},
	{
		name:   "an image that was added by hand is adopted",
		images: []string{"web=nginx:1"},
		named:  []string{"nginx:1 a"},
		adopt:  true,
		want:   []string{"web=nginx:1 a"},
	},
	{
		name:   "an image that was added by hand keeps its tag and its name",
		images: []string{"nginx=nginx:1"},
		named:  []string{"nginx:2 a", "nginx:2 b"},
		read:   []string{"a", "b"},
		adopt:  true,
		want:   []string{"nginx-2=nginx:2 a b"},
	},
	{
		name:   "what is no source replaces images that were added by hand",
		images: []string{"nginx=nginx:1", "redis=redis:7 a"},
		named:  []string{"nginx:2 -", "redis:8 -"},
		read:   []string{},
		want:   []string{"nginx=nginx:2", "redis-8=redis:8"},
	},
	{
		name:   "names in comments",
		images: []string{"nginx=nginx:1 a"},
		named:  []string{"nginx:1 a web", "nginx:1 a", "nginx:1 a front", "redis:7 a cache"},
		want:   []string{"-nginx", "cache=redis:7 a", "front=nginx:1 a", "web=nginx:1 a"},
	},
	{
		name:  "two images with a name",
		named: []string{"nginx:1 a web", "nginx:2 a web"},
		err:   "a:1: nginx:2 cannot be named web: that is nginx:1, as a:0 says: give one of them another name, with # hocker: name=NAME",
	},
	{
		name:   "the name of an image of another source",
		images: []string{"web=redis:7 b"},
		named:  []string{"nginx:1 a web"},
		err:    "a:0: nginx:1 cannot be named web: that is redis:7, as b says: give one of them another name, with # hocker: name=NAME",
	},
	{
		name:   "the name of an image that was added by hand",
		images: []string{"web=redis:7"},
		named:  []string{"nginx:1 a web"},
		adopt:  true,
		err:    "a:0: nginx:1 cannot be named web: that is redis:7, which was added by hand: give one of them another name, with # hocker: name=NAME",
	},
	{
		name:   "an image that was added by hand gets its tag from the source",
		images: []string{"web=nginx:1"},
		named:  []string{"nginx:2 a web"},
		adopt:  true,
		want:   []string{"web=nginx:2 a"},
	},
}

func TestMatch(t *testing.T) {
	for _, test := range matchTests {
		t.Run(test.name, func(t *testing.T) {
			file := File{Images: map[string]Image{}}
			for _, text := range test.images {
				words := strings.Fields(text)
				name, ref, _ := strings.Cut(words[0], "=")
				file.Images[name] = Image{Reference: parseReference(t, ref), Sources: words[1:]}
			}
			var named []Named
			for n, text := range test.named {
				words := append(strings.Fields(text), "")
				source := strings.Trim(words[1], "-")
				named = append(named, Named{parseReference(t, words[0]), words[2], source, Place{source, n}})
			}
			read := test.read
			if read == nil {
				read = []string{"a"}
			}
			match, err := file.Match(read, named, test.adopt)
			if message := fmt.Sprint(err); err != nil && message != test.err || err == nil && test.err != "" {
				t.Errorf("%v, want %s", err, test.err)
			}
			var got []string
			for name, i := range match.Images {
				got = append(got, strings.Join(append([]string{name + "=" + i.Reference.Familiar()}, i.Sources...), " "))
			}
			for _, name := range match.Gone {
				got = append(got, "-"+name)
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			// The names do not depend on the order of the text.
			slices.Reverse(named)
			if again, _ := file.Match(read, named, test.adopt); test.err == "" && !slices.Equal(slices.Sorted(maps.Keys(again.Images)), slices.Sorted(maps.Keys(match.Images))) {
				t.Errorf("in another order: %v", again.Images)
			}
		})
	}
}
