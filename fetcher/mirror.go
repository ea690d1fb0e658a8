package fetcher

import (
	"strings"
	"sync"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// Mirror is a registry that holds copies of another registry's content, under the
// same repository names. It is tried first. Its content is verified in the same
// way.
type Mirror struct {
	Of       string // the mirrored registry: docker.io, host:port, or * for all
	Registry reference.Registry
}

// ParseMirrors parses a list of mirrors in the order in which they are tried, as
// in docker.io=https://mirror.example/v2/,*=cache.example:5000.
func ParseMirrors(s string) ([]Mirror, error) {
	if strings.Contains(s, "@") { // before errors quote parts of s
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
			return nil, &reference.InputError{What: "mirror", Value: entry, Reason: "expected REGISTRY=ADDRESS, such as docker.io=https://mirror.example/v2/, or *=ADDRESS"}
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

// mirrors are the mirrors of a client, and a record of wrong content.
type mirrors struct {
	list   []Mirror
	notice func(line string) // or nil
	doubts sync.Map          // set of doubt

	answered    sync.Map // host by Reference: its word alone
	unreachable sync.Map // error by Registry that did not respond
}

// doubt is content that a mirror served wrong.
type doubt struct {
	registry reference.Registry
	digest   digest.Digest
}

// candidates returns the repositories to request content from: the mirrors that
// have not served it wrong, then repo itself. d is empty for a request by tag.
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

// distrust excludes a mirror from further requests for that content.
func (m *mirrors) distrust(mirror reference.Registry, d digest.Digest) {
	m.doubts.Store(doubt{mirror, d}, true)
}

// skip reports why a mirror is skipped.
func (m *mirrors) skip(mirror reference.Repository, err error) {
	m.notify("mirror " + mirror.Registry.Host + " skipped: " + err.Error())
}

func (m *mirrors) notify(line string) {
	if m.notice != nil {
		m.notice(line)
	}
}
