package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"hocker/fetcher/bounded"
	"hocker/fetcher/lock"
	"hocker/fetcher/reference"
	sourcefile "hocker/fetcher/source"

	"golang.org/x/term"
)

// fromFlag names files with references.
type fromFlag struct {
	From []string          `sep:"none" placeholder:"FILE" help:"Lock the images that a compose file, a Kubernetes manifest, a Dockerfile or a quadlet file names; - is standard input, which updates cannot read again. Can be repeated."`
	once map[string][]byte // what can be read only once: standard input, pipes
}

// origin is one value of --from.
type origin struct {
	key    string // empty if updates cannot read it
	source lock.SourceFile
	sourcefile.Result
}

// addFrom reads the files of --from. It adds their images to wanted, and returns the
// other changes.
func (c *lockAddCmd) addFrom(ctx context.Context, p process, before lock.File, wanted map[string]lock.Wanted) (lock.Edit, error) {
	edit := lock.Edit{Set: map[string]lock.Image{}, Sources: map[string]lock.SourceFile{}}
	if len(c.From) == 0 {
		return edit, nil
	}
	var named []lock.Named
	read := []string{}
	for _, argument := range c.From {
		o, err := c.origin(ctx, p, before, argument)
		if err != nil {
			return edit, err
		}
		if o.key != "" {
			edit.Sources[o.key] = o.source
			read = append(read, o.key)
		}
		for _, i := range o.Images {
			named = append(named, asNamed(i, o.key, o.source.PlainHTTP))
		}
	}
	if err := c.giveName(named); err != nil {
		return edit, &usageError{err: err}
	}
	match, err := before.Match(read, named, true)
	if err != nil {
		return edit, &usageError{err: err}
	}
	c.lockTableFlag.named = places(match)
	edit.Remove = match.Gone
	return edit, c.wantMatched(before, match, &edit, wanted)
}

// wantMatched adds the images that files name to wanted, and those that others name to
// edit.
func (c *lockAddCmd) wantMatched(before lock.File, match lock.Match, edit *lock.Edit, wanted map[string]lock.Wanted) error {
	platforms, err := c.platforms()
	if err != nil {
		return &usageError{err: err}
	}
	for name, m := range match.Images {
		old, there := before.Images[name]
		other, taken := wanted[name]
		switch {
		case m.Where == lock.Place{}: // another source still names it
			old.Sources = m.Sources
			edit.Set[name] = old
			continue
		case taken && other.Reference != m.Reference:
			return usagef("%s and %s (%s) would both be named %s: give the first one another name, as NAME=%s", other.Reference.Familiar(), m.Reference.Familiar(), m.Where, name, other.Reference.Familiar())
		}
		w := c.want(m.Reference, old, there, platforms)
		w.Sources = m.Sources
		if !there && len(m.Sources) > 0 {
			s, ok := edit.Sources[m.Sources[0]]
			if !ok {
				s = before.Sources[m.Sources[0]]
			}
			w.AllPlatforms, w.Platforms = s.AllPlatforms, s.Platforms
		}
		wanted[name] = w
	}
	return nil
}

// giveName gives the name in --name to the only image of the files.
func (c *lockAddCmd) giveName(named []lock.Named) error {
	if c.Name == "" {
		return nil
	}
	if err := lock.CheckName(c.Name); err != nil {
		return fmt.Errorf("--name: %w", err)
	}
	references := map[reference.Reference]bool{}
	for i := range named {
		references[named[i].Reference] = true
		named[i].Name = c.Name
	}
	if len(references) > 1 {
		return fmt.Errorf("--name is for one image, but %s names %d: write # hocker: name=NAME beside each", strings.Join(c.From, " and "), len(references))
	}
	return nil
}

// origin reads what one value of --from names.
func (c *lockAddCmd) origin(ctx context.Context, p process, before lock.File, argument string) (origin, error) {
	reader := c.sourceReader(ctx, p)
	paths := strings.Split(argument, ":")
	if err := c.readOnce(ctx, p, paths); err != nil {
		return origin{}, err
	}
	kind, result, err := c.readImages(p, reader, argument, paths)
	if err != nil {
		return origin{}, err
	}
	var keys []string
	for _, path := range paths {
		key, err := reader.key(path)
		if err != nil {
			return origin{}, err
		}
		keys = append(keys, key)
	}
	o := origin{Result: result}
	var was lock.SourceFile
	if !slices.ContainsFunc(paths, func(path string) bool { return c.once[path] != nil }) {
		o.key, was = keys[0], before.Sources[keys[0]]
	}
	o.source, err = c.sourceFile(kind, keys[1:], was)
	return o, err
}

// readImages reads the images that files name, of which there must be one.
func (c *lockAddCmd) readImages(p process, reader sourceReader, argument string, paths []string) (sourcefile.Kind, sourcefile.Result, error) {
	none := sourcefile.Result{}
	open := reader.Open
	reader.Open = func(path string) ([]byte, error) {
		if data, ok := c.once[path]; ok {
			return data, nil
		}
		return open(path)
	}
	data, err := reader.Open(paths[0])
	if err != nil {
		usage := &usageError{err: fmt.Errorf("--from: %w", err)}
		if errors.Is(err, syscall.EISDIR) {
			usage.hint = "name the files in it that name images"
		}
		return "", none, usage
	}
	kind, err := sourcefile.Detect(paths[0], data)
	if err != nil {
		return "", none, err
	}
	result, err := reader.read(kind, paths...)
	switch {
	case errors.As(err, new(*fs.PathError)) && !errors.As(err, new(*sourcefile.Error)):
		return "", none, &usageError{err: fmt.Errorf("--from %s: %w", argument, err)}
	case err != nil:
		return "", none, err
	}
	for _, s := range result.Skipped {
		c.warn(p, fmt.Sprintf("%s:%d: left out: %s", s.File, s.Line, s.Reason))
	}
	if len(result.Images) == 0 {
		return "", none, usagef("--from %s: it names no image to lock", argument)
	}
	return kind, result, nil
}

// sourceFile returns what the lock file remembers of a source, which may have been in it
// before: what the flags leave open stays.
func (c *lockAddCmd) sourceFile(kind sourcefile.Kind, overrides []string, was lock.SourceFile) (lock.SourceFile, error) {
	s := lock.SourceFile{Kind: string(kind), PlainHTTP: c.PlainHTTP || was.PlainHTTP}
	if len(overrides) > 0 {
		s.Overrides = overrides
	}
	platforms, err := c.platforms()
	if err != nil {
		return s, &usageError{err: err}
	}
	s.AllPlatforms, s.Platforms = c.AllPlatforms, platforms
	if !c.AllPlatforms && len(platforms) == 0 {
		s.AllPlatforms, s.Platforms = was.AllPlatforms, was.Platforms
	}
	return s, nil
}

// readOnce reads standard input and pipes.
func (c *lockAddCmd) readOnce(ctx context.Context, p process, paths []string) error {
	for _, path := range paths {
		info, err := os.Stat(path)
		isPipe := path != standardInput && err == nil && !info.Mode().IsRegular() && !info.IsDir()
		if c.once[path] != nil || path != standardInput && !isPipe {
			continue
		}
		data, err := await(ctx, func() ([]byte, error) { return readInput(p, path) })
		if err != nil {
			return err
		}
		if c.once == nil {
			c.once = map[string][]byte{}
		}
		c.once[path] = data
	}
	return nil
}

// readInput reads standard input or a pipe, up to the limit of a file.
func readInput(p process, path string) ([]byte, error) {
	input := p.stdin
	if path != standardInput {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		input = f
	} else if term.IsTerminal(int(input.Fd())) {
		return nil, usagef("--from -: standard input is a terminal, expected a file, as in helm template … | hocker lock add --from -")
	}
	data, err := bounded.Read(input, sourcefile.MaxFile, "a file that names images")
	if errors.As(err, new(*bounded.TooLargeError)) {
		err = usagef("--from %s: %w", path, err)
	}
	return data, err
}
