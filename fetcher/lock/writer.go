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

// Writer changes a lock file. Any number of them, in any number of processes,
// may change the same file at once: no change is lost.
type Writer struct {
	Path   string
	DryRun bool // find out what would be changed, and write nothing
	// Notice is told, in a line, that another program is waited for. It may be nil.
	Notice func(line string)
}

// Edit is what is to become of some images of a lock file.
type Edit struct {
	Set    map[string]Image // new ones, and those in place of others of their names
	Remove []string
}

// Change reads the file, an empty one if there is none, and has plan say what is
// to become of it. Then it writes the file, whole or not at all. before and after
// are what the file was and is; they differ by the edit alone.
//
// Plan may take its time: the file is not locked while it asks registries. Where
// somebody else has changed one of the same images since, plan is asked again.
//
// Errors: *[FileError], *[UnwritableError], those of plan, the cause of ctx.
func (w Writer) Change(ctx context.Context, plan func(before File) (Edit, error)) (before, after File, err error) {
	if before, err = readOrNew(w.Path); err != nil {
		return File{}, File{}, err
	}
	for {
		edit, err := plan(before)
		if err != nil {
			return File{}, File{}, err
		}
		edit = edit.since(before)
		if w.DryRun {
			return before, edit.apply(before), nil
		}
		now, written, err := w.apply(ctx, before, edit)
		if err != nil {
			return File{}, File{}, err
		}
		if written {
			return now, edit.apply(now), nil
		}
		before = now
	}
}

// apply makes the edit of the file as it is now, unless one of its images is not
// what the edit was planned for.
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

// Found reports whether there was a file, when it was read.
func (f File) Found() bool { return f.read != nil }

// readOrNew reads a file that is to be written, or is not there yet. That cannot
// be a pipe, which would be waited for.
func readOrNew(path string) (File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return File{}, &FileError{Path: path, Reason: "it is no regular file, and cannot be changed"}
	}
	f, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, nil
	}
	return f, err
}

// since is e without what leaves an image of f as it is.
func (e Edit) since(f File) Edit {
	set := maps.Clone(e.Set)
	maps.DeleteFunc(set, func(name string, i Image) bool {
		was, ok := f.Images[name]
		return ok && reflect.DeepEqual(was, i)
	})
	return Edit{Set: set, Remove: e.Remove}
}

// outdated reports whether an image that e changes differs in the two files.
func (e Edit) outdated(planned, now File) bool {
	names := slices.AppendSeq(slices.Clone(e.Remove), maps.Keys(e.Set))
	return slices.ContainsFunc(names, func(name string) bool {
		return !reflect.DeepEqual(planned.Images[name], now.Images[name])
	})
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
	return File{Images: images, read: f.read}
}
