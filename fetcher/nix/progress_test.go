package nix

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := StartProgress(&log, "https://h/v2/x/blobs/sha256:1", `downloading layer "1"`)
		p.Report(10, -1)
		p.Report(20, 100)
		time.Sleep(progressInterval)
		p.Report(30, 100)
		p.Report(100, 100)
		p.Stop()
		want := `@nix {"action":"start","id":1,"level":4,"type":101,"text":"downloading layer \"1\"","fields":["https://h/v2/x/blobs/sha256:1"],"parent":0}
@nix {"action":"result","id":1,"type":105,"fields":[10,0,0,0]}
@nix {"action":"result","id":1,"type":105,"fields":[30,100,0,0]}
@nix {"action":"result","id":1,"type":105,"fields":[100,100,0,0]}
@nix {"action":"stop","id":1}
`
		if got := log.String(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// A download of no bytes has a start line and a stop line.
func TestProgressOfNothing(t *testing.T) {
	var log bytes.Buffer
	StartProgress(&log, "https://h", "downloading").Stop()
	if got := strings.Count(log.String(), "\n"); got != 2 || strings.Contains(log.String(), "result") {
		t.Errorf("got\n%s", log.String())
	}
}

// The number of lines depends on the time a download takes, not on the number
// of reports.
func TestProgressIsThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := StartProgress(&log, "https://h", "downloading")
		const seconds = 60
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for i := range int64(seconds * 100) {
					time.Sleep(10 * time.Millisecond)
					p.Report(i, -1)
				}
			})
		}
		wait.Wait()
		p.Stop()
		if got := strings.Count(log.String(), "\n"); got > 4*seconds || got < 2*seconds {
			t.Errorf("%d lines in %d seconds", got, seconds)
		}
	})
}
