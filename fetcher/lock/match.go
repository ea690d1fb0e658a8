package lock

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"hocker/fetcher/reference"
)

// Place is a line of a file.
type Place struct {
	File string // its path, from the working directory
	Line int    // counted from 1
}

// String returns FILE:LINE, or nothing for the zero Place.
func (p Place) String() string {
	if p == (Place{}) {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Named is an image that a source names.
type Named struct {
	Reference reference.Reference
	Name      string // in Nix; empty for one that is made from the reference
	// Source is the path of the source, as in File.Sources. It is empty for what cannot
	// be read again, such as standard input.
	Source string
	Where  Place
}

// Match is what sources name, as images of a lock file.
type Match struct {
	// Images are the images by name. Some are new in the file.
	Images map[string]Matched
	// Gone are the images that no source names any longer, sorted.
	Gone []string
}

// Matched is an image of a lock file that sources name.
type Matched struct {
	Reference reference.Reference
	Sources   []string // all of them, sorted
	Where     Place    // that of the first one; zero if the sources that were read do not name it
}

// NameError reports an image whose name belongs to another one.
type NameError struct {
	Where            Place
	Name             string
	Reference, Other reference.Reference
	OtherWhere       string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("%s: %s cannot be named %s: that is %s, %s: give one of them another name, with # hocker: name=NAME",
		e.Where, e.Reference.Familiar(), e.Name, e.Other.Familiar(), e.OtherWhere)
}

// Match finds the images that some sources name. read lists these sources; what the
// others name stays. An image keeps its name when its tag changes in the source. An image
// that was added by hand satisfies a source; only if adopt is set, it becomes one of the
// source.
//
// Errors: *[NameError].
func (f File) Match(read []string, named []Named, adopt bool) (Match, error) {
	m := matcher{file: f, read: read, adopt: adopt, taken: map[string]*wish{}}
	m.group(named)
	if err := m.byName(); err != nil {
		return Match{}, err
	}
	m.byReference()
	m.byRepository()
	return m.result(), nil
}

// wish is a reference that sources name, and the name that it gets.
type wish struct {
	Named
	sources []string
	name    string // in the file, or empty
	byHand  bool   // an image that was added by hand does
}

type matcher struct {
	file   File
	read   []string
	adopt  bool
	wishes []*wish
	taken  map[string]*wish // by name in the file
}

// group makes one wish of each reference and name. A reference without a name is that of
// a wish with one.
func (m *matcher) group(named []Named) {
	byKey := map[string][]Named{}
	for _, n := range named {
		// Those without a name come last.
		key := n.Reference.String() + "\n" + cmp.Or(n.Name, "~")
		byKey[key] = append(byKey[key], n)
	}
	first := map[reference.Reference]*wish{}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		n := byKey[key][0]
		w := first[n.Reference]
		if w == nil || n.Name != "" {
			w = &wish{Named: n}
			m.wishes = append(m.wishes, w)
			first[n.Reference] = cmp.Or(first[n.Reference], w)
		}
		for _, n := range byKey[key] {
			if n.Source != "" {
				w.sources = append(w.sources, n.Source)
			}
		}
	}
}

func (m *matcher) take(w *wish, name string) { w.name, m.taken[name] = name, w }

// isOwn reports whether only sources that were read name the image.
func (m *matcher) isOwn(i Image) bool {
	return len(i.Sources) > 0 && !slices.ContainsFunc(i.Sources, m.isOther)
}

func (m *matcher) isOther(path string) bool { return !slices.Contains(m.read, path) }

// byName gives the wishes with a name that name.
func (m *matcher) byName() error {
	for _, w := range m.wishes {
		if w.Name == "" {
			continue
		}
		other := m.taken[w.Name]
		i, ok := m.file.Images[w.Name]
		sameRepository := i.Reference.Repository == w.Reference.Repository
		switch {
		case other != nil:
			return &NameError{w.Where, w.Name, w.Reference, other.Reference, "as " + other.Where.String() + " says"}
		case !ok, m.isOwn(i), i.Reference == w.Reference && i.Follow == "":
		case len(i.Sources) > 0:
			return &NameError{w.Where, w.Name, w.Reference, i.Reference, "as " + i.Sources[0] + " says"}
		case !(m.adopt && sameRepository) || i.Follow != "":
			return &NameError{w.Where, w.Name, w.Reference, i.Reference, "which was added by hand"}
		}
		m.take(w, w.Name)
		w.byHand = ok && len(i.Sources) == 0 && !m.adopt
	}
	return nil
}

// byReference gives wishes the names of images with the same reference: those of the
// sources that were read come first, and those that were added by hand last.
func (m *matcher) byReference() {
	names := m.file.Names()
	rank := func(name string) int {
		switch i := m.file.Images[name]; {
		case m.isOwn(i):
			return 0
		case len(i.Sources) > 0:
			return 1
		}
		return 2
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	for _, w := range m.wishes {
		for _, name := range names {
			i := m.file.Images[name]
			if w.name == "" && m.taken[name] == nil && i.Reference == w.Reference && i.Follow == "" {
				m.take(w, name)
				w.byHand = len(i.Sources) == 0 && !m.adopt
			}
		}
	}
}

// byRepository gives wishes the names of images of the same repository that nothing else
// names now: their tags have changed. Then it gives the others new names.
func (m *matcher) byRepository() {
	free := map[reference.Repository][]string{}
	for _, name := range m.file.Names() {
		i := m.file.Images[name]
		if m.taken[name] == nil && m.isReplaceable(i) {
			free[i.Reference.Repository] = append(free[i.Reference.Repository], name)
		}
	}
	byTag := func(a, b reference.Reference) int {
		return cmp.Or(reference.CompareTags(a.Tag, b.Tag), cmp.Compare(a.Digest, b.Digest))
	}
	for repository, names := range free {
		slices.SortFunc(names, func(a, b string) int {
			return cmp.Or(byTag(m.file.Images[a].Reference, m.file.Images[b].Reference), cmp.Compare(a, b))
		})
		left := map[string]*wish{}
		for _, w := range m.wishes {
			if w.name == "" && w.Reference.Repository == repository {
				left[w.Reference.String()] = w
			}
		}
		texts := slices.Collect(maps.Keys(left))
		slices.SortFunc(texts, func(a, b string) int {
			return cmp.Or(byTag(left[a].Reference, left[b].Reference), cmp.Compare(a, b))
		})
		for n, text := range texts[:min(len(texts), len(names))] {
			m.take(left[text], names[n])
		}
	}
	for _, w := range m.wishes {
		if w.name == "" {
			m.take(w, m.newName(w.Reference))
		}
	}
}

// isReplaceable reports whether an image may get another tag: an image of the sources
// that were read, or one that was added by hand if what was read is not a source.
func (m *matcher) isReplaceable(i Image) bool {
	if len(m.read) == 0 {
		return len(i.Sources) == 0 && i.Follow == ""
	}
	return m.isOwn(i)
}

// newName returns a name that no image keeps.
func (m *matcher) newName(ref reference.Reference) string {
	for name := range names(ref, m.isSibling(ref)) {
		i, ok := m.file.Images[name]
		if m.taken[name] == nil && (!ok || m.isOwn(i)) {
			return name
		}
	}
	panic("names end") // there are as many as numbers
}

// isSibling reports whether another image of the repository has a name that may be short.
func (m *matcher) isSibling(ref reference.Reference) bool {
	for name, i := range m.file.Images {
		if i.Reference.Repository == ref.Repository && (m.taken[name] != nil || !m.isOwn(i)) {
			return true
		}
	}
	for _, w := range m.taken {
		if w.Reference.Repository == ref.Repository {
			return true
		}
	}
	return false
}

func (m *matcher) result() Match {
	result := Match{Images: map[string]Matched{}}
	for name, w := range m.taken {
		i := m.file.Images[name]
		if w.byHand {
			continue
		}
		sources := slices.DeleteFunc(slices.Clone(i.Sources), func(path string) bool { return !m.isOther(path) })
		sources = append(sources, w.sources...)
		slices.Sort(sources)
		result.Images[name] = Matched{w.Reference, slices.Compact(sources), w.Where}
	}
	for _, name := range slices.Sorted(maps.Keys(m.file.Images)) {
		i := m.file.Images[name]
		others := slices.DeleteFunc(slices.Clone(i.Sources), func(path string) bool { return !m.isOther(path) })
		switch {
		case m.taken[name] != nil, len(i.Sources) == len(others):
		case len(others) == 0:
			result.Gone = append(result.Gone, name)
		default:
			result.Images[name] = Matched{i.Reference, others, Place{}}
		}
	}
	return result
}
