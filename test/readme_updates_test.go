package test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// updatesDocument is docs/updates.md.
var updatesDocument = document{
	path:    "docs/updates.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: "--follow", output: `(?m)^nginx +- +→ +1\.29 sha256:[0-9a-f]{12} +[0-9] new`},
	},
	use: func(r *reader, block documentBlock) bool {
		switch {
		case block.language == "sh" && strings.Contains(block.text, "git push"):
			// As Renovate does, this changes the tag alone.
			r.box.mustRun("hocker", "lock", "add", "-q", "old=debian:jessie")
			r.box.mustRun("sed", "-i", `s/"jessie"/"bullseye"/`, "hocker.lock.json")
			r.run(block)
		case block.language == "yaml":
			r.workflow(block)
		case block.language == "json":
			var configuration map[string]any
			if err := json.Unmarshal([]byte(block.text), &configuration); err != nil {
				r.box.t.Errorf("%s: %v", block, err)
			}
		default:
			return false
		}
		return true
	},
}

// workflow is what a file of a CI service has: jobs with steps, or GitLab's scripts.
type workflow struct {
	Jobs map[string]struct {
		Steps []struct {
			Uses string
			With map[string]string
		}
	}
	GitLab struct{ Script []string } `yaml:"update-images"`
}

// workflow runs the script of GitLab's file. Of the other services' it checks that the
// steps use action.yml as it is.
func (r *reader) workflow(block documentBlock) {
	var file workflow
	if err := yaml.Unmarshal([]byte(block.text), &file); err != nil {
		r.box.t.Fatalf("%s: %v", block, err)
	}
	if len(file.GitLab.Script) > 0 {
		r.gitLab(block, file.GitLab.Script)
		return
	}
	text, err := os.ReadFile(filepath.Join(shared.root, "action.yml"))
	if err != nil {
		r.box.t.Fatal(err)
	}
	var action struct{ Inputs map[string]any }
	if err := yaml.Unmarshal(text, &action); err != nil {
		r.box.t.Fatal(err)
	}
	uses := 0
	for _, job := range file.Jobs {
		for _, step := range job.Steps {
			if !strings.Contains(step.Uses, "OWNER/hocker@") {
				continue
			}
			uses++
			for name := range step.With {
				if action.Inputs[name] == nil {
					r.box.t.Errorf("%s: action.yml has no input %s", block, name)
				}
			}
		}
	}
	if uses != 1 {
		r.box.t.Errorf("%s: %d steps use action.yml", block, uses)
	}
}

// gitLab runs a script as GitLab does, in a shell that has its variables. The push
// reaches the box's remote, which keeps the push options.
func (r *reader) gitLab(block documentBlock, script []string) {
	origin := filepath.Join(r.box.dir, "origin")
	r.box.write(filepath.Join(origin, "hooks", "post-receive"), "#!/bin/sh\nenv | grep ^GIT_PUSH_OPTION_ >options\n", 0o755)
	r.box.mustRun("git", "--git-dir", origin, "config", "receive.advertisePushOptions", "true")
	r.box.mustRun("git", "config", "url."+origin+".insteadOf", "https://hocker:token@gitlab.example/me/images.git")
	r.box.mustRun("sed", "-i", `s/"tag": "bullseye"/"tag": "jessie"/`, "hocker.lock.json")
	block.text = strings.Join(append([]string{
		"nix() { :; }", "PUSH_TOKEN=token CI_SERVER_FQDN=gitlab.example CI_PROJECT_PATH=me/images", "rm -f message",
	}, script...), "\n")
	r.run(block)
	options, err := os.ReadFile(filepath.Join(origin, "options"))
	if err != nil {
		r.box.t.Fatal(err)
	}
	for _, want := range []string{
		"=merge_request.create\n",
		"=merge_request.title=old: bullseye -> jessie\n",
		`=merge_request.description=| Image | Old | New | Layers | To fetch |\n| --- |`,
	} {
		if !strings.Contains(string(options), want) {
			r.box.t.Errorf("%s: the push options lack %q:\n%s", block, want, options)
		}
	}
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
	subjects, err := r.box.command("git", "--git-dir", "../origin", "log", "--format=%s", "hocker/update").CombinedOutput()
	if want := "old: bullseye -> jessie\nold: jessie -> bullseye\n"; err != nil || string(subjects) != want {
		t.Errorf("the pushed commits are %q, %v, want %q", subjects, err, want)
	}
}
