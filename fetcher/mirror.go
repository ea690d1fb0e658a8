package fetcher

import (
	"strings"
	"sync"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// Mirror is a registry that is asked first for what is in another one, under
// the same repository names. What it gives is checked as if it came from there.
type Mirror struct {
	Of       string // the other one's name, as docker.io or host:port; * for all
	Registry reference.Registry
}

// ParseMirrors reads a list of mirrors in the order they are asked:
// docker.io=https://mirror.example/v2/,*=cache.example:5000.
func ParseMirrors(s string) ([]Mirror, error) {
	if strings.Contains(s, "@") { // before it is cut up
		return nil, reference.UserError("mirror")
	}
	var mirrors []Mirror
	for entry := range strings.SplitSeq(s, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		of, address, ok := strings.Cut(entry, "=")
		if !ok {
			return nil, &reference.InputError{What: "mirror", Value: entry, Reason: "expected REGISTRY=ADDRESS, as docker.io=https://mirror.example/v2/, or *=ADDRESS"}
		}
		if of != "*" {
			upstream, err := reference.ParseRegistry(of)
			if err != nil {
				return nil, err
			}
			of = upstream.Name()
		}
		registry, err := reference.ParseRegistry(address)
		if err != nil {
			return nil, err
		}
		mirrors = append(mirrors, Mirror{of, registry})
	}
	return mirrors, nil
}

// mirrors are those of a client, and what they have given wrong.
type mirrors struct {
	list   []Mirror
	notice func(line string) // or nil
	doubts sync.Map          // of a doubt to true
}

// doubt is content that a mirror gave wrong.
type doubt struct {
	registry reference.Registry
	digest   digest.Digest
}

// candidates returns where to ask for content of a repository: the mirrors that
// have not given it wrong before, then its own registry. d is empty for what is
// asked for by tag.
func (m *mirrors) candidates(repo reference.Repository, d digest.Digest) []reference.Repository {
	var found []reference.Repository
	for _, mirror := range m.list {
		_, doubted := m.doubts.Load(doubt{mirror.Registry, d})
		if (mirror.Of == "*" || mirror.Of == repo.Registry.Name()) && mirror.Registry != repo.Registry && !doubted {
			found = append(found, reference.Repository{Registry: mirror.Registry, Path: repo.Path})
		}
	}
	return append(found, repo)
}

// distrust has a mirror not asked for that content again.
func (m *mirrors) distrust(mirror reference.Registry, d digest.Digest) {
	m.doubts.Store(doubt{mirror, d}, true)
}

// leaveOut says why a mirror is passed over.
func (m *mirrors) leaveOut(mirror reference.Repository, err error) {
	if m.notice != nil {
		m.notice("mirror " + mirror.Registry.Host + " left out: " + err.Error())
	}
}
