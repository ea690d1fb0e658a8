package fetcher_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	// These imports make go test run again when a package changes.
	_ "hocker/fetcher/archive"
	_ "hocker/fetcher/engine"
	_ "hocker/fetcher/inspect"
	_ "hocker/fetcher/lock"
	_ "hocker/fetcher/shape"
	_ "hocker/fetcher/signature"
	_ "hocker/fetcher/source"
)

// room lists what a package may import besides the standard library. Paths whose
// first element has no dot are of this module.
type room struct {
	imports []string
	// without lists packages that it must not depend on, even indirectly.
	without []string
}

const (
	httpPackage = "net/http"
	rootsBundle = "golang.org/x/crypto/x509roots/fallback/bundle"
	digests     = "github.com/opencontainers/go-digest"
	imageSpec   = "github.com/opencontainers/image-spec"
)

// offline lists what a package that uses no registry must not depend on.
var offline = []string{httpPackage, rootsBundle}

// rooms lists the packages, from the lowest up.
var rooms = map[string]room{
	"fetcher/bytecount":           {without: offline},
	"fetcher/printable":           {without: offline},
	"fetcher/atomicfile":          {imports: []string{"fetcher/internal/flock", "golang.org/x/sys"}, without: offline},
	"fetcher/internal/flock":      {without: offline},
	"fetcher/bounded":             {imports: []string{"fetcher/bytecount"}, without: offline},
	"fetcher/internal/inflate":    {without: offline},
	"fetcher/internal/strictjson": {without: offline},
	"fetcher/internal/erofsfile":  {without: offline},
	"fetcher/internal/subprocess": {without: offline},
	"fetcher/internal/transfer":   {imports: []string{"fetcher/bytecount", "golang.org/x/sync"}, without: offline},
	"fetcher/content":             {imports: []string{"fetcher/bytecount", digests}, without: offline},
	"fetcher/reference":           {imports: []string{digests}, without: offline},
	"fetcher/checkout":            {imports: []string{"fetcher/internal/subprocess"}, without: offline},
	"fetcher/follow":              {imports: []string{"fetcher/reference", "github.com/Masterminds/semver/v3"}, without: offline},
	"fetcher/source":              {imports: []string{"fetcher/bounded", "fetcher/bytecount", "fetcher/reference", "go.yaml.in/yaml/v3"}, without: offline},
	"fetcher/credential": {
		imports: []string{"fetcher/bounded", "fetcher/internal/subprocess", "fetcher/reference"},
		without: offline,
	},
	"fetcher/image": {
		imports: []string{"fetcher/content", "fetcher/internal/strictjson", "fetcher/reference", digests, imageSpec},
		without: offline,
	},
	"fetcher/archive": {
		imports: []string{
			"fetcher/bounded", "fetcher/atomicfile", "fetcher/bytecount", "fetcher/content", "fetcher/image", "fetcher/internal/inflate", "fetcher/internal/transfer", "fetcher/reference",
			digests, imageSpec, "github.com/klauspost/compress", "golang.org/x/sync",
		},
		without: offline,
	},
	"fetcher": {imports: []string{
		"fetcher/bounded", "fetcher/content", "fetcher/credential", "fetcher/image", "fetcher/internal/transfer", "fetcher/reference",
		digests, imageSpec, rootsBundle, "oras.land/oras-go/v2/registry/remote",
	}},
	"fetcher/inspect": {imports: []string{"fetcher/image", digests, imageSpec}, without: offline},
	"fetcher/signature": {
		imports: []string{
			"fetcher/bounded", "fetcher/bytecount", "fetcher/content", "fetcher/image", "fetcher/internal/strictjson", "fetcher/reference",
			digests, imageSpec,
		},
		without: offline,
	},
	"fetcher/nix": {
		imports: []string{
			"fetcher/bounded", "fetcher/atomicfile", "fetcher/credential", "fetcher/image", "fetcher/internal/subprocess", "fetcher/reference",
			digests, imageSpec, "github.com/nix-community/go-nix", "golang.org/x/sync",
		},
		without: offline,
	},
	"fetcher/erofs": {
		imports: []string{"fetcher/archive", "fetcher/bytecount", "fetcher/internal/erofsfile", "fetcher/internal/subprocess", "fetcher/internal/transfer", digests, imageSpec},
		without: offline,
	},
	"fetcher/podmanstore": {
		imports: []string{"fetcher/bounded", "fetcher/image", "fetcher/reference", digests},
		without: offline,
	},
	"fetcher/process": {imports: []string{imageSpec}, without: offline},
	"fetcher/unit":    {imports: []string{"fetcher/process"}, without: offline},
	"fetcher/bundle":  {imports: []string{"fetcher/process"}, without: offline},
	"fetcher/rootfs": {
		imports: []string{"fetcher/archive", "fetcher/bytecount", "fetcher/erofs", "fetcher/image", "fetcher/process", imageSpec},
		without: offline,
	},
	"fetcher/shape": {
		imports: []string{
			"fetcher/archive", "fetcher/bundle", "fetcher/erofs", "fetcher/image", "fetcher/nix", "fetcher/podmanstore", "fetcher/process",
			"fetcher/reference", "fetcher/rootfs", "fetcher/unit", digests,
		},
		without: offline,
	},
	"fetcher/lock": {
		imports: []string{
			"fetcher/atomicfile", "fetcher/bytecount", "fetcher/content", "fetcher/follow", "fetcher/image", "fetcher/internal/flock", "fetcher/internal/strictjson", "fetcher/nix", "fetcher/reference",
			digests, imageSpec, "golang.org/x/sync",
		},
		without: offline,
	},
	"fetcher/internal/protobuf": {without: offline},
	// Engines talk HTTP over a socket.
	"fetcher/internal/grpc": {without: []string{rootsBundle}},
	"fetcher/internal/containerd": {
		imports: []string{"fetcher/internal/grpc", "fetcher/internal/protobuf", digests, imageSpec},
		without: []string{rootsBundle},
	},
	"fetcher/engine": {
		imports: []string{
			"fetcher/bounded", "fetcher/atomicfile", "fetcher/bytecount", "fetcher/internal/containerd", "fetcher/internal/grpc", "fetcher/internal/subprocess", "fetcher/reference",
			digests, imageSpec, "golang.org/x/sync",
		},
		without: []string{rootsBundle},
	},
}

// pkg is the output of go list for a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// listPackages returns the packages of the product.
func listPackages(t *testing.T) map[string]pkg {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "hocker/fetcher/...")
	out, err := list.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("the go command is not installed")
	}
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := map[string]pkg{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		switch err := decoder.Decode(&p); err {
		case nil:
			packages[strings.TrimPrefix(p.ImportPath, "hocker/")] = p
		case io.EOF:
			return packages
		default:
			t.Fatal(err)
		}
	}
}

// allows reports whether the room may import a package: one that it names, or one
// below another module's folder that it names.
func (r room) allows(path string) bool {
	if own, ok := strings.CutPrefix(path, "hocker/"); ok {
		return slices.Contains(r.imports, own)
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(r.imports, func(name string) bool {
		return path == name || strings.HasPrefix(path, name+"/")
	})
}

// Each package imports what its row allows, and nothing else.
func TestRooms(t *testing.T) {
	packages := listPackages(t)
	for name, p := range packages {
		r, ok := rooms[name]
		if !ok {
			t.Errorf("%s has no row in the plan", name)
			continue
		}
		for _, path := range p.Imports {
			if !r.allows(path) {
				t.Errorf("%s imports %s, which the plan does not allow", name, path)
			}
		}
		for _, path := range r.without {
			if slices.Contains(p.Deps, path) {
				t.Errorf("%s must not depend on %s: see go list -deps", name, path)
			}
		}
	}
	for name, r := range rooms {
		p, ok := packages[name]
		if !ok {
			t.Errorf("the plan has %s, but the package does not exist", name)
		}
		for _, allowed := range r.imports {
			used := slices.ContainsFunc(p.Imports, func(path string) bool {
				path = strings.TrimPrefix(path, "hocker/")
				return path == allowed || strings.HasPrefix(path, allowed+"/")
			})
			if !used {
				t.Errorf("the plan allows %s to import %s, which it does not", name, allowed)
			}
		}
	}
}
