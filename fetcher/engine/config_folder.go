package engine

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hocker/fetcher/bytecount"
)

// configFolder is where docker keeps its configuration.
func configFolder(getenv func(string) string) string {
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(getenv("HOME"), ".docker")
}

// maxSmall bounds files that tell of an engine. They are a few kilobytes.
const maxSmall = 1 << 20

// readSmall reads a regular file of bounded size.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err == nil && len(data) > maxSmall {
		err = fmt.Errorf("%s is larger than %s", path, bytecount.Format(maxSmall))
	}
	return data, err
}
