package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"hocker/fetcher/credential"
	"hocker/fetcher/lock"
	"hocker/fetcher/printable"
	"hocker/fetcher/reference"
	sourcefile "hocker/fetcher/source"
)

// sourceReader reads the files that name images.
type sourceReader struct {
	folder string // that of the lock file
	sourcefile.Reader
}

func (f lockFileFlag) sourceReader(ctx context.Context, p process) sourceReader {
	return sourceReader{filepath.Dir(f.File), sourcefile.Reader{
		Open: sourcefile.Files(ctx), List: sourcefile.List, Variable: p.lookupEnv, Secret: credential.SecretVariables,
	}}
}

// path returns the path of a source that the lock file names.
func (r sourceReader) path(key string) string {
	return filepath.Join(r.folder, filepath.FromSlash(key))
}

// sourcePath is path of the sourceReader.
func (f lockFileFlag) sourcePath(key string) string {
	return sourceReader{folder: filepath.Dir(f.File)}.path(key)
}

// key returns the path by which the lock file names a file.
func (r sourceReader) key(path string) (string, error) {
	folder, err := filepath.Abs(r.folder)
	if err != nil {
		return "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	relative, err := filepath.Rel(folder, path)
	return filepath.ToSlash(relative), err
}

// all reads the sources of a lock file.
func (r sourceReader) all(file lock.File) ([]lock.Named, error) {
	var named []lock.Named
	for _, key := range slices.Sorted(maps.Keys(file.Sources)) {
		s := file.Sources[key]
		paths := []string{r.path(key)}
		for _, override := range s.Overrides {
			paths = append(paths, r.path(override))
		}
		result, err := r.read(sourcefile.Kind(s.Kind), paths...)
		isNamed := errors.As(err, new(*sourcefile.Error)) // by the file itself
		if missing := (*fs.PathError)(nil); !isNamed && errors.As(err, &missing) && errors.Is(err, fs.ErrNotExist) {
			return nil, &usageError{
				err:  fmt.Errorf("%s does not exist: images of the lock file are named by it", missing.Path),
				hint: fmt.Sprintf("if it has moved, hocker lock add --from its new path; then, or if it is gone for good: hocker lock remove --from %s", paths[0]),
			}
		}
		if err != nil {
			return nil, err
		}
		for _, i := range result.Images {
			named = append(named, asNamed(i, key, s.PlainHTTP))
		}
	}
	return named, nil
}

// read reads files, and checks the names in their comments.
func (r sourceReader) read(kind sourcefile.Kind, paths ...string) (sourcefile.Result, error) {
	result, err := r.Read(kind, paths...)
	switch {
	case errors.As(err, new(*fs.PathError)) && !errors.As(err, new(*sourcefile.Error)):
		return sourcefile.Result{}, &usageError{err: err}
	case err != nil:
		return sourcefile.Result{}, err
	}
	for _, i := range result.Images {
		if i.Name == "" {
			continue
		}
		if err := lock.CheckName(i.Name); err != nil {
			return sourcefile.Result{}, &sourcefile.Error{File: i.File, Line: i.Line, Err: err}
		}
	}
	return result, nil
}

// asNamed returns an image of a source as the lock file knows it.
func asNamed(i sourcefile.Image, key string, plainHTTP bool) lock.Named {
	ref := i.Reference
	if plainHTTP && !ref.Registry.IsDockerHub() {
		ref.Registry.Scheme = "http"
	}
	return lock.Named{Reference: ref, Name: i.Name, Source: key, Where: lock.Place{File: i.File, Line: i.Line}}
}

// match reads the sources of a lock file, and finds their images in it.
func (f lockFileFlag) match(ctx context.Context, p process, file lock.File) (lock.Match, error) {
	if len(file.Sources) == 0 {
		return lock.Match{}, nil
	}
	named, err := f.sourceReader(ctx, p).all(file)
	if err != nil {
		return lock.Match{}, err
	}
	match, err := file.Match(slices.Sorted(maps.Keys(file.Sources)), named, false)
	if err != nil {
		return lock.Match{}, &usageError{err: err}
	}
	return match, nil
}

// places returns where the images are named, by their names.
func places(match lock.Match) map[string]lock.Place {
	all := map[string]lock.Place{}
	for name, m := range match.Images {
		all[name] = m.Where
	}
	return all
}

// difference is an image that the sources name otherwise than it is locked.
type difference struct {
	name  string
	was   lock.Image // without a reference if it is not locked
	named reference.Reference
	where string // FILE:LINE, or the source that no longer names it
}

// differences returns what the sources name otherwise, sorted by name.
func (f lockFileFlag) differences(file lock.File, match lock.Match) []difference {
	byName := map[string]difference{}
	for name, m := range match.Images {
		if was := file.Images[name]; was.Reference != m.Reference {
			byName[name] = difference{name, was, m.Reference, m.Where.String()}
		}
	}
	for _, name := range match.Gone {
		was := file.Images[name]
		byName[name] = difference{name: name, was: was, where: f.sourcePath(was.Sources[0])}
	}
	var all []difference
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, byName[name])
	}
	return all
}

// row returns the difference for the output of check --json.
func (d difference) row() tagRow {
	row := tagRow{Name: d.name, Reference: d.named.String(), Locked: d.was.Digest().String(), Moved: true, NewTag: d.named.Tag, Source: d.where}
	if d.named == (reference.Reference{}) {
		row.Reference = d.was.Reference.String()
	}
	return row
}

// differenceTable returns a table of differences.
func differenceTable(all []difference) [][]string {
	table := [][]string{{"IMAGE", "LOCKED", "", "NAMED", "BY"}}
	for _, d := range all {
		was, named := "-", "-"
		if d.was.Reference != (reference.Reference{}) {
			was = d.was.Reference.Familiar()
		}
		if d.named != (reference.Reference{}) {
			named = d.named.Familiar()
		}
		table = append(table, []string{d.name, was, "→", named, printable.Cell(d.where)})
	}
	return table
}
