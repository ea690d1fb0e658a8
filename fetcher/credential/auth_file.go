package credential

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hocker/fetcher/reference"
)

// authFile is a Docker config.json or a containers auth.json:
// https://docs.docker.com/reference/cli/docker/login/#credential-stores,
// https://github.com/containers/image/blob/v5.36.0/docs/containers-auth.json.5.md
type authFile struct {
	name    string
	Auths   map[string]authEntry `json:"auths"`
	Helpers map[string]string    `json:"credHelpers"`
	Store   string               `json:"credsStore"`

	plain map[string]authEntry // entries of Auths whose keys start with http://
}

type authEntry struct {
	Auth          string `json:"auth"` // base64 of user:password
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// AuthFiles returns the files in which docker login and podman login store credentials,
// in the order they are read. They need not exist.
func AuthFiles(getenv func(string) string) []string {
	var paths []string
	add := func(dir string, names ...string) {
		if dir != "" {
			paths = append(paths, filepath.Join(append([]string{dir}, names...)...))
		}
	}
	home := getenv("HOME")
	add(getenv("REGISTRY_AUTH_FILE"))
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		add(dir, "config.json")
	} else {
		add(home, ".docker", "config.json")
	}
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		add(dir, "containers", "auth.json")
	} else {
		add("/run/containers", strconv.Itoa(os.Getuid()), "auth.json")
	}
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		add(dir, "containers", "auth.json")
	} else {
		add(home, ".config", "containers", "auth.json")
	}
	return paths
}

// FromAuthFiles returns the credentials in the given files, which need not exist. An
// error in a file is passed to notice as one line, and the next file is read: the user
// did not name these files for this fetch.
func FromAuthFiles(paths []string, notice func(line string)) Func {
	return func(ctx context.Context, repo reference.Repository) (Credential, error) {
		for _, path := range paths {
			data, err := readFile(ctx, path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			var c Credential
			if err == nil {
				c, err = findInAuthFile(ctx, path, data, repo, notice)
			}
			switch {
			case ctx.Err() != nil:
				return Credential{}, context.Cause(ctx)
			case err != nil:
				noticeIgnored(notice, err)
			case !c.IsZero():
				return c, nil
			}
		}
		return Credential{}, nil
	}
}

// noticeIgnored reports a source that was skipped because of err.
func noticeIgnored(notice func(line string), err error) {
	if notice != nil {
		notice(fmt.Sprintf("warning: ignoring credentials: %v", err))
	}
}

func findInAuthFile(ctx context.Context, path string, data []byte, repo reference.Repository, notice func(line string)) (Credential, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return Credential{}, nil // docker logout may leave it empty
	}
	file, err := parseAuthFile(path, data)
	if err != nil {
		return Credential{}, err
	}
	return file.source(notice)(ctx, repo)
}

func parseAuthFile(name string, data []byte) (*authFile, error) {
	f := &authFile{name: name}
	if err := json.Unmarshal(data, f); err != nil {
		return nil, fmt.Errorf("%s is not a Docker config.json: line %d: %w", name, errorLine(data, err), jsonError(err))
	}
	// Normalise the keys, so that host finds https://host/v2/. If two keys become the
	// same, the one that was already normal wins.
	entries := make(map[string]authEntry, len(f.Auths))
	f.plain = map[string]authEntry{}
	for _, key := range slices.Sorted(maps.Keys(f.Auths)) {
		entry, normal := f.Auths[key], authKey(key)
		if _, ok := entries[normal]; !ok || key == normal {
			entries[normal] = entry
		}
		if strings.HasPrefix(key, "http://") {
			f.plain[normal] = entry
		}
	}
	f.Auths = entries
	return f, nil
}

// jsonError rewrites an error of encoding/json so that it names no Go types and quotes
// at most one character of the input.
func jsonError(err error) error {
	var mistyped *json.UnmarshalTypeError
	if !errors.As(err, &mistyped) {
		return err
	}
	// Value may end in the number itself, which may be a password.
	kind, _, _ := strings.Cut(mistyped.Value, " ")
	if mistyped.Field == "" {
		return fmt.Errorf("expected an object, got %s", kind)
	}
	return fmt.Errorf("%s has the wrong type: %s", mistyped.Field, kind)
}

// errorLine returns the line of a JSON error, from 1.
func errorLine(data []byte, err error) int {
	offset := int64(len(data))
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &mistyped):
		offset = mistyped.Offset
	}
	// The offset is one past the offending byte.
	return 1 + bytes.Count(data[:min(max(offset-1, 0), int64(len(data)))], []byte("\n"))
}

// authKey normalises a key: old files have a scheme, /v1 or /v2 around the host.
func authKey(key string) string {
	scheme, _, hasScheme := strings.Cut(key, "://")
	if !hasScheme {
		scheme = ""
	}
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	key = strings.TrimRight(key, "/")
	key = strings.TrimSuffix(strings.TrimSuffix(key, "/v1"), "/v2")
	host, path, hasPath := strings.Cut(key, "/")
	host = reference.HostName(scheme, host)
	if hasPath {
		return host + "/" + path
	}
	return host
}

// source looks up a repository in the helper of its registry, or else in the default
// store, then in the entries. The error of a helper is passed to notice, because an
// entry may still match.
func (f *authFile) source(notice func(line string)) Func {
	return func(ctx context.Context, repo reference.Repository) (Credential, error) {
		if helper, plain := f.helper(repo.Registry); helper != "" {
			c, err := askHelper(ctx, helper, repo.Registry)
			switch {
			case ctx.Err() != nil:
				return Credential{}, context.Cause(ctx)
			case err != nil:
				noticeIgnored(notice, fmt.Errorf("%s: %w", f.name, err))
			case !c.IsZero():
				c.PlainHTTP = plain
				return c, nil
			}
		}
		if repo.Registry.IsExposed() {
			if c, err := lookUp(f.plain, f.name, repo); err != nil || !c.IsZero() {
				c.PlainHTTP = true
				return c, err
			}
		}
		return lookUp(f.Auths, f.name, repo)
	}
}

// lookUp finds the most specific entry for a repository: host/org/app, host/org, then
// host.
func lookUp(entries map[string]authEntry, file string, repo reference.Repository) (Credential, error) {
	key := repo.String()
	for {
		if entry, ok := entries[key]; ok {
			c, err := entry.credential()
			if err != nil {
				return Credential{}, fmt.Errorf("%s: entry for %s: %w", file, key, err)
			}
			if !c.IsZero() {
				return c, nil
			}
		}
		slash := strings.LastIndexByte(key, '/')
		if slash < 0 {
			return Credential{}, nil
		}
		key = key[:slash]
	}
}

// helper returns the suffix of the credential helper for a registry, and whether its
// key starts with http://.
func (f *authFile) helper(r reference.Registry) (suffix string, plain bool) {
	for _, key := range slices.Sorted(maps.Keys(f.Helpers)) {
		if authKey(key) != r.Name() {
			continue
		}
		suffix, plain = f.Helpers[key], strings.HasPrefix(key, "http://")
		if plain == r.IsExposed() {
			break
		}
	}
	if suffix == "" {
		return f.Store, false
	}
	return suffix, plain
}

func (e authEntry) credential() (Credential, error) {
	c := Credential{Username: e.Username, Password: e.Password, Token: e.RegistryToken, IdentityToken: e.IdentityToken}
	if e.Auth != "" {
		decoded, err := base64.StdEncoding.DecodeString(e.Auth)
		user, pass, ok := strings.Cut(string(decoded), ":")
		if err != nil || !ok {
			return Credential{}, fmt.Errorf("auth is not user:password in base64")
		}
		// Docker pads the password with zero bytes in some old files.
		c.Username, c.Password = user, strings.TrimRight(pass, "\x00")
	}
	if c.IdentityToken != "" {
		// The user name is only a placeholder.
		return Credential{IdentityToken: c.IdentityToken}, nil
	}
	return c, c.check("username", "password")
}
