package lock

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
)

// Writer changes a lock file. Several Writers, also in different processes, may change
// the same file at once without losing a change.
type Writer struct {
	Path   string
	DryRun bool // compute the change, but do not write it
	// Notice is called with one line when waiting for another program. It may be nil.
	Notice func(line string)
}

// Edit is a change of some images and sources of a lock file.
type Edit struct {
	Set     map[string]Image // images to add or replace, by name
	Remove  []string
	Sources map[string]SourceFile // sources to add or replace, by path
	Forget  []string              // sources to remove
}

// Change reads the file, applies the edit that plan returns, and writes the file whole
// or not at all. A missing file counts as empty. It returns the file before and after
// the change; they differ only by the edit.
//
// The file is not locked while plan runs, so plan may ask registries. If another program
// changes one of the same images meanwhile, plan is called again. An edit that plan
// returns with an error is made as well, even if ctx has ended: it is what was done
// before.
//
// Errors: *[FileError], *[UnwritableError], the errors of plan, the cause of ctx.
func (w Writer) Change(ctx context.Context, plan func(before File) (Edit, error)) (before, after File, err error) {
	if before, err = readOrNew(w.Path); err != nil {
		return File{}, File{}, err
	}
	for {
		edit, failure := plan(before)
		edit = edit.since(before)
		switch {
		case failure != nil && edit.isEmpty():
			return File{}, File{}, failure
		case failure != nil:
			ctx = context.WithoutCancel(ctx)
		}
		if w.DryRun {
			return before, edit.apply(before), failure
		}
		now, written, err := w.apply(ctx, before, edit)
		if err != nil {
			if failure != nil {
				err = errors.Join(failure, err)
			}
			return File{}, File{}, err
		}
		if written {
			return now, edit.apply(now), failure
		}
		before = now
	}
}

// apply applies the edit to the current file, unless one of the images to change differs
// from the planned file.
func (w Writer) apply(ctx context.Context, planned File, edit Edit) (now File, written bool, err error) {
	target, err := followLinks(w.Path)
	if err != nil {
		return File{}, false, err
	}
	release, err := hold(ctx, target, w.Notice)
	if err != nil {
		return File{}, false, err
	}
	defer release()
	if now, err = readOrNew(w.Path); err != nil || edit.outdated(planned, now) {
		return now, false, err
	}
	data, err := edit.apply(now).Format()
	if err != nil {
		return File{}, false, err
	}
	return now, true, replace(target, now.read, data)
}

// Found reports whether the file existed when it was read.
func (f File) Found() bool { return f.read != nil }

// readOrNew reads a file, or returns an empty one if it does not exist. It rejects pipes,
// which would block.
func readOrNew(path string) (File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return File{}, &FileError{Path: path, Reason: "not a regular file, cannot be changed"}
	}
	f, err := read(path, parseStale)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, nil
	}
	return f, err
}

// since returns e without the images and sources that it would not change in f.
func (e Edit) since(f File) Edit {
	set := maps.Clone(e.Set)
	maps.DeleteFunc(set, func(name string, i Image) bool {
		was, ok := f.Images[name]
		return ok && reflect.DeepEqual(was, i)
	})
	e.Set = set
	sources := maps.Clone(e.Sources)
	maps.DeleteFunc(sources, func(path string, s SourceFile) bool {
		was, ok := f.Sources[path]
		return ok && reflect.DeepEqual(was, s)
	})
	e.Sources = sources
	return e
}

// outdated reports whether an image that e changes differs between the two files, or a
// source does and e is about sources.
func (e Edit) outdated(planned, now File) bool {
	if e.isAboutSources() && !reflect.DeepEqual(planned.Sources, now.Sources) {
		return true
	}
	names := slices.AppendSeq(slices.Clone(e.Remove), maps.Keys(e.Set))
	return slices.ContainsFunc(names, func(name string) bool {
		return !reflect.DeepEqual(planned.Images[name], now.Images[name])
	})
}

// isAboutSources reports whether e changes sources, or images that they name.
func (e Edit) isAboutSources() bool {
	for _, i := range e.Set {
		if len(i.Sources) > 0 {
			return true
		}
	}
	return len(e.Sources) > 0 || len(e.Forget) > 0
}

func (e Edit) isEmpty() bool {
	return len(e.Set) == 0 && len(e.Remove) == 0 && len(e.Sources) == 0 && len(e.Forget) == 0
}

func (e Edit) apply(f File) File {
	images := maps.Clone(f.Images)
	if images == nil {
		images = map[string]Image{}
	}
	for _, name := range e.Remove {
		delete(images, name)
	}
	maps.Copy(images, e.Set)
	sources := maps.Clone(f.Sources)
	if sources == nil && len(e.Sources) > 0 {
		sources = map[string]SourceFile{}
	}
	for _, path := range e.Forget {
		delete(sources, path)
	}
	maps.Copy(sources, e.Sources)
	return File{Images: images, Sources: sources, read: f.read}
}
