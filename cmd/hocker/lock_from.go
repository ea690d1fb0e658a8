package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

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
	platforms, err := c.platforms()
	if err != nil {
		return edit, &usageError{err: err}
	}
	var named []lock.Named
	read := []string{}
	for _, argument := range c.From {
		o, err := c.origin(ctx, p, argument)
		if err != nil {
			return edit, err
		}
		if o.key != "" {
			o.source.Platforms = platforms
			edit.Sources[o.key] = o.source
			read = append(read, o.key)
		}
		for _, i := range o.Images {
			named = append(named, asNamed(i, o.key, c.PlainHTTP))
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
	for name, m := range match.Images {
		old, there := before.Images[name]
		other, taken := wanted[name]
		switch {
		case m.Where == lock.Place{}: // another source still names it
			old.Sources = m.Sources
			edit.Set[name] = old
			continue
		case taken && other.Reference != m.Reference:
			return edit, usagef("%s and %s (%s) would both be named %s: give the first one another name, as NAME=%s", other.Reference.Familiar(), m.Reference.Familiar(), m.Where, name, other.Reference.Familiar())
		}
		w := c.want(m.Reference, old, there, platforms)
		w.Sources = m.Sources
		wanted[name] = w
	}
	return edit, nil
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
func (c *lockAddCmd) origin(ctx context.Context, p process, argument string) (origin, error) {
	reader := c.sourceReader(ctx, p)
	paths := strings.Split(argument, ":")
	if err := c.readOnce(ctx, p, paths); err != nil {
		return origin{}, err
	}
	open := reader.Open
	reader.Open = func(path string) ([]byte, error) {
		if data, ok := c.once[path]; ok {
			return data, nil
		}
		return open(path)
	}
	data, err := reader.Open(paths[0])
	if err != nil {
		return origin{}, &usageError{err: fmt.Errorf("--from: %w", err)}
	}
	o := origin{}
	kind, err := sourcefile.Detect(paths[0], data)
	if err != nil {
		return origin{}, err
	}
	o.Result, err = reader.read(kind, paths...)
	switch {
	case errors.As(err, new(*fs.PathError)) && !errors.As(err, new(*sourcefile.Error)):
		return origin{}, &usageError{err: fmt.Errorf("--from %s: %w", argument, err)}
	case err != nil:
		return origin{}, err
	}
	for _, s := range o.Skipped {
		c.warn(p, fmt.Sprintf("%s:%d: left out: %s", s.File, s.Line, s.Reason))
	}
	if len(o.Images) == 0 {
		return origin{}, usagef("--from %s: it names no image to lock", argument)
	}
	o.source = lock.SourceFile{Kind: string(kind), PlainHTTP: c.PlainHTTP, AllPlatforms: c.AllPlatforms}
	if slices.ContainsFunc(paths, func(path string) bool { return c.once[path] != nil }) {
		return o, nil
	}
	keys := make([]string, len(paths))
	for i, path := range paths {
		if keys[i], err = reader.key(path); err != nil {
			return origin{}, err
		}
	}
	o.key = keys[0]
	if len(keys) > 1 {
		o.source.Overrides = keys[1:]
	}
	return o, nil
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
