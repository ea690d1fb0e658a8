// Command bom describes hocker binaries for those who pass them on: the modules that are
// linked in, from what Go records in a binary, and their licences.
//
//	bom sbom VERSION BINARY   print a software bill of materials, CycloneDX JSON
//	bom licences BINARY...    print the licences of the modules in the binaries, and of Go
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bom:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, args []string) error {
	switch {
	case len(args) == 3 && args[0] == "sbom":
		return writeBOM(w, args[1], args[2])
	case len(args) >= 2 && args[0] == "licences":
		return writeLicences(w, args[1:])
	}
	return fmt.Errorf("expected sbom VERSION BINARY, or licences and binaries")
}

// A document is the part of CycloneDX that is needed:
// https://cyclonedx.org/docs/1.6/json/
type document struct {
	Format   string      `json:"bomFormat"`
	Spec     string      `json:"specVersion"`
	Version  int         `json:"version"`
	Metadata metadata    `json:"metadata"`
	Modules  []component `json:"components"`
	Graph    []edge      `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Ref     string `json:"bom-ref"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Scope   string `json:"scope,omitempty"`
	Hashes  []hash `json:"hashes,omitempty"`
	PURL    string `json:"purl"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type edge struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// writeBOM takes the version, which Go does not record with -trimpath.
func writeBOM(w io.Writer, version, binary string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	program := newComponent("application", info.Main.Path, version)
	program.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum[:])}}
	d := document{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{program}, Modules: []component{}}
	for _, module := range info.Deps {
		c := newComponent("library", module.Path, module.Version)
		c.Scope = "required"
		// go.sum's hash of a module is the SHA-256 of a list of its files.
		if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(module.Sum, "h1:")); err == nil && len(sum) == sha256.Size {
			c.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
		}
		d.Modules = append(d.Modules, c)
	}
	std := newComponent("library", "std", strings.TrimPrefix(info.GoVersion, "go"))
	std.Scope = "required"
	d.Modules = append(d.Modules, std)
	refs := []string{}
	for _, c := range d.Modules {
		refs = append(refs, c.Ref)
	}
	d.Graph = []edge{{program.Ref, refs}}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}

func newComponent(kind, path, version string) component {
	purl := "pkg:golang/" + path + "@" + version
	return component{Ref: purl, Type: kind, Name: path, Version: version, PURL: purl}
}

// licenceFile matches the files that a module has to be passed on with. LICENSE.docs of
// go-digest is for its documents.
var licenceFile = regexp.MustCompile(`^(?i:(un)?licen[cs]e|copying|notice|patents)(\.(md|txt))?$`)

func writeLicences(w io.Writer, binaries []string) error {
	modules := map[string]string{} // folders, by the module
	for _, binary := range binaries {
		info, err := buildinfo.ReadFile(binary)
		if err != nil {
			return err
		}
		root, err := output("go", "env", "GOROOT")
		if err != nil {
			return err
		}
		modules["Go "+strings.TrimPrefix(info.GoVersion, "go")] = root
		for _, module := range info.Deps {
			name := module.Path + " " + module.Version
			if modules[name] != "" {
				continue
			}
			if modules[name], err = output("go", "list", "-m", "-f", "{{.Dir}}", module.Path); err != nil {
				return err
			}
		}
	}
	names := []string{}
	for name := range modules {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := writeLicence(w, name, modules[name]); err != nil {
			return err
		}
	}
	return nil
}

func writeLicence(w io.Writer, name, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		title := name + ", " + entry.Name()
		found = true
		if _, err := fmt.Fprintf(w, "%s\n%s\n\n%s\n\n", title, strings.Repeat("=", len(title)), strings.TrimSpace(string(text))); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%s has no licence in %s", name, dir)
	}
	return nil
}

// output runs a program and returns its output, trimmed.
func output(program string, args ...string) (string, error) {
	out, err := exec.Command(program, args...).Output()
	return strings.TrimSpace(string(out)), err
}
