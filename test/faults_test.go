package test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/rogpeppe/go-internal/testscript"

	"hocker/test/faults"
	"hocker/test/servers"
)

// The commands for a faulty registry:
//
//	faults NAME MIB [token]      start one with an image demo/app:1 of one layer of that size;
//	                             sets NAME, NAME_PORT, IMAGE_DIGEST, IMAGE_CONFIG, IMAGE_LAYER0, IMAGE_DIFF0
//	fault NAME FAULT [KEY=VALUE...]
//	                             inject a fault: see the package faults
//	fault NAME heal              remove all faults, and forget the requests
func init() {
	commands["faults"] = faultsCommand
	commands["fault"] = faultCommand
}

// faultServer is a faulty registry as a server of scripts.
type faultServer struct{ *faults.Server }

func (s faultServer) Addr() string { return s.Host() }
func (s faultServer) Log() string  { return "" }
func (s faultServer) Stop() error  { return s.Close() }

func (s faultServer) Forget() error {
	s.Server.Forget()
	return nil
}

func (s faultServer) Requests() ([]servers.Request, error) {
	var requests []servers.Request
	for _, r := range s.Server.Requests() {
		scheme, _, _ := strings.Cut(r.Authorization, " ")
		requests = append(requests, servers.Request{
			Method: r.Method, Path: r.Path, Status: r.Status, Auth: scheme,
			Range: r.Range, Encoding: r.Encoding, Host: r.Host, Remote: r.Remote,
		})
	}
	return requests, nil
}

func faultsCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2, "faults NAME MIB [token]")
	r := faults.New()
	if len(args) == 3 && args[2] == "token" {
		r.Auth = &faults.Auth{}
	}
	image, err := addFaultyImage(r, number(ts, args[1])<<20)
	ts.Check(err)
	for name, d := range map[string]digest.Digest{
		"IMAGE_DIGEST": image.digest, "IMAGE_CONFIG": image.configDigest, "IMAGE_LAYER0": image.layerDigest, "IMAGE_DIFF0": image.diffID,
	} {
		ts.Setenv(name, d.String())
	}
	s, err := faults.Serve(r)
	ts.Check(err)
	scriptOf(ts).add(ts, args[0], faultServer{s})
}

// faultyImage has the digests of an image of one layer.
type faultyImage struct {
	digest, configDigest, layerDigest, diffID digest.Digest
	config, layer                             []byte
}

// addFaultyImage adds an image demo/app:1 with a layer of about size bytes.
func addFaultyImage(r *faults.Registry, size int) (*faultyImage, error) {
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(content)
	var archive, layer bytes.Buffer
	w := tar.NewWriter(&archive)
	z, err := gzip.NewWriterLevel(&layer, gzip.NoCompression)
	if err := errors.Join(err, w.WriteHeader(&tar.Header{Name: "content", Mode: 0o644, Size: int64(size)})); err != nil {
		return nil, err
	}
	_, writeErr := w.Write(content)
	closeErr := w.Close()
	_, packErr := z.Write(archive.Bytes())
	if err := errors.Join(writeErr, closeErr, packErr, z.Close()); err != nil {
		return nil, err
	}
	image := &faultyImage{diffID: digest.FromBytes(archive.Bytes()), layer: layer.Bytes()}
	image.config, err = json.Marshal(ocispec.Image{
		Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"},
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{image.diffID}},
	})
	if err != nil {
		return nil, err
	}
	image.configDigest, image.layerDigest = r.AddBlob(image.config), r.AddBlob(image.layer)
	manifest, err := json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: image.configDigest, Size: int64(len(image.config))},
		Layers:    []ocispec.Descriptor{{MediaType: ocispec.MediaTypeImageLayerGzip, Digest: image.layerDigest, Size: int64(len(image.layer))}},
	})
	image.digest = r.AddManifest("1", ocispec.MediaTypeImageManifest, manifest)
	return image, err
}

func faultCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2, "fault NAME FAULT [KEY=VALUE...]")
	s, ok := scriptOf(ts).find(ts, args[0]).(faultServer)
	if !ok {
		ts.Fatalf("%s is not a faulty registry", args[0])
	}
	if args[1] == "heal" {
		s.Heal()
		ts.Check(s.Forget())
		return
	}
	text := strings.Join(args[1:], " ")
	_, err := faults.Parse(text)
	ts.Check(err)
	s.Add(text)
}
