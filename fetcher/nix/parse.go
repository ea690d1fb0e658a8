package nix

import (
	"fmt"
	"slices"
	"strings"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// ImageBlobs are what an image is made of.
type ImageBlobs struct {
	Name   string // where there are images of several names
	System string // that the image is for; empty if nothing says so
	Blobs  []Blob // the manifest if it is pinned, the config, the layers from the lowest on
}

// ParseExpression reads what [Image.Expression] or [SystemsExpression] wrote:
// that language, and no other Nix. White space may differ, and there may be
// comments.
//
// Errors: *[ExpressionError].
func ParseExpression(data []byte) ([]ImageBlobs, error) {
	tokens, err := lex(string(data))
	p := &expressionParser{tokens: tokens}
	images := p.file()
	// What was no token comes after them: the first mistake is told.
	if p.err != nil && (err == nil || len(p.tokens) > 1) {
		err = p.err
	}
	if err != nil {
		return nil, err
	}
	return images, nil
}

// expressionParser reads tokens. The first mistake stays in err, and what is
// read after it is of no use.
type expressionParser struct {
	tokens []token // the last one is the end, and is never passed
	err    error
}

func (p *expressionParser) fail(line int, format string, args ...any) {
	if p.err == nil {
		p.err = &ExpressionError{line, fmt.Sprintf(format, args...)}
	}
}

// next passes a token, unless there was a mistake.
func (p *expressionParser) next() token {
	t := p.tokens[0]
	if p.err == nil && len(p.tokens) > 1 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// accept passes the next token if it is this word or mark.
func (p *expressionParser) accept(text string) bool {
	found := p.tokens[0].text == text && !p.tokens[0].isString
	if found {
		p.next()
	}
	return found
}

// want passes tokens that have to come; spaces divide them.
func (p *expressionParser) want(code string) {
	for text := range strings.FieldsSeq(code) {
		if p.err == nil && !p.accept(text) {
			p.fail(p.tokens[0].line, "expected %q, found %s", text, p.tokens[0])
		}
	}
}

// text passes a string.
func (p *expressionParser) text() token {
	t := p.next()
	if !t.isString {
		p.fail(t.line, "expected a string, found %s", t)
	}
	return t
}

// binding passes name = "…"; and returns the string.
func (p *expressionParser) binding(name string) token {
	p.want(name + " =")
	t := p.text()
	p.want(";")
	return t
}

// hash passes a binding of a hash, as the digest that it is.
func (p *expressionParser) hash(name string) digest.Digest {
	t := p.binding(name)
	d, err := ParseHash(t.text)
	if err != nil {
		p.fail(t.line, "%s: %v", name, err)
	}
	return d
}

func (p *expressionParser) file() []ImageBlobs {
	p.want("{ fetchDockerConfig , fetchDockerLayer ,")
	pinned := p.accept("fetchDockerManifest")
	if pinned {
		p.want(",")
	}
	p.want("fetchdocker } :")
	var images []ImageBlobs
	if p.accept("{") {
		images = p.systems(pinned)
	} else {
		images = []ImageBlobs{{Blobs: p.image(pinned)}}
	}
	if p.err == nil && p.tokens[0] != (token{line: p.tokens[0].line}) {
		p.fail(p.tokens[0].line, "expected the end, found %s", p.tokens[0])
	}
	return images
}

// systems passes what stands in the braces of a file for several systems.
func (p *expressionParser) systems(pinned bool) (images []ImageBlobs) {
	for p.err == nil && !p.accept("}") {
		t := p.next()
		known := slices.ContainsFunc(images, func(i ImageBlobs) bool { return i.System == t.text })
		switch {
		case t.isString || !strings.Contains(t.text, "-"):
			p.fail(t.line, "expected a system as x86_64-linux, found %s", t)
		case known:
			p.fail(t.line, "the system %s stands there twice", t.text)
		}
		p.want("=")
		images = append(images, ImageBlobs{System: t.text, Blobs: p.image(pinned)})
		p.want(";")
	}
	return images
}

// imageArguments are those of fetchdocker that its parts inherit.
type imageArguments struct {
	path                       reference.Repository
	repository, imageName, tag string
}

// image passes an application of fetchdocker.
func (p *expressionParser) image(pinned bool) (blobs []Blob) {
	p.want("fetchdocker rec {")
	p.binding("name")
	a := p.arguments()
	if pinned && p.accept("imageDigest") {
		p.want("=")
		stated := p.text()
		p.want("; imageManifest =")
		manifest := p.tagged("manifest", "fetchDockerManifest", a)
		if string(manifest.Digest) != stated.text {
			p.fail(stated.line, "imageDigest is %.100q, and the sha256 of the manifest is another one", stated.text)
		}
		blobs = append(blobs, manifest)
	}
	p.want("imageConfig =")
	blobs = append(blobs, p.tagged("config", "fetchDockerConfig", a))
	p.want("imageLayers = let")
	blobs = append(blobs, p.layers(a)...)
	p.want("; }")
	return blobs
}

func (p *expressionParser) arguments() (a imageArguments) {
	at, repository, imageName, tag := p.binding("registry"), p.binding("repository"), p.binding("imageName"), p.binding("tag")
	a = imageArguments{repository: repository.text, imageName: imageName.text, tag: tag.text}
	registry, err := reference.ParseRegistry(at.text)
	if err != nil {
		p.fail(at.line, "%v", err)
		return a
	}
	path := a.imageName
	if a.repository != "" {
		path = a.repository + "/" + path
	}
	if a.path, err = registry.Repository(path); err != nil {
		p.fail(imageName.line, "%v", err)
	} else if _, err := a.path.Reference(a.tag); err != nil {
		p.fail(tag.line, "%v", err)
	}
	return a
}

// tagged passes an application of the function that fetches a manifest or config.
func (p *expressionParser) tagged(kind, function string, a imageArguments) Blob {
	p.want(function + " { inherit tag registry repository imageName ;")
	d := p.hash("sha256")
	p.want("} ;")
	if p.err != nil {
		return Blob{}
	}
	return Blob{Kind: kind, Name: TagName(kind, a.repository, a.imageName, a.tag, d), Repository: a.path, Digest: d}
}

// layers passes the layers from the first one's name to the end of their list.
func (p *expressionParser) layers(a imageArguments) (layers []Blob) {
	for p.err == nil && !p.accept("in") {
		line := p.tokens[0].line
		p.want(fmt.Sprintf("layer%d = fetchDockerLayer { inherit registry repository imageName ;", len(layers)))
		stated, d := p.hash("layerDigest"), p.hash("sha256")
		p.want("} ;")
		if stated != d {
			p.fail(line, "layerDigest and sha256 contradict each other: layerDigest is %s, sha256 says %s", stated, d)
		}
		if p.err == nil {
			layers = append(layers, Blob{Kind: "layer", Name: LayerName(d), Repository: a.path, Digest: d})
		}
	}
	p.want("[")
	for i := range layers {
		p.want(fmt.Sprintf("layer%d", i))
	}
	p.want("]")
	return layers
}
