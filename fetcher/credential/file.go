package credential

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
)

// File is the content of a credentials file.
type File struct {
	Credential Func
	// Exposed reports whether other users of the machine can read the file.
	Exposed bool
	// Unbound reports whether the file has one credential and no host for it.
	Unbound bool
}

// ReadFile reads a credentials file. It is a Docker config.json, a netrc, or a list of
// NAME=value lines: USERNAME and PASSWORD, or BEARER_TOKEN, with the hosts they are for
// in REGISTRY. DOCKER_USER, DOCKER_PASS, DOCKER_TOKEN and DOCKER_REGISTRY are accepted
// too. Empty lines and lines that start with # are ignored. Errors of credential helpers
// are passed to notice, one line each. An error names the line, never its content.
func ReadFile(path string, audience Audience, notice func(line string)) (File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return File{}, fmt.Errorf("credentials file: %w", err)
	}
	data, err := readFile(context.Background(), path) // callers that cannot wait do not
	if err != nil {
		return File{}, fmt.Errorf("credentials file: %w", err)
	}
	file, err := parseCredentialFile(path, data, audience, notice)
	if err != nil {
		return File{}, err
	}
	file.Exposed = info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0
	return file, nil
}

func parseCredentialFile(name string, data []byte, audience Audience, notice func(line string)) (File, error) {
	switch {
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")):
		file, err := parseAuthFile(name, data)
		if err != nil {
			return File{}, err
		}
		return File{Credential: file.source(notice)}, nil
	case isNetrc(data):
		file, err := parseNetrc(data)
		if err != nil {
			return File{}, fmt.Errorf("netrc %s: %w", name, err)
		}
		if len(file) == 0 {
			return File{}, fmt.Errorf("netrc %s: no machine has both a login and a password", name)
		}
		return File{Credential: file.source(name, audience)}, nil
	}
	s, err := parseCredentialLines(data)
	if err != nil {
		return File{}, fmt.Errorf("credentials file %s: %w", name, err)
	}
	s.origin, s.place = OriginFile, name
	return File{Credential: s.source(audience), Unbound: len(s.hosts) == 0}, nil
}

func parseCredentialLines(data []byte) (secret, error) {
	var s secret
	var registry string
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return secret{}, fmt.Errorf("line %d: expected NAME=value", n)
		}
		field := lineField(strings.TrimSpace(key), &s.Credential, &registry)
		switch {
		case field == nil:
			return secret{}, fmt.Errorf("line %d: expected REGISTRY=, USERNAME=, PASSWORD= or BEARER_TOKEN= (or DOCKER_REGISTRY=, DOCKER_USER=, DOCKER_PASS=, DOCKER_TOKEN=)", n)
		case value == "":
			return secret{}, fmt.Errorf("line %d: missing value after =", n)
		case *field != "":
			return secret{}, fmt.Errorf("line %d repeats an earlier line", n)
		}
		*field = value
		if field == &registry {
			var err error
			if s.hosts, err = ParseHosts(value); err != nil || len(s.hosts) == 0 {
				return secret{}, fmt.Errorf("line %d: expected comma-separated hosts, such as registry.example or host:5000", n)
			}
		}
	}
	if s.IsZero() {
		return secret{}, fmt.Errorf("no credential found: expected USERNAME= and PASSWORD=, or BEARER_TOKEN=, or a Docker config.json, or a netrc")
	}
	if s.Token != "" && s.Username+s.Password != "" {
		return secret{}, fmt.Errorf("both a token and a user name: remove one of them")
	}
	return s, s.check("USERNAME", "PASSWORD")
}

// lineField returns the field that a line with this key sets, or nil.
func lineField(key string, c *Credential, registry *string) *string {
	switch key {
	case "REGISTRY", "DOCKER_REGISTRY":
		return registry
	case "USERNAME", "DOCKER_USER":
		return &c.Username
	case "PASSWORD", "DOCKER_PASS":
		return &c.Password
	case "BEARER_TOKEN", "DOCKER_TOKEN":
		return &c.Token
	}
	return nil
}
