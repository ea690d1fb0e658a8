package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hocker/fetcher"
	"hocker/fetcher/content"
)

// transferFlags set the mirrors, the number of connections and the time limits
// of transfers.
type transferFlags struct {
	Mirror         []string      `group:"transfer" placeholder:"REGISTRY=URI" sep:"none" help:"Try this mirror of a registry first, such as docker.io=https://mirror.example/v2/, or *=cache:5000 for every registry. Can be repeated (default: $$HOCKER_MIRRORS, separated by commas)."`
	Connections    int           `group:"transfer" default:"8" placeholder:"N" help:"Connections to one host at a time, for large blobs (default: 8)."`
	ConnectTimeout time.Duration `group:"transfer" default:"10s" placeholder:"TIME" help:"Time limit for connecting (default: 10s)."`
	AnswerTimeout  time.Duration `group:"transfer" default:"30s" placeholder:"TIME" help:"Time limit for an answer to begin (default: 30s)."`
	StallTimeout   time.Duration `group:"transfer" default:"30s" placeholder:"TIME" help:"Reconnect after this time without a byte, and if the rate is below 64 bytes a second over twice this time (default: 30s)."`
	MaxTime        time.Duration `group:"transfer" placeholder:"TIME" help:"Stop after this time (default: no limit)."`
}

func (f *transferFlags) check() error {
	switch {
	case f.Connections < 1:
		return fmt.Errorf("--connections must be at least 1")
	case f.ConnectTimeout <= 0, f.AnswerTimeout <= 0, f.StallTimeout <= 0, f.MaxTime < 0:
		return fmt.Errorf("times must be greater than 0, such as 500ms, 30s or 5m")
	}
	return nil
}

// mirrors returns the mirrors from the flags, else from the environment.
func (f *transferFlags) mirrors(p process) ([]fetcher.Mirror, error) {
	if len(f.Mirror) > 0 {
		mirrors, err := fetcher.ParseMirrors(strings.Join(f.Mirror, ","))
		if err != nil {
			return nil, usagef("--mirror: %w", err)
		}
		return mirrors, nil
	}
	mirrors, err := fetcher.ParseMirrors(p.getenv("HOCKER_MIRRORS"))
	if err != nil {
		return nil, usagef("HOCKER_MIRRORS: %w", err)
	}
	return mirrors, nil
}

// timeError is returned for a run that took longer than it may.
type timeError struct {
	limit   time.Duration
	setting string // --max-time or HOCKER_MAX_TIME
}

func (e *timeError) Error() string {
	return fmt.Sprintf("not finished within %s %s", e.setting, e.limit)
}

func (e *timeError) Is(target error) bool { return target == content.ErrUnavailable }

// limit returns ctx with the time limit from --max-time.
func (f *transferFlags) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if f.MaxTime == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, f.MaxTime, &timeError{f.MaxTime, "--max-time"})
}

// limited is a command with a time limit.
type limited interface {
	limit(ctx context.Context) (context.Context, context.CancelFunc)
}
