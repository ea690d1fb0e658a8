package test

import (
	"encoding/json"
	"strings"
	"testing"
)

// updatesDocument is docs/updates.md.
var updatesDocument = document{
	path:    "docs/updates.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: "--follow", output: `(?m)^nginx +- +→ +1\.29 sha256:[0-9a-f]{12} +[0-9] new`},
	},
	use: func(r *reader, block documentBlock) bool {
		if block.language == "sh" && strings.Contains(block.text, "git push") {
			// As Renovate does, this changes the tag alone.
			r.box.mustRun("hocker", "lock", "add", "-q", "old=debian:jessie")
			r.box.mustRun("sed", "-i", `s/"jessie"/"bullseye"/`, "hocker.lock.json")
			r.run(block)
			return true
		}
		if block.language != "json" {
			return false
		}
		var configuration map[string]any
		if err := json.Unmarshal([]byte(block.text), &configuration); err != nil {
			r.box.t.Errorf("%s: %v", block, err)
		}
		return true
	},
}

// TestUpdates follows docs/updates.md.
func TestUpdates(t *testing.T) {
	r := updatesDocument.read(t, func(b *box) {
		b.mustRun("git", "init", "-q", "--bare", "../origin")
		b.mustRun("git", "init", "-q")
		b.mustRun("git", "config", "user.name", "me")
		b.mustRun("git", "config", "user.email", "me@example.com")
		b.mustRun("git", "remote", "add", "origin", "../origin")
	})
	if r == nil {
		return
	}
	subject, err := r.box.command("git", "--git-dir", "../origin", "log", "--format=%s", "hocker/update").CombinedOutput()
	if want := "old: jessie -> bullseye\n"; err != nil || !strings.HasPrefix(string(subject), want) {
		t.Errorf("the pushed commit is %q, %v, want %s…", subject, err, want)
	}
}
