package fetcher

import (
	"strings"

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

// doubt is content that a registry gave wrong.
type doubt struct {
	registry reference.Registry
	digest   digest.Digest
}

// places returns where to ask for content of a repository: the mirrors that
// have not given it wrong before, then its own registry. d is empty for what is
// asked for by tag.
func (c *Client) places(repo reference.Repository, d digest.Digest) []reference.Repository {
	var places []reference.Repository
	for _, m := range c.Mirrors {
		_, doubted := c.doubts.Load(doubt{m.Registry, d})
		if (m.Of == "*" || m.Of == repo.Registry.Name()) && m.Registry != repo.Registry && !doubted {
			places = append(places, reference.Repository{Registry: m.Registry, Path: repo.Path})
		}
	}
	return append(places, repo)
}

// noticeMirror says why a mirror was passed over.
func (c *Client) noticeMirror(mirror reference.Repository, err error) {
	if c.Notice != nil {
		c.Notice("mirror " + mirror.Registry.Host + " left out: " + err.Error())
	}
}
