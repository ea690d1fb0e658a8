package test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/rogpeppe/go-internal/testscript"

	"hocker/test/faults"
	"hocker/test/servers"
)

// The commands for a registry that goes wrong:
//
//	faults NAME MIB [token]      start one with an image demo/app:1 whose only layer has that size;
//	                             sets NAME, NAME_PORT, IMAGE_DIGEST, IMAGE_CONFIG, IMAGE_LAYER0, IMAGE_DIFF0
//	fault NAME FAULT [KEY=VALUE...]
//	                             have it go wrong: see the package faults
//	fault NAME heal              take all faults away, and forget the requests
func init() {
	commands["faults"] = faultsCommand
	commands["fault"] = faultCommand
}

// faultServer is a server as scripts know them.
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
	addFaultyImage(ts, r, number(ts, args[1])<<20)
	s, err := faults.Serve(r)
	ts.Check(err)
	scriptOf(ts).add(ts, args[0], faultServer{s})
}

// addFaultyImage adds an image with a layer of about so many bytes.
func addFaultyImage(ts *testscript.TestScript, r *faults.Registry, size int) {
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(content)
	var archive, layer bytes.Buffer
	w := tar.NewWriter(&archive)
	ts.Check(w.WriteHeader(&tar.Header{Name: "content", Mode: 0o644, Size: int64(size)}))
	_, err := w.Write(content)
	ts.Check(err)
	ts.Check(w.Close())
	z, err := gzip.NewWriterLevel(&layer, gzip.NoCompression)
	ts.Check(err)
	_, err = z.Write(archive.Bytes())
	ts.Check(err)
	ts.Check(z.Close())

	diff := digest.FromBytes(archive.Bytes())
	config, err := json.Marshal(ocispec.Image{
		Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"},
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{diff}},
	})
	ts.Check(err)
	describe := func(mediaType string, data []byte) ocispec.Descriptor {
		return ocispec.Descriptor{MediaType: mediaType, Digest: r.AddBlob(data), Size: int64(len(data))}
	}
	manifest, err := json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    describe(ocispec.MediaTypeImageConfig, config),
		Layers:    []ocispec.Descriptor{describe(ocispec.MediaTypeImageLayerGzip, layer.Bytes())},
	})
	ts.Check(err)
	ts.Setenv("IMAGE_DIGEST", r.AddManifest("1", ocispec.MediaTypeImageManifest, manifest).String())
	ts.Setenv("IMAGE_CONFIG", digest.FromBytes(config).String())
	ts.Setenv("IMAGE_LAYER0", digest.FromBytes(layer.Bytes()).String())
	ts.Setenv("IMAGE_DIFF0", diff.String())
}

func faultCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2, "fault NAME FAULT [KEY=VALUE...]")
	s, ok := scriptOf(ts).find(ts, args[0]).(faultServer)
	if !ok {
		ts.Fatalf("%s is not started by faults", args[0])
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
