package podmanstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hocker/fetcher/bounded"
	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
)

// Check reads a store as the engine does, and returns an error if something is missing or
// wrong. One such store in the engine's configuration makes all of its commands fail.
func Check(ctx context.Context, dir string) error {
	c := checker{ctx: ctx, dir: dir, layers: map[string]layerRecord{}}
	err := c.readLayers()
	if err == nil {
		err = c.readImages()
	}
	if err != nil {
		return fmt.Errorf("the store in %s is not complete: %w", dir, err)
	}
	return nil
}

type checker struct {
	ctx    context.Context
	dir    string
	layers map[string]layerRecord // by ID
}

func (c *checker) readLayers() error {
	var records []layerRecord
	if err := c.readTable(layerFolder, layerTable, layerLock, &records); err != nil {
		return err
	}
	for _, layer := range records {
		if _, ok := c.layers[layer.ID]; ok {
			return fmt.Errorf("there are two layers %s", layer.ID)
		}
		c.layers[layer.ID] = layer
	}
	for _, layer := range records {
		if err := c.checkLayer(layer); err != nil {
			return fmt.Errorf("layer %s: %w", layer.ID, err)
		}
	}
	return nil
}

// checkLayer checks what layers.json says of a layer, and its folders and links.
func (c *checker) checkLayer(layer layerRecord) error {
	_, hasParent := c.layers[layer.Parent]
	switch {
	case layer.DiffID.Validate() != nil:
		return fmt.Errorf("its diff ID is %q", layer.DiffID)
	case layer.Size < 0:
		return fmt.Errorf("its size is %d bytes", layer.Size)
	case layer.Parent != "" && !hasParent:
		return fmt.Errorf("its parent %s is missing", layer.Parent)
	case layer.ID != chainID(layer.Parent, layer.DiffID):
		return fmt.Errorf("its ID does not follow from its diff ID %s and its parent %q", layer.DiffID, layer.Parent)
	}
	for _, folder := range []string{diffFolder, erofsFolder} {
		if err := c.checkFolder(layer.ID, folder); err != nil {
			return err
		}
	}
	links, err := c.links(layer.ID)
	if err != nil {
		return err
	}
	below := []string{linkName(baseID)}
	if layer.Parent != "" {
		if below, err = c.links(layer.Parent); err != nil {
			return err
		}
	}
	if !slices.Equal(links[1:], below) {
		return fmt.Errorf("it is on top of %v, expected %v", links[1:], below)
	}
	for _, link := range links {
		if err := c.checkLink(link); err != nil {
			return err
		}
	}
	return nil
}

// links returns the names of the links to a layer and to those below it.
func (c *checker) links(id string) ([]string, error) {
	texts := map[string]string{}
	for _, name := range []string{linkFile, lowerFile, idsFile} {
		data, err := c.read(filepath.Join(c.dir, driverFolder, id, name))
		if err != nil {
			return nil, err
		}
		texts[name] = string(data)
	}
	lower := strings.Split(texts[idsFile], ":")
	if want := linkFolder + "/" + strings.Join(lower, ":"+linkFolder+"/"); texts[lowerFile] != want {
		return nil, fmt.Errorf("%s is %s, expected %s", lowerFile, texts[lowerFile], want)
	}
	return append([]string{texts[linkFile]}, lower...), nil
}

// checkLink checks a link and the folder with the EROFS file that it leads to.
func (c *checker) checkLink(link string) error {
	to, err := os.Readlink(filepath.Join(c.dir, driverFolder, linkFolder, link))
	if err != nil {
		return err
	}
	name := filepath.Base(filepath.Dir(to))
	if name != link {
		return fmt.Errorf("the link %s leads to %s", link, to)
	}
	for _, folder := range []string{diffFolder, erofsFolder} {
		if err := c.checkFolder(name, folder); err != nil {
			return err
		}
	}
	return checkEROFS(filepath.Join(c.dir, driverFolder, name, erofsFolder, erofsFile))
}

func (c *checker) checkFolder(names ...string) error {
	path := filepath.Join(append([]string{c.dir, driverFolder}, names...)...)
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder", path)
	}
	return err
}

// The superblock of an EROFS file begins with a number at this place:
// https://docs.kernel.org/filesystems/erofs.html#on-disk-details
const superblock = 1024

var erofsMagic = []byte{0xe2, 0xe1, 0xf5, 0xe0}

func checkEROFS(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	start := make([]byte, len(erofsMagic))
	if _, err := f.ReadAt(start, superblock); err != nil || !bytes.Equal(start, erofsMagic) {
		return fmt.Errorf("%s is not an EROFS file", path)
	}
	return nil
}

func (c *checker) readImages() error {
	var records []imageRecord
	if err := c.readTable(imageFolder, imageTable, imageLock, &records); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, record := range records {
		for _, name := range append([]string{record.ID}, record.Names...) {
			if seen[name] {
				return fmt.Errorf("there are two images %s", name)
			}
			seen[name] = true
		}
		if err := c.checkImage(record); err != nil {
			return fmt.Errorf("image %s: %w", record.ID, err)
		}
	}
	return nil
}

// checkImage checks what images.json says of an image, its data and its layers.
func (c *checker) checkImage(record imageRecord) error {
	if !isID(record.ID) {
		return errors.New("its ID is not that of a config")
	}
	for _, name := range record.BigDataNames {
		if err := c.checkData(record, name); err != nil {
			return err
		}
	}
	config, err := c.read(c.data(record, digest.NewDigestFromEncoded(digest.SHA256, record.ID).String()))
	if err != nil {
		return err
	}
	for _, name := range []string{manifestData, manifestData + "-" + record.Digest.String()} {
		data, err := c.read(c.data(record, name))
		if err != nil {
			return err
		}
		m, err := image.ParseManifest(data)
		if err != nil {
			return err
		}
		if d := digest.FromBytes(data); d != record.Digest || m.Config.Digest.Encoded() != record.ID {
			return fmt.Errorf("its %s is %s, with the config %s", name, d, m.Config.Digest)
		}
	}
	return c.checkTop(record, config)
}

// checkTop checks that the layers of an image are those that its config names.
func (c *checker) checkTop(record imageRecord, config []byte) error {
	named, err := image.ParseConfig(config)
	if err != nil {
		return err
	}
	var has []digest.Digest
	for id := record.TopLayer; id != ""; id = c.layers[id].Parent {
		if _, ok := c.layers[id]; !ok {
			return fmt.Errorf("its layer %s is missing", id)
		}
		has = append(has, c.layers[id].DiffID)
	}
	slices.Reverse(has)
	if !slices.Equal(has, named.DiffIDs) {
		return fmt.Errorf("its layers are %v, but its config names %v", has, named.DiffIDs)
	}
	return nil
}

// checkData checks a file of an image's folder.
func (c *checker) checkData(record imageRecord, name string) error {
	data, err := c.read(c.data(record, name))
	if err != nil {
		return err
	}
	d, size := digest.FromBytes(data), int64(len(data))
	if d != record.BigDataDigests[name] || size != record.BigDataSizes[name] {
		return fmt.Errorf("%s is %s of %d bytes, expected %s of %d bytes", name, d, size, record.BigDataDigests[name], record.BigDataSizes[name])
	}
	return nil
}

// data returns the path of an image's data.
func (c *checker) data(record imageRecord, name string) string {
	return filepath.Join(c.dir, imageFolder, record.ID, fileName(name))
}

// maxFile limits the size of a file of the store other than an EROFS file, in bytes. A table
// has some hundred bytes for a layer.
const maxFile = 64 << 20

func (c *checker) read(path string) ([]byte, error) {
	return bounded.ReadFile(c.ctx, path, maxFile, "a file of the store")
}

// readTable reads a table, and the lock that the engine takes before.
func (c *checker) readTable(folder, table, lock string, records any) error {
	info, err := os.Stat(filepath.Join(c.dir, folder, lock))
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: filepath.Join(c.dir, folder, lock), Err: errors.New("not a regular file")}
	}
	if err != nil {
		return err
	}
	data, err := c.read(filepath.Join(c.dir, folder, table))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, records); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(folder, table), err)
	}
	return nil
}
