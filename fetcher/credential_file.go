package fetcher

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"hocker/fetcher/bytecount"
)

// CredentialFile is what a credentials file says.
type CredentialFile struct {
	Credential CredentialFunc
	// Exposed is set if other users of the machine can read the file.
	Exposed bool
}

// maxCredentialFile bounds what is read as a credentials file: more than that
// is some other file.
const maxCredentialFile = 1 << 20

// ReadCredentialFile reads a credentials file: lines USERNAME= and PASSWORD=,
// or BEARER_TOKEN=, also spelt DOCKER_USER=, DOCKER_PASS= and DOCKER_TOKEN=,
// which are for registry alone; or a Docker config.json. Empty lines and lines
// that begin with # are left out. An error names the line, never what is in it.
func ReadCredentialFile(path string, registry Registry) (CredentialFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return CredentialFile{}, fmt.Errorf("credentials file: %w", err)
	}
	if !info.Mode().IsDir() && info.Size() > maxCredentialFile {
		return CredentialFile{}, fmt.Errorf("credentials file %s: %s is too much for one", path, bytecount.Format(info.Size()))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return CredentialFile{}, fmt.Errorf("credentials file: %w", err)
	}
	find, err := parseCredentialFile(path, data, registry)
	if err != nil {
		return CredentialFile{}, err
	}
	return CredentialFile{Credential: find, Exposed: info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0}, nil
}

func parseCredentialFile(name string, data []byte, registry Registry) (CredentialFunc, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		file, err := parseAuthFile(name, data)
		if err != nil {
			return nil, err
		}
		return file.find, nil
	}
	c, err := parseCredentialLines(data)
	if err != nil {
		return nil, fmt.Errorf("credentials file %s: %w", name, err)
	}
	return StaticCredential(registry, c), nil
}

func parseCredentialLines(data []byte) (Credential, error) {
	var c Credential
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return Credential{}, fmt.Errorf("line %d is not of the form NAME=value", n)
		}
		field := c.field(strings.TrimSpace(key))
		switch {
		case field == nil:
			return Credential{}, fmt.Errorf("line %d: expected USERNAME=, PASSWORD= or BEARER_TOKEN= (or DOCKER_USER=, DOCKER_PASS=, DOCKER_TOKEN=)", n)
		case value == "":
			return Credential{}, fmt.Errorf("line %d: nothing stands after the =", n)
		case *field != "":
			return Credential{}, fmt.Errorf("line %d says again what an earlier line said", n)
		}
		*field = value
	}
	if c.IsZero() {
		return Credential{}, fmt.Errorf("no credential in it: expected USERNAME= and PASSWORD=, or BEARER_TOKEN=, or a Docker config.json")
	}
	if c.Token != "" && c.Username+c.Password != "" {
		return Credential{}, fmt.Errorf("it holds a token and a user name: one of them")
	}
	return c, c.check("USERNAME", "PASSWORD")
}

// field returns the part of c that a line of a credentials file sets.
func (c *Credential) field(key string) *string {
	switch key {
	case "USERNAME", "DOCKER_USER":
		return &c.Username
	case "PASSWORD", "DOCKER_PASS":
		return &c.Password
	case "BEARER_TOKEN", "DOCKER_TOKEN":
		return &c.Token
	}
	return nil
}
