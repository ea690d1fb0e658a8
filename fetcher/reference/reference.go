package reference

import (
	// The algorithms that the image specification registers.
	_ "crypto/sha256"
	_ "crypto/sha512"
	"regexp"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Repository is a repository in a registry.
type Repository struct {
	Registry Registry
	Path     string // library/debian
}

// Reference names an image in a repository by tag, by digest, or by both. If it
// has both, the digest decides.
type Reference struct {
	Repository
	Tag    string
	Digest digest.Digest
}

// The grammar of repository names and tags in the distribution specification:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
var (
	pathPattern = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagPattern  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]*$`)
)

const maxTag = 128

// maxNameLength limits host and path together, as other clients do:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
const maxNameLength = 255

// Parse parses a reference as Docker writes it: debian, debian:jessie,
// ghcr.io/org/app@sha256:…, localhost:5000/x:1. Without a host, the registry is
// Docker Hub. Without a tag or digest, the tag is latest.
//
// A scheme, as in http://host:5000/x:1, sets the scheme of the registry. The
// docker:// prefix of skopeo is accepted.
//
// Errors: *[InputError].
func Parse(s string) (Reference, error) {
	s = strings.TrimPrefix(s, dockerTransport)
	registry, path, err := cutAddress(s)
	if err != nil {
		return Reference{}, err
	}
	if path != "" {
		return registry.ParseReference(path)
	}
	return parseReference(s, ParseName)
}

// dockerTransport is the prefix of references in the containers tools:
// https://github.com/containers/image/blob/v5.36.0/docs/containers-transports.5.md
const dockerTransport = "docker://"

// cutAddress splits the address of an image, http://host/org/app, into its registry
// and the rest. The path is empty if s has no scheme.
func cutAddress(s string) (registry Registry, path string, err error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return Registry{}, "", nil
	}
	host, path, _ := strings.Cut(rest, "/")
	if registry, err = ParseRegistry(scheme + "://" + host); err != nil {
		return Registry{}, "", err
	}
	if path == "" {
		return Registry{}, "", &InputError{What: "reference", Value: s, Reason: "missing image name after the host"}
	}
	return registry, path, nil
}

// ParseReference parses a reference to an image in r: org/app, org/app:1,
// app@sha256:…. Its first component is never taken for a host.
//
// Errors: *[InputError].
func (r Registry) ParseReference(s string) (Reference, error) {
	return parseReference(s, r.Repository)
}

func parseReference(s string, parseName func(string) (Repository, error)) (Reference, error) {
	name, dgst, hasDigest := strings.Cut(s, "@")
	name, tag, hasTag := cutTag(name)
	switch {
	case hasDigest && dgst == "":
		return Reference{}, &InputError{What: "reference", Value: s, Reason: "missing digest after the @"}
	case hasDigest && !digestFollows.MatchString(dgst):
		// Report this before the name is checked: it may be a user name and a password.
		return Reference{}, &InputError{What: "reference", Value: s, Reason: "expected sha256: and 64 lower-case hexadecimal digits after the @"}
	case hasTag && tag == "":
		return Reference{}, &InputError{What: "reference", Value: s, Reason: "missing tag after the colon"}
	case !hasTag && !hasDigest:
		tag = "latest"
	}
	repo, err := parseName(name)
	if err != nil {
		return Reference{}, err
	}
	return newReference(repo, tag, dgst)
}

// ParseName parses an image name without a tag: debian, library/debian,
// ghcr.io/org/app, http://host:5000/org/app. [HasHost] tells whether its first
// component is a host.
//
// Errors: *[InputError].
func ParseName(name string) (Repository, error) {
	name = strings.TrimPrefix(name, dockerTransport)
	registry, path, err := cutAddress(name)
	switch {
	case err != nil:
		return Repository{}, err
	case path != "":
		return registry.Repository(path)
	case !HasHost(name):
		return DockerHub.Repository(name)
	}
	host, path, _ := strings.Cut(name, "/")
	if registry, err = ParseRegistry(host); err != nil {
		return Repository{}, err
	}
	return registry.Repository(path)
}

// Repository returns the repository at path. On Docker Hub, a path without a slash
// means library/path.
//
// Errors: *[InputError].
func (r Registry) Repository(path string) (Repository, error) {
	switch {
	case path == "":
		return Repository{}, &InputError{What: "image name", Value: path, Reason: "must not be empty"}
	case path != strings.ToLower(path):
		return Repository{}, &InputError{What: "image name", Value: path, Reason: "repository names must be lower-case"}
	case !pathPattern.MatchString(path):
		return Repository{}, &InputError{What: "image name", Value: path, Reason: "expected components of a-z, 0-9 and single . _ - inside, separated by slashes"}
	}
	if r.IsDockerHub() && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	repo := Repository{Registry: r, Path: path}
	if len(repo.String()) > maxNameLength {
		return Repository{}, &InputError{What: "image name", Value: path, Reason: "longer than 255 characters including its host"}
	}
	return repo, nil
}

// Reference returns the reference to tag in the repository. The tag may be a digest.
//
// Errors: *[InputError].
func (r Repository) Reference(tag string) (Reference, error) {
	if strings.Contains(tag, ":") {
		return newReference(r, "", tag)
	}
	return newReference(r, tag, "")
}

func newReference(repo Repository, tag, dgst string) (Reference, error) {
	if tag != "" {
		if err := CheckTag(tag); err != nil {
			return Reference{}, err
		}
	}
	ref := Reference{Repository: repo, Tag: tag}
	if dgst != "" {
		d, err := ParseDigest(dgst)
		if err != nil {
			return Reference{}, err
		}
		ref.Digest = d
	} else if tag == "" {
		return Reference{}, &InputError{What: "tag", Value: tag, Reason: "must not be empty"}
	}
	return ref, nil
}

// CheckTag checks tag against the grammar of the distribution specification.
//
// Errors: *[InputError].
func CheckTag(tag string) error {
	if len(tag) > maxTag || !tagPattern.MatchString(tag) {
		return &InputError{What: "tag", Value: tag, Reason: "expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -"}
	}
	return nil
}

// ParseDigest parses a digest of a registered algorithm, algorithm:hex:
// https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
//
// Errors: *[InputError].
func ParseDigest(s string) (digest.Digest, error) {
	d, err := digest.Parse(s)
	if err != nil {
		return "", &InputError{What: "digest", Value: s, Reason: "expected sha256: and 64 lower-case hexadecimal digits"}
	}
	return d, nil
}

// cutTag splits s at the colon of its tag. A colon before the last slash belongs to
// a port.
func cutTag(s string) (name, tag string, ok bool) {
	slash := strings.LastIndexByte(s, '/')
	if colon := strings.LastIndexByte(s, ':'); colon > slash {
		return s[:colon], s[colon+1:], true
	}
	return s, "", false
}

// Split splits the path at its last slash into the repository and imageName of Nix
// expressions: org/team/app becomes org/team and app. The repository of app is "".
func (r Repository) Split() (repository, imageName string) {
	if i := strings.LastIndexByte(r.Path, '/'); i >= 0 {
		return r.Path[:i], r.Path[i+1:]
	}
	return "", r.Path
}

// String returns the full name of the repository: docker.io/library/debian.
func (r Repository) String() string {
	return r.Registry.Name() + "/" + r.Path
}

// Familiar returns the short name that Docker shows: debian, org/app,
// ghcr.io/org/app.
func (r Repository) Familiar() string {
	if !r.Registry.IsDockerHub() {
		return r.String()
	}
	for _, name := range []string{strings.TrimPrefix(r.Path, "library/"), r.Path} {
		// my.org/x on Docker Hub would parse as an image in the registry my.org.
		if read, err := ParseName(name); err == nil && read == r {
			return name
		}
	}
	return r.String()
}

// Identifier returns what a request to the registry names: the digest if there is
// one, else the tag.
func (r Reference) Identifier() string {
	if r.Digest != "" {
		return r.Digest.String()
	}
	return r.Tag
}

// String returns the full reference: docker.io/library/debian:jessie.
func (r Reference) String() string { return r.Repository.String() + r.suffix() }

// Familiar returns the short reference that Docker shows: debian:jessie.
func (r Reference) Familiar() string { return r.Repository.Familiar() + r.suffix() }

func (r Reference) suffix() string {
	var s string
	if r.Tag != "" {
		s = ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest.String()
	}
	return s
}
