package lock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/follow"
	"hocker/fetcher/image"
	"hocker/fetcher/internal/strictjson"
	"hocker/fetcher/nix"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Version is the newest version of the format, and oldest the oldest that can be read.
// Version 2 added the name to load an image under, version 3 the key that signed it, and
// version 4 the tags that it follows, the files that name it, and what it was locked at.
const (
	Version = 4
	oldest  = 1
)

// maxFile limits the size of a lock file, in bytes. A layer takes a few hundred bytes, so
// this is enough for ten thousand images.
const maxFile = 64 << 20

// Read reads and validates the lock file at path, which may have been edited or merged by
// hand.
//
// Errors: *[FileError]; [io/fs.ErrNotExist] if the file does not exist.
func Read(path string) (File, error) { return read(path, Parse) }

// read reads the file at path with one of the functions that parse it.
func read(path string, parse func([]byte) (File, error)) (File, error) {
	file, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return File{}, err
	}
	if len(data) > maxFile {
		return File{}, &FileError{Path: path, Reason: "larger than " + bytecount.Format(maxFile) + ": not a lock file"}
	}
	f, err := parse(data)
	var wrong *FileError
	if errors.As(err, &wrong) {
		wrong.Path = path
	}
	f.read = data
	return f, err
}

// Parse parses and validates a lock file.
//
// Errors: *[FileError] without a path.
func Parse(data []byte) (File, error) {
	f, err := parseStale(data)
	for _, name := range f.Names() {
		if stale := f.Images[name].stale; stale != nil {
			return File{}, stale.err
		}
	}
	return f, err
}

// parseStale is [Parse] for changes of the file, which may make stale images right.
func parseStale(data []byte) (File, error) {
	root, err := parseDocument(data)
	if err != nil {
		return File{}, err
	}
	var r fields
	checkVersion(&r, root)
	top := r.object(root, "", []string{"images", "version"}, []string{"sources"})
	if r.err != nil {
		return File{}, r.err
	}
	f := File{Images: map[string]Image{}}
	if m := top["sources"]; m != nil {
		f.Sources = readSources(&r, m)
	}
	images := r.anyObject(top["images"], "images")
	for _, name := range images.Names() {
		r.check(images[name], "images", CheckName(name))
		f.Images[name] = readImage(&r, images[name], "images."+name)
		for _, path := range f.Images[name].Sources {
			if _, ok := f.Sources[path]; !ok {
				r.fail(images[name], "images."+name+".sources", "%.200q is not one of the sources of the file", path)
			}
		}
	}
	if r.err != nil {
		return File{}, r.err
	}
	return f, nil
}

// checkVersion runs first, because another version may have another format.
func checkVersion(r *fields, root *strictjson.Node) {
	n := r.anyObject(root, "")["version"]
	if n == nil {
		r.fail(root, "", "missing version: is it a hocker lock file?")
		return
	}
	switch v := r.number(n, "version"); {
	case v > Version:
		r.fail(n, "", "version %d was written by a newer hocker; this one supports up to version %d: update hocker", v, Version)
	case v < oldest:
		r.fail(n, "", "unknown version %d, expected %d to %d", v, oldest, Version)
	}
}

func readImage(r *fields, n *strictjson.Node, where string) Image {
	o := r.object(n, where,
		[]string{"imageName", "platforms", "registry", "repository", "tag"},
		[]string{"allPlatforms", "as", "follow", "index", "locked", "noVerify", "pinned", "signedBy", "sources"})
	if o == nil {
		return Image{}
	}
	i := Image{Platforms: map[string]Platform{}}
	if m := o["allPlatforms"]; m != nil {
		i.AllPlatforms = r.truth(m, where+".allPlatforms")
	}
	if m := o["as"]; m != nil {
		i.As = readAs(r, m, where+".as")
	}
	readSignature(r, o, where, &i)
	if m := o["index"]; m != nil {
		i.Index = readDescriptor(r, m, where+".index")
		if t := i.Index.MediaType; t != ocispec.MediaTypeImageIndex && t != image.MediaTypeDockerIndex {
			r.fail(m, where+".index", "mediaType %.100q is not that of an index", t)
		}
	}
	platforms := r.anyObject(o["platforms"], where+".platforms")
	for _, system := range platforms.Names() {
		i.Platforms[system] = readPlatform(r, platforms[system], where+".platforms."+system, system)
	}
	switch {
	case len(i.Platforms) == 0:
		r.fail(o["platforms"], where+".platforms", "expected at least one")
	case len(i.Platforms) > 1 && i.Index.Digest == "":
		r.fail(o["platforms"], where+".platforms", "there are %d, but no index that lists them", len(i.Platforms))
	}
	i.Reference = readReference(r, o, where)
	readPin(r, o, where, &i)
	readFollow(r, o, where, &i)
	readNaming(r, o, where, &i)
	readSeal(r, o, where, &i)
	return i
}

// readSeal reads which tag and digest the platforms belong to.
func readSeal(r *fields, o strictjson.Object, where string, i *Image) {
	m := o["locked"]
	if m == nil {
		return
	}
	i.sealed = true
	locked := r.text(m, where+".locked")
	tag, text, _ := strings.Cut(locked, "@")
	was, err := reference.ParseDigest(text)
	switch {
	case i.Reference.Tag == "":
		r.fail(m, where+".locked", "the tag is a digest: remove this")
	case err != nil || reference.CheckTag(tag) != nil:
		r.fail(m, where+".locked", "expected TAG@DIGEST")
	case locked != i.seal():
		err := &FileError{Line: m.Line, Where: where, Reason: "its tag or digest was changed without the rest: run `hocker lock update`"}
		i.stale = &stale{err, tag, was}
	}
}

// readFollow reads the tags that the image follows.
func readFollow(r *fields, o strictjson.Object, where string, i *Image) {
	m := o["follow"]
	if m == nil {
		return
	}
	i.Follow = r.text(m, where+".follow")
	_, err := follow.Parse(i.Follow)
	r.check(m, where+".follow", err)
	if i.Pinned() {
		r.fail(m, where+".follow", "a pinned image follows no tags: remove this, or the digest")
	}
}

// readSignature reads who vouched for the image.
func readSignature(r *fields, o strictjson.Object, where string, i *Image) {
	if m := o["noVerify"]; m != nil {
		i.NoVerify = r.truth(m, where+".noVerify")
	}
	m := o["signedBy"]
	if m == nil {
		return
	}
	fingerprint, err := reference.ParseDigest(r.text(m, where+".signedBy"))
	if err == nil {
		err = image.RequireSHA256(ocispec.Descriptor{Digest: fingerprint})
	}
	r.check(m, where+".signedBy", err)
	if i.NoVerify {
		r.fail(m, where+".signedBy", "with noVerify, no key vouches for the image: remove one of the two")
	}
	i.SignedBy = fingerprint
}

func readAs(r *fields, n *strictjson.Node, where string) string {
	name := r.text(n, where)
	as, err := CheckAs(name)
	if err == nil && as != name {
		err = fmt.Errorf("%q is written as %q here", name, as)
	}
	r.check(n, where, err)
	return as
}

// readReference reads the reference of an image, which must be in canonical form.
func readReference(r *fields, o strictjson.Object, where string) reference.Reference {
	address := r.text(o["registry"], where+".registry")
	registry, err := reference.ParseRegistry(address)
	if err == nil && registry.String() != address {
		err = fmt.Errorf("%q is written as %q here", address, registry)
	}
	r.check(o["registry"], where+".registry", err)

	repository, imageName := r.text(o["repository"], where+".repository"), r.text(o["imageName"], where+".imageName")
	path := imageName
	if repository != "" {
		path = repository + "/" + imageName
	}
	repo, err := registry.Repository(path)
	if first, last := repo.Split(); err == nil && (first != repository || last != imageName) {
		err = fmt.Errorf("repository and imageName divide %q at its last slash: %q and %q", repo.Path, first, last)
	}
	r.check(o["imageName"], where+".imageName", err)

	ref, err := repo.Reference(r.text(o["tag"], where+".tag"))
	r.check(o["tag"], where+".tag", err)
	return ref
}

// readPin reads whether the image is pinned, and checks a digest given as its tag.
func readPin(r *fields, o strictjson.Object, where string, i *Image) {
	if i.Reference.Digest != "" && i.Reference.Digest != i.Digest() {
		err := &FileError{Line: o["tag"].Line, Where: where + ".tag", Reason: fmt.Sprintf("the locked image has another digest, %s: run `hocker lock update`", i.Digest())}
		i.stale = &stale{err: err, digest: i.Digest()}
	}
	m := o["pinned"]
	if m == nil || !r.truth(m, where+".pinned") {
		return
	}
	if i.Reference.Digest != "" {
		r.fail(m, where+".pinned", "the tag is already a digest: remove this")
	}
	i.Reference.Digest = i.Digest()
}

func readPlatform(r *fields, n *strictjson.Node, where, system string) Platform {
	o := r.object(n, where, []string{"config", "layers", "manifest", "platform"}, nil)
	if o == nil {
		return Platform{}
	}
	platform, err := image.ParsePlatform(r.text(o["platform"], where+".platform"))
	if err == nil && nix.System(platform) != system {
		err = fmt.Errorf("%s does not match %s", image.FormatPlatform(platform), system)
	}
	r.check(o["platform"], where+".platform", err)
	p := Platform{
		Platform: platform,
		Manifest: readDescriptor(r, o["manifest"], where+".manifest"),
		Config:   readDescriptor(r, o["config"], where+".config"),
	}
	layers := r.list(o["layers"], where+".layers")
	p.Layers = make([]ocispec.Descriptor, 0, len(layers))
	for i, m := range layers {
		p.Layers = append(p.Layers, readDescriptor(r, m, where+".layers["+strconv.Itoa(i)+"]"))
	}
	if r.err == nil {
		r.check(n, where, p.check())
	}
	return p
}

func readDescriptor(r *fields, n *strictjson.Node, where string) ocispec.Descriptor {
	o := r.object(n, where, []string{"digest", "size"}, []string{"mediaType"})
	if o == nil {
		return ocispec.Descriptor{}
	}
	var d ocispec.Descriptor
	if m := o["mediaType"]; m != nil {
		d.MediaType = r.text(m, where+".mediaType")
	}
	d.Size = r.number(o["size"], where+".size")
	parsed, err := reference.ParseDigest(r.text(o["digest"], where+".digest"))
	if d.Digest = parsed; err == nil {
		err = checkDescriptor(d)
	}
	r.check(o["digest"], where, err)
	return d
}
