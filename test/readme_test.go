package test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hocker/test/servers"
)

// readmeAccount is the account in the examples of README.md.
var readmeAccount = servers.Account{Username: "me", Password: "secret"}

// readmeDocument is README.md.
var readmeDocument = document{
	path: "README.md",
	skips: []string{ // this block runs the tests
		"make demo   # docker2nix, nix-build, docker load and docker run, with a registry of its own\n" +
			"make check  # for a change: build, linters, unit tests; about two minutes the first time, no root, nothing to install\n" +
			"make test   # for a release: that, and all tests end to end on real servers\n",
	},
	outputs: []documentOutput{
		{words: "docker load", output: `(?m)^Loaded image: debian:bookworm$`},
		{words: "cat /etc/os-release", output: `(?m)^ID=hocker-tests$`},
		{words: "hocker default.nix", output: `(?m)^/.*/store/\w{32}-`},
		{words: "/bin/load", output: `(?m)^(Loaded image|Image is already present): debian:bookworm$`},
		{words: "hocker lock add", output: `(?m)^old +- +→ +sha256:`},
		{words: "skopeo inspect", output: `"Digest": "sha256:`},
		{words: "flake init", output: `(?m)^wrote: .*/flake\.nix"?$`},
		{words: "hocker prefetch", output: `(?m)^/.*/store/\w{32}-docker-layer-`},
	},
	requests: map[string]string{
		"Pin an image":       "/blobs/", // fetches only the manifest
		"Run it":             "/",       // makes no request
		"Shapes of an image": "/",
	},
	account: readmeAccount,
	use:     useReadme,
}

// TestReadme follows README.md.
func TestReadme(t *testing.T) {
	if r := readmeDocument.read(t, nil); r != nil {
		r.runTools()
		r.checkHubRequests()
	}
}

// useReadme handles the blocks that are neither commands nor Nix: it writes them to
// the files that they show.
func useReadme(r *reader, block documentBlock) bool {
	credentials := filepath.Join(r.box.dir, "credentials")
	switch {
	case strings.HasPrefix(block.text, "REGISTRY="):
		r.box.write(credentials, block.text, 0o600)
		r.box.mustRun("hocker-manifest", "--credentials-file", credentials, privateImage)
	case strings.HasPrefix(block.text, "extra-sandbox-paths ="):
		// As the README says: the file, and these settings in nix.conf.
		r.box.write(filepath.Join(r.box.nixConf(), "nix.conf"), block.text, 0o644)
		r.box.mustRun("install", "-m", "0440", "-g", "nixbld", credentials, "/etc/nix-docker-credentials.txt")
		r.box.mustRun("sh", "-c", "rm result && nix-store --gc && nix-build private.nix")
	default:
		return false
	}
	return true
}

// toolRow is a row of the table of tools.
var toolRow = regexp.MustCompile("(?m)^\\| `(hocker-[^`]+|docker2nix [^`]+)` \\|")

// runTools runs the commands in the table of tools.
func (r *reader) runTools() {
	rows := toolRow.FindAllStringSubmatch(r.text, -1)
	if len(rows) < len(links) {
		r.box.t.Errorf("README.md has a table of %d tools, want %d", len(rows), len(links))
	}
	for _, row := range rows {
		r.box.mustRun("bash", "-euo", "pipefail", "-c", row[1]+" </dev/null")
	}
}

// checkHubRequests checks the requests to Docker Hub: all come from hocker, none has a
// user's credentials, and they include those for an anonymous token.
func (r *reader) checkHubRequests() {
	t := r.box.t
	lines := map[string]int{}
	for _, request := range r.box.requestsOf(r.box.hub) {
		line := request.String()
		if !strings.HasPrefix(request.Agent, "hocker/") || request.Auth == "Basic" {
			t.Errorf("unexpected request: %s", line)
		}
		for _, pattern := range hubRequests {
			if regexp.MustCompile(pattern).MatchString(line) {
				lines[pattern]++
			}
		}
	}
	for _, pattern := range hubRequests {
		if lines[pattern] == 0 {
			t.Errorf("no request like %s", pattern)
		}
	}
}

// hubRequests are patterns of requests that Docker Hub must have received.
var hubRequests = []string{
	`^GET /v2/library/debian/manifests/bookworm 401 .* auth=- .* host=registry-1\.docker\.io `,
	`^GET /token\?scope=repository%3Alibrary%2Fdebian%3Apull&service=registry\.docker\.io 200 .* auth=- .* host=auth\.docker\.io `,
	`^GET /v2/library/debian/manifests/bookworm 200 .* auth=Bearer .* host=registry-1\.docker\.io `,
	`^GET /v2/library/debian/blobs/sha256:\w+ 20[06] .* auth=Bearer .* host=registry-1\.docker\.io `,
}
