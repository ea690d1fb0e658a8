package faults

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Drawn are faults that were drawn at random.
type Drawn struct {
	Faults []string
	// Passes means that a client that retries gets the right content.
	Passes bool
	// Silent means that the server sends nothing for a while, until the client gives up
	// waiting.
	Silent bool
}

// sample is a fault to draw. In its text, N is an offset in the content, at random.
type sample struct {
	text   string
	passes bool
	silent bool
}

// samples are for content of any kind.
var samples = []sample{
	{text: "cut after=N times=1", passes: true},
	{text: "reset after=N times=1", passes: true},
	{text: "truncate after=N times=1", passes: true},
	{text: "hangup times=1", passes: true},
	{text: "status code=429 times=1", passes: true},
	{text: "status code=503 times=1 retry-after=0", passes: true},
	{text: "status code=500 times=1 retry-after=now+1s", passes: true},
	{text: "chunked", passes: true},
	{text: "overrun after=N", passes: true},
	{text: "label", passes: true},
	{text: "headers after=N", passes: true},
	{text: "slow max=20000000", passes: true},
	{text: "stall after=N times=1", passes: true, silent: true},
	{text: "hang times=1", passes: true, silent: true},

	{text: "cut after=N"},
	{text: "cut after=0"},
	{text: "reset after=N"},
	{text: "truncate after=N"},
	{text: "hangup"},
	{text: "garbage after=N times=1"},
	{text: "garbage after=N"},
	{text: "status code=400"},
	{text: "status code=401 times=1"},
	{text: "status code=401"},
	{text: "status code=403"},
	{text: "status code=404"},
	{text: "status code=416"},
	{text: "status code=418"},
	{text: "status code=204"},
	{text: "status code=206"},
	{text: "status code=302"},
	{text: "status code=429 retry-after=3600"},
	{text: "status code=503 retry-after=soon"},
	{text: "loop"},
	{text: "loop times=1"},
	{text: "headers after=12000000"},
	{text: "short after=N"},
	{text: "short after=N times=1"},
	{text: "long after=N"},
	{text: "endless"},
	{text: "corrupt after=N"},
	{text: "corrupt after=N times=1"},
	{text: "changed"},
	{text: "gzip"},
	{text: "slow max=100", silent: true},
	{text: "stall after=N", silent: true},
	{text: "hang", silent: true},
}

// blobSamples are for blobs: redirects, and ranges, which are asked for after a cut.
var blobSamples = []sample{
	{text: "redirect", passes: true},
	{text: "redirect max=1", passes: true},
	{text: "no-ranges", passes: true},
	{text: "false-ranges", passes: true},
	{text: "other-range after=N", passes: true},
	{text: "bad-range", passes: true},
	{text: "wrong-size after=N", passes: true},
	{text: "lying-range after=N"},
	{text: "endless ranged"},
	{text: "changed ranged"},
	{text: "status code=416 ranged"},
	{text: "status code=206 ranged"},
	{text: "short after=N ranged"},
}

// Draw draws up to three faults at random. Each is for one of the paths. size is the size of
// the content, about.
func Draw(random *rand.Rand, size int64, paths ...string) Drawn {
	d := Drawn{Passes: true}
	for range random.IntN(4) {
		path := paths[random.IntN(len(paths))]
		from := samples
		if strings.HasSuffix(path, "/blobs/") && random.IntN(3) == 0 {
			from = blobSamples
			d.add(samples[0], path, random.Int64N(size))
		}
		d.add(from[random.IntN(len(from))], path, random.Int64N(size))
	}
	return d
}

// add adds a fault, unless there is one of its name: two redirects share their signatures.
func (d *Drawn) add(s sample, path string, n int64) {
	name, _, _ := strings.Cut(s.text, " ")
	for _, text := range d.Faults {
		if strings.HasPrefix(text, name+" ") {
			return
		}
	}
	text := strings.Replace(s.text, "after=N", fmt.Sprint("after=", n), 1)
	d.Faults = append(d.Faults, text+" path="+path)
	d.Passes = d.Passes && s.passes
	d.Silent = d.Silent || s.silent
}
