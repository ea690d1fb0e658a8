package nix

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// Numbers that Nix gives to a download, to its progress, and to the verbosity
// at which it prints the text.
// https://github.com/NixOS/nix/blob/2.34.0/src/libutil/include/nix/util/logging.hh
const (
	activityFileTransfer = 101
	resultProgress       = 105
	levelTalkative       = 4
)

// progressInterval is the shortest time between two lines. A progress bar needs
// no more, and the build's log keeps every line.
const progressInterval = 400 * time.Millisecond

// progressID identifies the activity among those of one builder.
const progressID = 1

// Progress reports a builder's download to Nix in the same way as Nix's own
// downloads. The progress bar shows their sum.
type Progress struct {
	log io.Writer

	mu         sync.Mutex
	last       time.Time // time of the last line
	done, size int64     // as last reported
	told       bool      // whether done and size are written
}

// A line has all fields, since Nix 2.8 fails the build if one is missing.
type (
	progressStart struct {
		Action string   `json:"action"`
		ID     int      `json:"id"`
		Level  int      `json:"level"`
		Type   int      `json:"type"`
		Text   string   `json:"text"`
		Fields []string `json:"fields"`
		Parent int      `json:"parent"`
	}
	progressResult struct {
		Action string   `json:"action"`
		ID     int      `json:"id"`
		Type   int      `json:"type"`
		Fields [4]int64 `json:"fields"` // done, expected, running, failed
	}
	progressStop struct {
		Action string `json:"action"`
		ID     int    `json:"id"`
	}
)

// StartProgress reports the start of a download from url, which must contain no
// secret, under the name text. log is the builder's standard error; write
// errors are ignored.
func StartProgress(log io.Writer, url, text string) *Progress {
	p := &Progress{log: log, told: true}
	p.write(progressStart{Action: "start", ID: progressID, Level: levelTalkative, Type: activityFileTransfer, Text: text, Fields: []string{url}})
	return p
}

// Report sets how many of size bytes are done; a negative size is unknown. It
// may be called at any rate, from several goroutines.
func (p *Progress) Report(done, size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.size, p.told = done, max(size, 0), false
	if now := time.Now(); now.Sub(p.last) >= progressInterval {
		p.last = now
		p.tell()
	}
}

// Stop writes the last report, if it is still to be written, and ends the
// download.
func (p *Progress) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.told {
		p.tell()
	}
	p.write(progressStop{Action: "stop", ID: progressID})
}

func (p *Progress) tell() {
	p.told = true
	p.write(progressResult{Action: "result", ID: progressID, Type: resultProgress, Fields: [4]int64{p.done, p.size}})
}

// write writes a line in one call, so that lines do not mix.
func (p *Progress) write(line any) {
	data, err := json.Marshal(line)
	if err != nil {
		panic(err) // strings and numbers always have a JSON form
	}
	fmt.Fprintf(p.log, "@nix %s\n", data)
}
