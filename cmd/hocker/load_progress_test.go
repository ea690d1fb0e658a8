package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hocker/fetcher/engine"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// shownBytes is a progress that records what is shown.
type shownBytes struct {
	events []string
	n      int64
}

func (s *shownBytes) expect(n int64) { s.events = append(s.events, fmt.Sprint("expect ", n)) }
func (s *shownBytes) watch(_ string, d ocispec.Descriptor) watcher {
	s.n = 0
	s.events = append(s.events, fmt.Sprint("watch ", d.Size))
	return s
}
func (s *shownBytes) done(whole bool)             { s.events = append(s.events, fmt.Sprint("done ", whole)) }
func (s *shownBytes) Write(p []byte) (int, error) { return len(p), nil }
func (s *shownBytes) add(n int64)                 { s.n += n }
func (s *shownBytes) skip(int64)                  {}
func (s *shownBytes) Done(err error) {
	s.events = append(s.events, fmt.Sprintf("Done %d %v", s.n, err))
}

var loadProgressTests = []struct {
	name   string
	plans  []engine.Plan // each is followed by 130 bytes
	err    error
	words  string
	events []string
}{
	{name: "present", plans: []engine.Plan{{Outcome: engine.Present, Layers: 3, LayersPresent: 3}}, events: []string{"done true"}},
	{name: "whole", plans: []engine.Plan{{Outcome: engine.Loaded, Layers: 3, Bytes: 100}},
		words: "app:1: sending 100 bytes\n", events: []string{"expect 100", "watch 100", "Done 100 <nil>", "done true"}},
	{name: "partial", plans: []engine.Plan{{Outcome: engine.Loaded, Layers: 5, LayersPresent: 3, Bytes: 100}},
		words: "app:1: 3 of 5 layers already present, sending 100 bytes\n", events: []string{"expect 100", "watch 100", "Done 100 <nil>", "done true"}},
	{name: "another platform", plans: []engine.Plan{{Outcome: engine.Loaded, Layers: 5, Bytes: 100, Foreign: "linux/amd64"}},
		words:  "warning: app:1 is for linux/arm64, but the engine runs linux/amd64: it may not start\napp:1: sending 100 bytes\n",
		events: []string{"expect 100", "watch 100", "Done 100 <nil>", "done true"}},
	{name: "refused", plans: []engine.Plan{
		{Outcome: engine.Loaded, Layers: 5, LayersPresent: 3, Bytes: 100, Foreign: "linux/amd64"},
		{Outcome: engine.Loaded, Layers: 5, LayersPresent: 3, Bytes: 900, Foreign: "linux/amd64", Whole: "no such\x1bfile"},
	},
		words: "warning: app:1 is for linux/arm64, but the engine runs linux/amd64: it may not start\napp:1: 3 of 5 layers already present, sending 100 bytes\n" +
			"app:1: the engine does not accept a partial image (no such\\x1bfile): sending all of it, 900 bytes\n",
		events: []string{"expect 100", "watch 100", "Done 99 the engine refused the archive", "expect 900", "watch 900", "Done 900 <nil>", "done true"}},
	{name: "failed", plans: []engine.Plan{{Outcome: engine.Loaded, Layers: 3, Bytes: 100}}, err: os.ErrClosed,
		words: "app:1: sending 100 bytes\n", events: []string{"expect 100", "watch 100", "Done 99 file already closed", "done false"}},
}

// The display is not complete before the engine has the image, although an archive has
// more bytes than its blobs.
func TestLoadProgress(t *testing.T) {
	for _, tt := range loadProgressTests {
		for _, quiet := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, quiet %t", tt.name, quiet), func(t *testing.T) {
				f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				image := engine.Image{Platform: ocispec.Platform{OS: "linux", Architecture: "arm64"}}
				if image.Reference, err = reference.Parse("app:1"); err != nil {
					t.Fatal(err)
				}
				p := process{stderr: newOutput(context.Background(), f)}
				l, shown := newLoadProgress(context.Background(), p, image, quiet), &shownBytes{}
				l.show = shown
				for _, plan := range tt.plans {
					l.progress().Plan(plan)
					for range 13 {
						l.progress().Sent(10)
					}
				}
				l.done(tt.err)
				if !slices.Equal(shown.events, tt.events) {
					t.Errorf("got %q, want %q", shown.events, tt.events)
				}
				words, err := os.ReadFile(f.Name())
				if want := map[bool]string{false: tt.words}[quiet]; err != nil || string(words) != want {
					t.Errorf("words %q, %v, want %q", words, err, want)
				}
			})
		}
	}
}
