package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"

	"hocker/fetcher"
	"hocker/fetcher/credential"
	"hocker/fetcher/lock"
	"hocker/fetcher/reference"
	"hocker/fetcher/signature"

	"github.com/opencontainers/go-digest"
)

// lockFileFlag names the lock file.
type lockFileFlag struct {
	File string `default:"hocker.lock.json" placeholder:"PATH" help:"Lock file (default: hocker.lock.json)."`
}

// AfterApply is called by kong.
func (f lockFileFlag) AfterApply() error {
	if f.File == "-" {
		return fmt.Errorf("--file -: the lock file cannot be standard input or output: name a file")
	}
	return checkFolder("--file", f.File)
}

// read reads the lock file, which must exist. It may be a pipe.
func (f lockFileFlag) read(ctx context.Context) (lock.File, error) {
	file, err := await(ctx, func() (lock.File, error) { return lock.Read(f.File) })
	if errors.Is(err, fs.ErrNotExist) {
		return lock.File{}, f.missing()
	}
	return file, err
}

func (f lockFileFlag) missing() error {
	return usagef("lock file %s does not exist: create it with `hocker lock add REFERENCE`, or name another one with --file", f.File)
}

// lockChangeFlags are the flags of commands that change the lock file.
type lockChangeFlags struct {
	lockFileFlag
	DryRun bool `help:"Show the changes without making them."`
}

// change calls plan for the new lock file, writes it, and shows the difference: also if
// plan fails, but for some images only.
func (f lockChangeFlags) change(ctx context.Context, p process, table *lockTableFlag, plan func(lock.File) (lock.Edit, error)) error {
	w := lock.Writer{Path: f.File, DryRun: f.DryRun, Notice: func(line string) { p.sayf("%s", line) }}
	before, after, err := w.Change(ctx, plan)
	if err == nil || len(after.Images) > 0 {
		changes := table.withPlaces(lock.Compare(before, after))
		table.sourcesChanged = !reflect.DeepEqual(before.Sources, after.Sources)
		written := table.message.write(ctx, p, changes)
		if shown := cmp.Or(table.show(ctx, p, changes), written); err == nil {
			return shown
		}
	}
	return p.withFailures(err, table.named)
}

// lockRegistryFlags are the flags of commands that talk to registries, perhaps
// to several at once.
type lockRegistryFlags struct {
	registryFlags
	verifyFlags
	jobsFlag
	mirrored func(reference.Reference) string // of the client, once there is one
}

type jobsFlag struct {
	Jobs int `group:"transfer" default:"16" placeholder:"N" help:"Requests at a time, to each registry (default: 16)."`
}

// check is called by Validate.
func (f jobsFlag) check() error {
	if f.Jobs < 1 || f.Jobs > fetcher.MaxIdleConnections {
		return fmt.Errorf("--jobs must be from 1 to %d", fetcher.MaxIdleConnections)
	}
	return nil
}

// Validate is called by kong.
func (f *lockRegistryFlags) Validate() error {
	if err := f.jobsFlag.check(); err != nil {
		return err
	}
	if err := f.verifyFlags.check(); err != nil {
		return err
	}
	return f.registryFlags.Validate()
}

// locker makes the client for images. The audience is [registryFlags.typed] or
// [registryFlags.readFrom], depending on where the names come from.
func (f *lockRegistryFlags) locker(ctx context.Context, p process, audience func([]reference.Registry) (credential.Audience, error), refs []reference.Reference) (*lock.Locker, error) {
	registries := make([]reference.Registry, len(refs))
	for i, ref := range refs {
		registries[i] = ref.Registry
	}
	who, err := audience(registries)
	if err != nil {
		return nil, err
	}
	client, err := f.client(ctx, p, who)
	if err != nil {
		return nil, err
	}
	f.mirrored = client.Mirrored
	locker := &lock.Locker{Source: client, Jobs: f.Jobs, Notice: func(line string) { f.warn(p, line) }}
	v, err := f.verifier(ctx, p, client, locker.Notice)
	if v != nil {
		locker.Vouch = v.vouchLocked
	}
	return locker, err
}

// vouchLocked returns the fingerprint of the key that vouches for an image of a lock
// file: for its index, or for all platforms that it is locked for.
func (v *verifier) vouchLocked(ctx context.Context, i lock.Image, index []byte, prefer digest.Digest) (digest.Digest, error) {
	image := signature.Image{Reference: i.Reference, Prefer: prefer, Index: i.Index.Digest}
	for _, system := range i.Systems() {
		image.Manifests = append(image.Manifests, i.Platforms[system].Manifest.Digest)
	}
	key, err := v.vouched(ctx, image, index)
	return key.Fingerprint, err
}
