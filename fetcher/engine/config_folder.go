package engine

import (
	"context"
	"path/filepath"

	"hocker/fetcher/bounded"
)

// configFolder returns the folder of docker's configuration.
func configFolder(getenv func(string) string) string {
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(getenv("HOME"), ".docker")
}

// maxConfig limits the size of configuration files, in bytes. They have a few kilobytes.
const maxConfig = 1 << 20

// readConfig reads a configuration file of docker or podman, or a certificate.
func readConfig(ctx context.Context, path string) ([]byte, error) {
	return bounded.ReadFile(ctx, path, maxConfig, "a configuration file")
}
