package fetcher

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hocker/test/faults"
)

// parallelFaultTests fetch 17 MiB over several slow connections.
var parallelFaultTests = []struct {
	faults  string
	kinds   []string // kinds of notices, in any order
	most    int      // requests
	streams int      // concurrent streams with content; 0 means any
}{
	{faults: "slow max=20000000", streams: 8, most: 14},
	{faults: "cut after=1000000, slow max=20000000", kinds: []string{"unexpected EOF"}, streams: 8, most: 40},
	{faults: "no-ranges, slow max=20000000", streams: 1, most: 1},
	{faults: "false-ranges, slow max=20000000", most: 10},
	{faults: "busy max=1, slow max=20000000", most: 10},
	{faults: "busy max=3 code=503 retry-after=100, slow max=20000000", most: 14},
	{faults: "bad-range, slow max=20000000", most: 20},
	{faults: "wrong-size after=100, slow max=20000000", most: 20},
	{faults: "status code=403 ranged, slow max=20000000", most: 10},
	{faults: "lying-range after=100 times=5, slow max=20000000", kinds: []string{"content does not match"}, most: 40},
	{faults: "corrupt after=100 times=1, slow max=20000000", kinds: []string{"content does not match"}, most: 40},
	{faults: "redirect max=5 to=http://cdn.example, slow max=20000000", most: 60},
}

func TestParallelFaults(t *testing.T) {
	data := randomBytes(17 << 20)
	for _, tt := range parallelFaultTests {
		t.Run(tt.faults, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				r := w.serve("registry.example:80", faults.New())
				w.hosts["cdn.example:80"] = w.hosts["registry.example:80"]
				for fault := range strings.SplitSeq(tt.faults, ", ") {
					r.Add(fault)
				}
				got, err := fetchFaulty(t, w, "FetchBlob", r, w.client(), data, false)
				if err != nil {
					t.Error(err)
				}
				for _, line := range got.notices {
					if !slices.ContainsFunc(tt.kinds, func(kind string) bool { return strings.HasPrefix(line, "layer IT: "+kind) }) {
						t.Errorf("told: %s", line)
					}
				}
				if len(got.notices) == 0 && len(tt.kinds) > 0 {
					t.Error("no notices")
				}
				if len(got.asked) > tt.most {
					t.Errorf("%d requests, want at most %d: %q", len(got.asked), tt.most, got.asked)
				}
				remotes := map[string]bool{}
				for _, request := range r.Requests() {
					remotes[fmt.Sprint(request.Range)] = true
				}
				if tt.streams == 1 && len(remotes) != 1 || tt.streams > 1 && len(remotes) < tt.streams {
					t.Errorf("%d different ranges were asked for, want %d", len(remotes), tt.streams)
				}
			})
		})
	}
}
