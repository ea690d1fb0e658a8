package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"hocker/test/faults"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// verdict is the result of fetching a layer.
type verdict string

const (
	endedRight   verdict = "right"
	failedSafely verdict = "fails safely"
	gaveUp       verdict = "gives up"
	keptWrong    verdict = "**keeps wrong content**"
	leftWrong    verdict = "gives up, leaves a wrong file"
	hung         verdict = "**hangs**"
)

// try fetches the layer with a tool from a registry with the faults of a row.
func try(r row, t tool, layer []byte, dir string, limit time.Duration) (verdict, error) {
	work, err := os.MkdirTemp(dir, "")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	registry := faults.New()
	d := addImage(registry, layer)
	if r.uses > 0 {
		registry.Auth = &faults.Auth{Uses: r.uses}
	}
	for _, fault := range r.faults {
		if !strings.Contains(fault, "path=") {
			fault += " path=" + string(d) // not the config
		}
		registry.Add(fault)
	}
	server, err := faults.Serve(registry)
	if err != nil {
		return "", err
	}
	defer server.Close()

	out := filepath.Join(work, "layer")
	err = run(t, t.command(server.Host(), string(d), out), work, out, limit)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, context.DeadlineExceeded) {
		return "", err
	}
	if t.folder {
		out = filepath.Join(out, d.Encoded())
	}
	return judge(r, t, d, out, err), nil
}

// judge compares a tool's exit with its output.
func judge(r row, t tool, d digest.Digest, out string, err error) verdict {
	data, readErr := os.ReadFile(out)
	right := readErr == nil && digest.FromBytes(data) == d
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return hung
	case err == nil && right:
		return endedRight
	case err == nil:
		return keptWrong
	case len(data) > 0 && !t.stdout && !t.folder:
		return leftWrong
	case r.lost:
		return failedSafely
	}
	return gaveUp
}

func run(t tool, command []string, work, out string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "HOME="+work, "XDG_RUNTIME_DIR="+work)
	cmd.WaitDelay = time.Second
	if t.stdout {
		f, err := os.Create(out)
		if err != nil {
			return err
		}
		defer f.Close()
		cmd.Stdout = f
	}
	if err := cmd.Run(); err != nil {
		return errors.Join(err, ctx.Err())
	}
	return nil
}

// addImage adds an image of one layer, and returns the layer's digest.
func addImage(r *faults.Registry, layer []byte) digest.Digest {
	encode := func(v any) []byte {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err) // never happens: all types can be encoded
		}
		return data
	}
	describe := func(mediaType string, data []byte) ocispec.Descriptor {
		return ocispec.Descriptor{MediaType: mediaType, Digest: r.AddBlob(data), Size: int64(len(data))}
	}
	config := ocispec.Image{
		Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"},
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(layer)}},
	}
	manifest := ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    describe(ocispec.MediaTypeImageConfig, encode(config)),
		Layers:    []ocispec.Descriptor{describe(ocispec.MediaTypeImageLayer, layer)},
	}
	r.AddManifest("1", ocispec.MediaTypeImageManifest, encode(manifest))
	return manifest.Layers[0].Digest
}
