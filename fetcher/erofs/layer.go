package erofs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hocker/fetcher/archive"
	"hocker/fetcher/internal/transfer"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// The files in the folder of a layer.
const (
	layerFile  = "layer.erofs"
	layerFacts = "layer.json"
)

// Layer is a layer as an EROFS file. It is kept as a folder with layer.erofs and
// layer.json.
type Layer struct {
	File   string        `json:"file,omitempty"` // path of the EROFS file; not in layer.json
	DiffID digest.Digest `json:"diffID"`         // of the layer's tar archive
	Size   int64         `json:"size"`           // of the tar archive
	// Digest and CompressedSize are those of the layer as the registry has it.
	Digest         digest.Digest `json:"digest"`
	CompressedSize int64         `json:"compressedSize"`
	MediaType      string        `json:"mediaType"`
	Owners
}

// Descriptor returns the descriptor of the layer as the registry has it.
func (l *Layer) Descriptor() ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: l.MediaType, Digest: l.Digest, Size: l.CompressedSize}
}

// MakeLayer makes the EROFS file of a layer, compressed or not, in the folder dir,
// which must not exist. blob has the given digest, or is hashed if it is empty. It may
// unpack to maxUnpacked bytes; 0 means the default: see [archive.UnpackLimit].
//
// Errors: *[EntryError], *[MkfsError], *[archive.UnpackError].
func MakeLayer(ctx context.Context, mkfs Mkfs, blob string, d digest.Digest, maxUnpacked int64, dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	layer, err := makeLayer(ctx, mkfs, blob, d, maxUnpacked, filepath.Join(dir, layerFile))
	if err == nil {
		err = writeFacts(filepath.Join(dir, layerFacts), layer)
	}
	if err != nil {
		os.RemoveAll(dir)
	}
	return err
}

func makeLayer(ctx context.Context, mkfs Mkfs, blob string, d digest.Digest, maxUnpacked int64, file string) (Layer, error) {
	packed, err := os.Open(blob)
	if err != nil {
		return Layer{}, err
	}
	defer packed.Close()
	layer := Layer{Digest: d}
	if err := layer.describe(ctx, packed); err != nil {
		return Layer{}, err
	}
	var contents Contents
	err = mkfs.Make(ctx, file, func(to EntryWriter) error {
		layer.DiffID, layer.Size, contents, err = unpackInto(to, transfer.ContextReader(ctx, packed), archive.UnpackLimit(layer.CompressedSize, maxUnpacked))
		return err
	})
	if err == nil && contents.ACLs {
		err = markACLs(file)
	}
	if err != nil {
		return Layer{}, fmt.Errorf("layer %s: %w", layer.Digest, err)
	}
	layer.Owners = contents.Owners
	return layer, nil
}

// describe fills in what the layer as the registry has it is.
func (l *Layer) describe(ctx context.Context, packed *os.File) error {
	info, err := packed.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", packed.Name())
	}
	l.CompressedSize = info.Size()
	var start [4]byte
	n, err := packed.ReadAt(start[:], 0)
	if err != nil && err != io.EOF {
		return err
	}
	l.MediaType = archive.DetectCompression(start[:n]).MediaType()
	if l.Digest == "" {
		whole := io.NewSectionReader(packed, 0, info.Size())
		l.Digest, err = digest.Canonical.FromReader(transfer.ContextReader(ctx, whole))
	}
	return err
}

// unpackInto writes the entries of a packed layer. It returns the layer's diff ID and
// size, and what CopyLayer returns.
func unpackInto(to EntryWriter, packed io.Reader, limit int64) (digest.Digest, int64, Contents, error) {
	r, unpacked := io.Pipe()
	var contents Contents
	copied := make(chan error, 1)
	go func() {
		var err error
		contents, err = CopyLayer(to, r)
		// What comes after the archive is part of the layer, too.
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		r.CloseWithError(err)
		copied <- err
	}()
	diffID, size, err := archive.UnpackDigest(unpacked, packed, limit)
	unpacked.CloseWithError(err) // EOF for nil
	copyErr := <-copied
	if err == nil {
		err = copyErr
	}
	return diffID, size, contents, err
}

// markACLs says in an EROFS file that it has ACLs. podman looks for that where
// composefs has its flags, in what EROFS leaves free, and ignores ACLs otherwise:
// https://github.com/composefs/composefs/blob/v1.0.8/libcomposefs/lcfs-erofs.h
func markACLs(file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{1}, 8); err != nil {
		return err
	}
	return f.Close()
}

func writeFacts(path string, layer Layer) error {
	data, err := json.MarshalIndent(layer, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o666)
}

// ReadLayer reads the folder that MakeLayer has made.
func ReadLayer(dir string) (Layer, error) {
	path := filepath.Join(dir, layerFacts)
	data, err := os.ReadFile(path)
	if err != nil {
		return Layer{}, err
	}
	var layer Layer
	if err := json.Unmarshal(data, &layer); err != nil {
		return Layer{}, fmt.Errorf("%s: %w", path, err)
	}
	layer.File = filepath.Join(dir, layerFile)
	return layer, nil
}
