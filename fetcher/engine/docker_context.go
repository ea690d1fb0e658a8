package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/opencontainers/go-digest"
)

// defaultContext is the name that docker gives to using no context.
const defaultContext = "default"

// currentContext returns the name of the context that `docker context use` selected, or
// "" if there is none.
func currentContext(ctx context.Context, getenv func(string) string) (string, error) {
	path := filepath.Join(configFolder(getenv), "config.json")
	data, err := readConfig(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var config struct{ CurrentContext string }
	if len(data) > 0 {
		if err := json.Unmarshal(data, &config); err != nil {
			return "", fmt.Errorf("%s: cannot read the current context: %w", path, err)
		}
	}
	return config.CurrentContext, nil
}

// ContextError reports a docker context that does not lead to an engine.
type ContextError struct {
	Name string
	Err  error
}

func (e *ContextError) Error() string { return fmt.Sprintf("docker context %q: %v", e.Name, e.Err) }
func (e *ContextError) Unwrap() error { return e.Err }

// contextEndpoint reads a context from docker's context store:
// https://docs.docker.com/engine/manage-resources/contexts/.
//
// Errors: *[ContextError].
func contextEndpoint(ctx context.Context, name string, getenv func(string) string) (Endpoint, error) {
	endpoint, err := readContext(ctx, filepath.Join(configFolder(getenv), "contexts"), name)
	if err != nil {
		return Endpoint{}, &ContextError{Name: name, Err: err}
	}
	return endpoint, nil
}

func readContext(ctx context.Context, store, name string) (Endpoint, error) {
	id := digest.FromString(name).Encoded()
	data, err := readConfig(ctx, filepath.Join(store, "meta", id, "meta.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return Endpoint{}, fmt.Errorf("not found in %s", store)
	}
	if err != nil {
		return Endpoint{}, err
	}
	var described struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if err := json.Unmarshal(data, &described); err != nil {
		return Endpoint{}, err
	}
	docker, ok := described.Endpoints["docker"]
	if !ok || docker.Host == "" {
		return Endpoint{}, errors.New("it has no Docker endpoint")
	}
	endpoint := Endpoint{Host: docker.Host}
	dir := filepath.Join(store, "tls", id, "docker")
	if isMissing(dir) && !docker.SkipTLSVerify {
		return endpoint, nil
	}
	files := tlsFolder(dir)
	files.insecure = docker.SkipTLSVerify
	if isMissing(files.ca) {
		files.ca = ""
	}
	endpoint.TLS, err = files.config(ctx)
	return endpoint, err
}
