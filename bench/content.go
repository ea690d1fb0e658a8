package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// registry is the registry that the benchmarks push their content to.
type registry struct{ addr string }

// pushFile pushes a file as a blob.
func (r registry) pushFile(repo, path string) (ocispec.Descriptor, error) {
	f, err := os.Open(path)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer f.Close()
	d, err := digest.FromReader(f)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return ocispec.Descriptor{}, err
	}
	return ocispec.Descriptor{Digest: d, Size: size}, r.push(repo, d, f, size)
}

func (r registry) push(repo string, d digest.Digest, content io.Reader, size int64) error {
	resp, err := http.Post("http://"+r.addr+"/v2/"+repo+"/blobs/uploads/", "", nil)
	if err != nil {
		return err
	}
	resp.Body.Close()
	location, err := resp.Location()
	if err != nil {
		return err
	}
	query := location.Query()
	query.Set("digest", d.String())
	location.RawQuery = query.Encode()
	return put(location.String(), "application/octet-stream", content, size)
}

func put(url, contentType string, content io.Reader, size int64) error {
	req, err := http.NewRequest(http.MethodPut, url, io.NopCloser(content))
	if err != nil {
		return err
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		body, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("PUT %s: %s: %s", url, resp.Status, body)
	}
	return nil
}

// pushRandom pushes a blob that nothing can compress.
func (r registry) pushRandom(repo string, seed byte, size int64) (ocispec.Descriptor, error) {
	content := func() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{seed}), size) }
	d, err := digest.FromReader(content())
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return ocispec.Descriptor{Digest: d, Size: size}, r.push(repo, d, content(), size)
}

const (
	mediaTypeManifest = "application/vnd.docker.distribution.manifest.v2+json"
	mediaTypeConfig   = "application/vnd.docker.container.image.v1+json"
	mediaTypeLayer    = "application/vnd.docker.image.rootfs.diff.tar.gzip"
)

// pushImage pushes the manifest of an image whose layers were pushed before.
func (r registry) pushImage(repo, tag string, layers []ocispec.Descriptor, diffIDs []digest.Digest) error {
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
	})
	if err != nil {
		return err
	}
	d := digest.FromBytes(config)
	if err := r.push(repo, d, bytes.NewReader(config), int64(len(config))); err != nil {
		return err
	}
	for i := range layers {
		layers[i].MediaType = mediaTypeLayer
	}
	m := ocispec.Manifest{
		MediaType: mediaTypeManifest,
		Config:    ocispec.Descriptor{MediaType: mediaTypeConfig, Digest: d, Size: int64(len(config))},
		Layers:    layers,
	}
	m.SchemaVersion = 2
	manifest, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return put("http://"+r.addr+"/v2/"+repo+"/manifests/"+tag, mediaTypeManifest, bytes.NewReader(manifest), int64(len(manifest)))
}

// pushFiles makes layers of this machine's own files, each of that size before
// compression, and pushes an image of them.
func (r registry) pushFiles(dir, repo, tag string, layers int, size int64) (packed int64, err error) {
	descriptors, diffIDs, err := r.packFiles(dir, repo, layers, size)
	if err != nil {
		return 0, err
	}
	for _, d := range descriptors {
		packed += d.Size
	}
	return packed, r.pushImage(repo, tag, descriptors, diffIDs)
}

// packFiles makes the layers and pushes them without an image.
func (r registry) packFiles(dir, repo string, layers int, size int64) ([]ocispec.Descriptor, []digest.Digest, error) {
	files := realFiles(size * int64(layers) * 11 / 10)
	descriptors := make([]ocispec.Descriptor, layers)
	diffIDs := make([]digest.Digest, layers)
	errs := make([]error, layers)
	var group sync.WaitGroup
	for i := range layers {
		part := takeFiles(&files, size)
		group.Go(func() {
			path := filepath.Join(dir, fmt.Sprintf("layer%d.tar.gz", i))
			if diffIDs[i], errs[i] = writeLayer(path, part); errs[i] == nil {
				descriptors[i], errs[i] = r.pushFile(repo, path)
			}
			os.Remove(path)
		})
	}
	group.Wait()
	return descriptors, diffIDs, errors.Join(errs...)
}

type realFile struct {
	path string
	size int64
}

// realFiles lists files of the system and of Go, in a fixed order.
func realFiles(total int64) (files []realFile) {
	for _, root := range []string{"/usr", "/opt", filepath.Join(os.Getenv("HOME"), "go", "pkg", "mod")} {
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || total <= 0 || !d.Type().IsRegular() {
				return nil
			}
			if info, err := d.Info(); err == nil && info.Size() > 4<<10 {
				files = append(files, realFile{path, info.Size()})
				total -= info.Size()
			}
			return nil
		})
	}
	return files
}

func takeFiles(files *[]realFile, size int64) (part []realFile) {
	for size > 0 && len(*files) > 0 {
		f := (*files)[0]
		*files = (*files)[1:]
		part = append(part, f)
		size -= f.size
	}
	return part
}

// tarFile is a file that is only in a layer.
type tarFile struct {
	name, content string
	mode          int64
}

func writeLayer(path string, files []realFile, more ...tarFile) (diffID digest.Digest, err error) {
	out, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer out.Close()
	packed, err := gzip.NewWriterLevel(out, 6)
	if err != nil {
		return "", err
	}
	h := digest.SHA256.Digester()
	archive := tar.NewWriter(io.MultiWriter(packed, h.Hash()))
	for _, f := range files {
		if err := addFile(archive, f); err != nil {
			return "", err
		}
	}
	for _, f := range more {
		if err := archive.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content))}); err != nil {
			return "", err
		}
		if _, err := io.WriteString(archive, f.content); err != nil {
			return "", err
		}
	}
	if err := archive.Close(); err != nil {
		return "", err
	}
	return h.Digest(), packed.Close()
}

// addFile adds a file with its size from the list, even if it has grown since.
func addFile(archive *tar.Writer, f realFile) error {
	in, err := os.Open(f.path)
	if err != nil {
		return nil // removed or not readable
	}
	defer in.Close()
	if err := archive.WriteHeader(&tar.Header{Name: f.path[1:], Mode: 0o644, Size: f.size}); err != nil {
		return err
	}
	_, err = io.CopyN(archive, in, f.size)
	return err
}

// diffIDsOf returns the diff IDs of uncompressed layers.
func diffIDsOf(layers []ocispec.Descriptor) []digest.Digest {
	ids := make([]digest.Digest, len(layers))
	for i, layer := range layers {
		ids[i] = layer.Digest
	}
	return ids
}
