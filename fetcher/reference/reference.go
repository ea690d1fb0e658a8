package reference

import (
	// The algorithms that the image specification registers.
	_ "crypto/sha256"
	_ "crypto/sha512"
	"regexp"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Repository is one repository of a registry.
type Repository struct {
	Registry Registry
	Path     string // library/debian
}

// Reference names one image in a repository: by tag, by digest, or by both, in
// which case the digest decides.
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

// maxNameLength is the limit that clients put on host and path together:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
const maxNameLength = 255

// ParseReference reads one reference as Docker writes it: debian,
// debian:jessie, ghcr.io/org/app@sha256:…, localhost:5000/x:1. Without a host
// it is an image of Docker Hub, without tag and digest the tag is latest.
//
// As an address, http://host:5000/x:1, it says how its registry is spoken to.
// docker:// may stand before it, as skopeo wants it.
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

// dockerTransport is the name of the transport that all references here are for:
// https://github.com/containers/image/blob/v5.36.0/docs/containers-transports.5.md
const dockerTransport = "docker://"

// cutAddress divides an address of an image, http://host/org/app, into its registry
// and the rest. The rest of what is no address is empty.
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
		return Registry{}, "", &InputError{What: "reference", Value: s, Reason: "no image is named after the host"}
	}
	return registry, path, nil
}

// ParseReference reads a reference to an image of this registry, whatever its
// first part looks like: org/app, org/app:1, app@sha256:….
func (r Registry) ParseReference(s string) (Reference, error) {
	return parseReference(s, r.Repository)
}

func parseReference(s string, parseName func(string) (Repository, error)) (Reference, error) {
	name, dgst, hasDigest := strings.Cut(s, "@")
	name, tag, hasTag := cutTag(name)
	switch {
	case hasDigest && dgst == "":
		return Reference{}, &InputError{What: "reference", Value: s, Reason: "nothing stands after the @"}
	case hasDigest && !digestFollows.MatchString(dgst):
		// What comes before it is not looked at: it may be a user name and a password.
		return Reference{}, &InputError{What: "reference", Value: s, Reason: "after an @, expected sha256: and 64 hexadecimal digits in lower case"}
	case hasTag && tag == "":
		return Reference{}, &InputError{What: "reference", Value: s, Reason: "nothing stands after the colon"}
	case !hasTag && !hasDigest:
		tag = "latest"
	}
	repo, err := parseName(name)
	if err != nil {
		return Reference{}, err
	}
	return newReference(repo, tag, dgst)
}

// ParseName reads an image name without tag: debian, library/debian,
// ghcr.io/org/app, http://host:5000/org/app. Its first part is a host as
// [HasHost] says.
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

// Repository returns the repository of that path, checked against the
// grammar. On Docker Hub a name without a slash means library/name.
func (r Registry) Repository(path string) (Repository, error) {
	switch {
	case path == "":
		return Repository{}, &InputError{What: "image name", Value: path, Reason: "it is empty"}
	case path != strings.ToLower(path):
		return Repository{}, &InputError{What: "image name", Value: path, Reason: "repository names are lower-case"}
	case !pathPattern.MatchString(path):
		return Repository{}, &InputError{What: "image name", Value: path, Reason: "expected parts of a-z, 0-9 and single . _ - between them, separated by slashes"}
	}
	if r.IsDockerHub() && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	repo := Repository{Registry: r, Path: path}
	if len(repo.String()) > maxNameLength {
		return Repository{}, &InputError{What: "image name", Value: path, Reason: "it is longer than 255 characters with its host"}
	}
	return repo, nil
}

// Reference returns the image that tag names in the repository; tag may be a
// digest.
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
		return Reference{}, &InputError{What: "tag", Value: tag, Reason: "it is empty"}
	}
	return ref, nil
}

// CheckTag checks a tag against the distribution specification's grammar.
func CheckTag(tag string) error {
	if len(tag) > maxTag || !tagPattern.MatchString(tag) {
		return &InputError{What: "tag", Value: tag, Reason: "expected up to 128 of a-z, A-Z, 0-9, _ . -, not beginning with . or -"}
	}
	return nil
}

// ParseDigest reads a digest in its registered form, algorithm:hex, as in
// https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
func ParseDigest(s string) (digest.Digest, error) {
	d, err := digest.Parse(s)
	if err != nil {
		return "", &InputError{What: "digest", Value: s, Reason: "expected sha256: and 64 hexadecimal digits in lower case"}
	}
	return d, nil
}

// cutTag splits s at the colon of its tag, which is the one after the last
// slash: the one before belongs to a port.
func cutTag(s string) (name, tag string, ok bool) {
	slash := strings.LastIndexByte(s, '/')
	if colon := strings.LastIndexByte(s, ':'); colon > slash {
		return s[:colon], s[colon+1:], true
	}
	return s, "", false
}

// Split cuts the path at its last slash, into what Nix expressions call
// repository and imageName: org/team/app becomes org/team and app, app becomes
// the empty string and app.
func (r Repository) Split() (repository, imageName string) {
	if i := strings.LastIndexByte(r.Path, '/'); i >= 0 {
		return r.Path[:i], r.Path[i+1:]
	}
	return "", r.Path
}

// String returns the repository with its registry's name: docker.io/library/debian.
func (r Repository) String() string {
	return r.Registry.Name() + "/" + r.Path
}

// Familiar returns the name as people write it, which is how Docker shows it:
// debian, org/app, ghcr.io/org/app.
func (r Repository) Familiar() string {
	if !r.Registry.IsDockerHub() {
		return r.String()
	}
	for _, name := range []string{strings.TrimPrefix(r.Path, "library/"), r.Path} {
		// my.org/x would be read as an image of the registry my.org.
		if read, err := ParseName(name); err == nil && read == r {
			return name
		}
	}
	return r.String()
}

// Identifier returns what a registry is asked for: the digest where there is
// one, else the tag.
func (r Reference) Identifier() string {
	if r.Digest != "" {
		return r.Digest.String()
	}
	return r.Tag
}

// String returns the whole reference: docker.io/library/debian:jessie.
func (r Reference) String() string { return r.Repository.String() + r.suffix() }

// Familiar returns the reference as people write it: debian:jessie.
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
