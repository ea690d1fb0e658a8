package main

import (
	"context"
	"fmt"
	"strings"

	"hocker/fetcher/lock"
	"hocker/fetcher/printable"
)

// commitMessageFlag is the file for a message about the changes.
type commitMessageFlag struct {
	CommitMessage string `placeholder:"FILE" help:"Write a message for git commit --file to this file, if something has changed."`
}

// check is called by Validate.
func (f commitMessageFlag) check() error {
	if f.CommitMessage == "" {
		return nil
	}
	return checkFolder("--commit-message", f.CommitMessage)
}

func (f commitMessageFlag) write(ctx context.Context, p process, changes []lock.Change) error {
	if f.CommitMessage == "" || len(changes) == 0 {
		return nil
	}
	return outputFlag{Out: f.CommitMessage}.writeBytes(ctx, p, []byte(commitMessage(changes)))
}

// maxSubject is how many characters of a subject git and its web pages show.
const maxSubject = 72

// commitMessage returns a subject, and a line with the digests for each image.
func commitMessage(changes []lock.Change) string {
	subject := fmt.Sprintf("Update %d container images", len(changes))
	if len(changes) == 1 {
		subject = "Update a container image"
		if one := changeSummary(changes[0]); len(one) <= maxSubject {
			subject = one
		}
	}
	var message strings.Builder
	message.WriteString(subject + "\n\n")
	for _, c := range changes {
		line := fmt.Sprintf("- %s (%s)", changeSummary(c), c.Reference.Repository.Familiar())
		if c.New != "" {
			line += " " + c.New.String()
		}
		message.WriteString(printable.Text(line) + "\n")
	}
	return message.String()
}

// changeSummary says what has changed, as commits of nixpkgs do.
func changeSummary(c lock.Change) string {
	switch {
	case c.New == "":
		return c.Name + ": remove"
	case c.Old == "" && c.Reference.Tag != "":
		return c.Name + ": add " + c.Reference.Tag
	case c.Old == "":
		return c.Name + ": add " + tableDigest(c.New)
	case c.Was.Tag != c.Reference.Tag && c.Was.Tag != "" && c.Reference.Tag != "":
		return c.Name + ": " + c.Was.Tag + " -> " + c.Reference.Tag
	case c.Old == c.New && c.Reference.Digest != "" && c.Was.Digest == "":
		return c.Name + ": pin " + tableDigest(c.New)
	case c.Old == c.New:
		return c.Name + ": " + tableDigest(c.New)
	}
	return strings.TrimSpace(c.Name + ": " + c.Reference.Tag + " " + tableDigest(c.Old) + " -> " + tableDigest(c.New))
}
