package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// loadImage is an image to load: as an OCI layout for hocker, like the output of
// fetchdocker, and as an archive for the engines' clients.
type loadImage struct {
	name, layout, archive string
	size                  int64 // of the archive
}

// load loads an image of about 700 MB into each engine: for the first time, with a
// changed last layer, and unchanged.
func (b *bench) load() error {
	base, diffIDs, err := b.registry.packFiles(b.dir, "bench/load", 4, 500_000_000)
	if err != nil {
		return err
	}
	before, err := b.loadImage("before", base, diffIDs, textFile("before"))
	if err != nil {
		return err
	}
	after, err := b.loadImage("after", base, diffIDs, textFile("after"))
	if err != nil {
		return err
	}
	fmt.Printf("\nThe image has five layers, in an archive of %d MB. They differ in the last layer.\n", before.size/1e6)
	var fleet []loadImage
	for i := range 20 {
		tag := fmt.Sprintf("fleet%d", i)
		image, err := b.loadImage(tag, base[:1], diffIDs[:1], textFile(tag))
		if err != nil {
			return err
		}
		fleet = append(fleet, image)
	}
	for _, start := range loadEngines {
		engine, err := start(b)
		if err != nil {
			return err
		}
		if err := b.loadInto(engine, before, after, fleet); err != nil {
			engine.stop()
			return fmt.Errorf("%s: %w", engine.name, err)
		}
		if err := engine.stop(); err != nil {
			return err
		}
	}
	return nil
}

// loadImage makes an image of the base layers and a last layer with the file.
func (b *bench) loadImage(tag string, base []ocispec.Descriptor, diffIDs []digest.Digest, file tarFile) (loadImage, error) {
	const repo = "bench/load"
	image := loadImage{name: b.registry.addr + "/" + repo + ":" + tag, layout: b.out(tag), archive: b.out(tag + ".tar")}
	last := b.out("last.tar.gz")
	defer os.Remove(last)
	diffID, err := writeLayer(last, nil, file)
	if err != nil {
		return image, err
	}
	layer, err := b.registry.pushFile(repo, last)
	if err != nil {
		return image, err
	}
	layers := append(append([]ocispec.Descriptor{}, base...), layer)
	if err := b.registry.pushImage(repo, tag, layers, append(append([]digest.Digest{}, diffIDs...), diffID)); err != nil {
		return image, err
	}
	for _, args := range [][]string{{"--format", "oci-layout", "--out", image.layout}, {"--out", image.archive}} {
		args = append([]string{"--quiet", "--compressed"}, append(args, image.name)...)
		if output, err := exec.Command(b.tool("hocker-image"), args...).CombinedOutput(); err != nil {
			return image, fmt.Errorf("hocker-image: %w: %s", err, output)
		}
	}
	info, err := os.Stat(image.archive)
	if err == nil {
		image.size = info.Size()
	}
	return image, err
}

// textFile returns a file of some 700 kB that is another one for each word.
func textFile(word string) tarFile {
	return tarFile{name: "etc/" + word, content: strings.Repeat(word, 100_000), mode: 0o644}
}

// loadInto measures one engine.
func (b *bench) loadInto(e *loadEngine, before, after loadImage, fleet []loadImage) error {
	if err := b.compareLoads("First load into "+e.name, e, before, e.clear); err != nil {
		return err
	}
	if err := e.clear(); err != nil {
		return err
	}
	if err := e.run(e.hocker(before)); err != nil {
		return err
	}
	remove := func() error { return e.remove(after.name) }
	if err := b.compareLoads("The last layer has changed: "+e.name, e, after, remove); err != nil {
		return err
	}
	if err := remove(); err != nil {
		return err
	}
	if err := b.showSent(e, after); err != nil {
		return err
	}
	if err := b.compareLoads("Nothing has changed: "+e.name, e, after, nil); err != nil {
		return err
	}
	return b.compareFleets(e, fleet)
}

// compareLoads compares hocker with the engine's own client and with skopeo.
func (b *bench) compareLoads(title string, e *loadEngine, image loadImage, before func() error) error {
	contenders := []contender{{name: "hocker load", command: func() *exec.Cmd { return e.command(e.hocker(image)) }, before: before}}
	for _, peer := range e.peers {
		args := peer(image)
		contenders = append(contenders, contender{
			name: filepath.Base(args[0]) + " " + args[1], command: func() *exec.Cmd { return e.command(args) }, before: before,
		})
	}
	return b.compare(title, contenders...)
}

// showSent prints how many bytes hocker sends.
func (b *bench) showSent(e *loadEngine, image loadImage) error {
	args := e.hocker(image)
	output, err := e.command(append(args, "--json")).Output()
	if err != nil {
		return err
	}
	var rows []struct{ Bytes int64 }
	if err := json.Unmarshal(output, &rows); err != nil {
		return err
	}
	fmt.Printf("\nhocker load sends %.2f MB, the others read %.0f MB.\n", float64(rows[0].Bytes)/1e6, float64(image.size)/1e6)
	return nil
}

// compareFleets loads twenty images that share a layer.
func (b *bench) compareFleets(e *loadEngine, fleet []loadImage) error {
	one := e.hocker(fleet[0])
	var loop []string
	for i, image := range fleet {
		if i > 0 {
			one = append(one, image.layout)
		}
		loop = append(loop, strings.Join(e.peers[0](image), " "))
	}
	return b.compare("Twenty images that share a layer of "+fmt.Sprint(fleet[0].size/1e6)+" MB: "+e.name,
		contender{name: "hocker load, once", command: func() *exec.Cmd { return e.command(one) }, before: e.clear},
		contender{name: "the engine's client in a loop", before: e.clear,
			command: func() *exec.Cmd {
				return e.command([]string{"sh", "-ec", strings.Join(loop, "\n")})
			}},
	)
}
