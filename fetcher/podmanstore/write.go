package podmanstore

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// base is an EROFS file without files, made by
//
//	mkfs.erofs -T0 --all-root -U 00000000-0000-0000-0000-000000000000 base.erofs EMPTY-FOLDER
//
//go:embed base.erofs
var base []byte

// maxLayers is how many layers an image may have. Linux puts at most 500 folders together, and
// the engine needs two for each layer and the base.
const maxLayers = 249

// Write writes a store with the images to dir, which it creates, and checks it with [Check].
// Images that have the same config are one image with all their names and manifests. The same
// images in another order give the same bytes.
func Write(ctx context.Context, dir string, images []Image) error {
	var (
		stored []storedImage
		layers = map[string]storedLayer{}
	)
	for _, group := range groupImages(images) {
		image, err := storeImage(group)
		if err != nil {
			return err
		}
		stored = append(stored, image)
		for _, image := range group {
			if n := len(image.Layers); n > maxLayers {
				return fmt.Errorf("%s has %d layers: Linux mounts at most %d of them at once", image.Reference, n, maxLayers)
			}
			addLayers(layers, chain(image.Layers))
		}
	}
	if err := checkNames(stored); err != nil {
		return err
	}
	if err := writeImages(filepath.Join(dir, imageFolder), stored); err != nil {
		return err
	}
	if err := writeLayers(dir, layers); err != nil {
		return err
	}
	return Check(ctx, dir)
}

// addLayers adds layers to those of the store. A layer may come as several files, since it may
// be compressed in several ways; then the file that is first by its name is stored.
func addLayers(to map[string]storedLayer, layers []storedLayer) {
	for _, layer := range layers {
		if has, ok := to[layer.ID]; !ok || layer.file < has.file {
			to[layer.ID] = layer
		}
	}
}

// checkNames returns an error if two images have the same name.
func checkNames(images []storedImage) error {
	owners := map[string]string{}
	for _, image := range images {
		for _, name := range image.record.Names {
			if owner, ok := owners[name]; ok {
				return fmt.Errorf("two images have the name %s: sha256:%s and sha256:%s", name, owner, image.record.ID)
			}
			owners[name] = image.record.ID
		}
	}
	return nil
}

func writeImages(dir string, images []storedImage) error {
	records := []imageRecord{}
	for _, image := range images {
		records = append(records, image.record)
		for name, data := range image.data {
			if err := writeFile(filepath.Join(dir, image.record.ID, fileName(name)), data); err != nil {
				return err
			}
		}
	}
	return writeTable(filepath.Join(dir, imageTable), filepath.Join(dir, imageLock), records)
}

func writeLayers(dir string, layers map[string]storedLayer) error {
	records := []layerRecord{}
	// The engine takes the first layer of a diff ID if it copies one. A lower one is more whole:
	// it hides fewer of the same files.
	ids := slices.SortedFunc(maps.Keys(layers), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(layers[a].lower), len(layers[b].lower)), cmp.Compare(a, b))
	})
	for _, id := range ids {
		layer := layers[id]
		records = append(records, layer.layerRecord)
		if err := writeLayer(filepath.Join(dir, driverFolder), layer); err != nil {
			return err
		}
	}
	if err := writeBase(filepath.Join(dir, driverFolder)); err != nil {
		return err
	}
	folder := filepath.Join(dir, layerFolder)
	return writeTable(filepath.Join(folder, layerTable), filepath.Join(folder, layerLock), records)
}

// writeTable writes a table and its lock. The engine needs the lock, which stays empty, to
// read the table; it cannot make one here.
func writeTable(path, lock string, records any) error {
	data, err := json.Marshal(records)
	if err != nil {
		return err
	}
	if err := writeFile(path, data); err != nil {
		return err
	}
	return writeFile(lock, nil)
}

// writeLayer writes the folders and links of a layer below dir.
func writeLayer(dir string, layer storedLayer) error {
	name := linkName(layer.ID)
	if err := writeLinked(dir, name); err != nil {
		return err
	}
	if err := os.Symlink(layer.file, filepath.Join(dir, name, erofsFolder, erofsFile)); err != nil {
		return err
	}
	folder := filepath.Join(dir, layer.ID)
	if err := os.MkdirAll(filepath.Join(folder, diffFolder), 0o777); err != nil {
		return err
	}
	if err := os.Symlink(filepath.Join("..", name, erofsFolder), filepath.Join(folder, erofsFolder)); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(folder, linkFile), []byte(name)); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(folder, idsFile), []byte(strings.Join(layer.lower, ":"))); err != nil {
		return err
	}
	links := make([]string, len(layer.lower))
	for i, name := range layer.lower {
		links[i] = linkFolder + "/" + name
	}
	return writeFile(filepath.Join(folder, lowerFile), []byte(strings.Join(links, ":")))
}

// writeBase writes the base below dir.
func writeBase(dir string) error {
	name := linkName(baseID)
	if err := writeLinked(dir, name); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, name, erofsFolder, erofsFile), base)
}

// writeLinked writes the folder of an EROFS file, and the link that leads to it.
func writeLinked(dir, name string) error {
	for _, folder := range []string{
		filepath.Join(dir, linkFolder),
		filepath.Join(dir, name, diffFolder),
		filepath.Join(dir, name, erofsFolder),
	} {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
	}
	return os.Symlink(filepath.Join("..", name, diffFolder), filepath.Join(dir, linkFolder, name))
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o666)
}
