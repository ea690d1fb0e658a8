package lock

import (
	"cmp"
	"iter"
	"regexp"
	"strconv"
	"strings"

	"hocker/fetcher/reference"
)

// names returns names in Nix for an image, from the shortest to one for each number: the
// last part of its path, the path, the path with the host. tagged adds the tag, if there
// is another image of the repository.
func names(ref reference.Reference, tagged bool) iter.Seq[string] {
	_, last := ref.Split()
	path := strings.TrimPrefix(ref.Path, "library/")
	stems := []string{last, path, ref.Registry.Name() + "/" + ref.Path}
	tag := cmp.Or(ref.Tag, short(ref))
	var texts []string
	if !tagged {
		texts = append(texts, stems...)
	}
	for _, stem := range stems {
		texts = append(texts, stem+"-"+tag)
	}
	return func(yield func(string) bool) {
		for _, text := range texts {
			if name := asName(text); CheckName(name) == nil && !yield(name) {
				return
			}
		}
		for n := 2; yield(asName(texts[len(texts)-1] + "-" + strconv.Itoa(n))); n++ {
		}
	}
}

// short returns the first digits of the digest.
func short(ref reference.Reference) string {
	if ref.Digest == "" {
		return ""
	}
	return ref.Digest.Encoded()[:12]
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9_-]+`)

// asName replaces what a name cannot have.
func asName(text string) string {
	name := notInNames.ReplaceAllString(text, "-")
	if first := name[0]; first == '-' || '0' <= first && first <= '9' {
		name = "_" + name
	}
	return name
}
