package lock

import (
	"path"
	"slices"
	"strings"

	"hocker/fetcher/image"
	"hocker/fetcher/internal/strictjson"
	"hocker/fetcher/nix"

	"strconv"
)

func readSources(r *fields, n *strictjson.Node) map[string]SourceFile {
	sources := map[string]SourceFile{}
	all := r.anyObject(n, "sources")
	for _, name := range all.Names() {
		where := "sources." + name
		checkPath(r, all[name], where, name)
		sources[name] = readSource(r, all[name], where)
	}
	return sources
}

// checkPath checks the path of a source.
func checkPath(r *fields, n *strictjson.Node, where, name string) {
	if name == "" || path.IsAbs(name) || path.Clean(name) != name || strings.ContainsRune(name, 0) {
		r.fail(n, where, "%.200q is not the path of a file, relative to the lock file", name)
	}
}

func readSource(r *fields, n *strictjson.Node, where string) SourceFile {
	o := r.object(n, where, []string{"kind"}, []string{"allPlatforms", "overrides", "plainHTTP", "platforms"})
	if o == nil {
		return SourceFile{}
	}
	s := SourceFile{Kind: r.text(o["kind"], where+".kind")}
	if !slices.Contains(Kinds, s.Kind) {
		r.fail(o["kind"], where+".kind", "%.100q is not one of %q", s.Kind, Kinds)
	}
	if m := o["allPlatforms"]; m != nil {
		s.AllPlatforms = r.truth(m, where+".allPlatforms")
	}
	if m := o["plainHTTP"]; m != nil {
		s.PlainHTTP = r.truth(m, where+".plainHTTP")
	}
	if m := o["overrides"]; m != nil {
		s.Overrides = r.texts(m, where+".overrides")
		for i, file := range s.Overrides {
			checkPath(r, m, where+".overrides["+strconv.Itoa(i)+"]", file)
		}
	}
	if m := o["platforms"]; m != nil {
		for i, text := range r.texts(m, where+".platforms") {
			platform, err := image.ParsePlatform(text)
			r.check(m, where+".platforms["+strconv.Itoa(i)+"]", err)
			if r.err == nil && nix.System(platform) == "" {
				r.fail(m, where+".platforms", "Nix has no system for %.100q", text)
			}
			s.Platforms = append(s.Platforms, platform)
		}
	}
	return s
}

// readNaming reads which sources name the image.
func readNaming(r *fields, o strictjson.Object, where string, i *Image) {
	m := o["sources"]
	if m == nil {
		return
	}
	i.Sources = r.texts(m, where+".sources")
	switch {
	case len(i.Sources) == 0 || !slices.IsSorted(i.Sources) || len(slices.Compact(slices.Clone(i.Sources))) < len(i.Sources):
		r.fail(m, where+".sources", "expected a sorted list, without repetitions")
	case i.Follow != "":
		r.fail(m, where+".sources", "the tag of an image is that of its source, and follows no others: remove follow, or this")
	}
}
