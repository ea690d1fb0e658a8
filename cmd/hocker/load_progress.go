package main

import (
	"context"
	"errors"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/engine"
	"hocker/fetcher/image"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// loadProgress shows the loading of one image.
type loadProgress struct {
	p     process
	image engine.Image
	name  string
	quiet bool
	show  progress

	watcher watcher // nil before anything is sent
	left    int64   // bytes that the watcher expects
}

func newLoadProgress(ctx context.Context, p process, image engine.Image, quiet bool) *loadProgress {
	return &loadProgress{p: p, image: image, name: shownName(image), quiet: quiet, show: newProgress(ctx, p, quiet)}
}

// progress returns the callbacks for the engine.
func (l *loadProgress) progress() engine.Progress {
	return engine.Progress{Plan: l.plan, Sent: l.sent}
}

// plan prints what is sent, and why.
func (l *loadProgress) plan(plan engine.Plan) {
	if plan.Outcome != engine.Loaded {
		return
	}
	if plan.Foreign != "" && plan.Whole == "" {
		l.say("warning: %s is for %s, but the engine runs %s: it may not start", l.name, image.FormatPlatform(l.image.Platform), plan.Foreign)
	}
	size := bytecount.Format(plan.Bytes)
	switch {
	case plan.Whole != "":
		l.say("%s: the engine does not accept a partial image (%s): sending all of it, %s", l.name, plan.Whole, size)
	case plan.LayersPresent > 0:
		l.say("%s: %d of %d layers already present, sending %s", l.name, plan.LayersPresent, plan.Layers, size)
	default:
		l.say("%s: sending %s", l.name, size)
	}
	if l.watcher != nil {
		l.watcher.Done(errRefused)
	}
	l.left = plan.Bytes
	l.show.expect(plan.Bytes)
	l.watcher = l.show.watch("image", ocispec.Descriptor{Digest: l.image.Config.Digest, Size: plan.Bytes})
}

// errRefused ends the display of an archive that the engine has refused.
var errRefused = errors.New("the engine refused the archive")

func (l *loadProgress) say(format string, args ...any) {
	if !l.quiet {
		l.p.sayf(format, args...)
	}
}

// sent shows n more bytes. It holds back the last byte until the engine has unpacked
// everything, which takes longer than sending it.
func (l *loadProgress) sent(n int64) {
	n = min(n, l.left-1)
	if l.watcher != nil && n > 0 {
		l.left -= n
		l.watcher.add(n)
	}
}

// done ends the display.
func (l *loadProgress) done(err error) {
	if l.watcher != nil {
		if err == nil {
			l.watcher.add(l.left)
		}
		l.watcher.Done(err)
	}
	l.show.done(err == nil)
}
