package nix

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// What Nix calls a download and how far it is, and from which verbosity on it
// tells of one in words.
// https://github.com/NixOS/nix/blob/2.34.0/src/libutil/include/nix/util/logging.hh
const (
	activityFileTransfer = 101
	resultProgress       = 105
	levelTalkative       = 4
)

// progressInterval is the time between two lines at least: a progress bar needs
// no more, and the build's log keeps them all.
const progressInterval = 400 * time.Millisecond

// progressID is the activity's number, of which each builder has its own.
const progressID = 1

// Progress tells Nix how a builder's download goes, as Nix's own downloads do:
// its progress bar adds them up.
type Progress struct {
	log io.Writer

	mu         sync.Mutex
	last       time.Time // of the last line
	done, size int64     // as last reported
	told       bool      // that
}

// A line has all of its fields: Nix 2.8 ends the build over one that is missing.
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

// StartProgress begins a download from a URL, of which all can read, and calls
// it text. log is the builder's standard error; the lines that get lost there
// are no error.
func StartProgress(log io.Writer, url, text string) *Progress {
	p := &Progress{log: log, told: true}
	p.write(progressStart{Action: "start", ID: progressID, Level: levelTalkative, Type: activityFileTransfer, Text: text, Fields: []string{url}})
	return p
}

// Report tells how many bytes there are, of how many; below 0 means that nobody
// knows. It may be called as often as something comes, and by several
// goroutines.
func (p *Progress) Report(done, size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.size, p.told = done, max(size, 0), false
	if now := time.Now(); now.Sub(p.last) >= progressInterval {
		p.last = now
		p.tell()
	}
}

// Stop ends the download, after the last that was reported of it.
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

// write writes a line in one piece, so that no other gets into it.
func (p *Progress) write(line any) {
	data, err := json.Marshal(line)
	if err != nil {
		panic(err) // of strings and numbers there is always one
	}
	fmt.Fprintf(p.log, "@nix %s\n", data)
}
