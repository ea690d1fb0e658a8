package engine

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hocker/fetcher/bytecount"
)

// configFolder returns the folder of docker's configuration.
func configFolder(getenv func(string) string) string {
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(getenv("HOME"), ".docker")
}

// maxSmall limits the size of configuration files, in bytes. They have a few kilobytes.
const maxSmall = 1 << 20

// readSmall reads a regular file of at most [maxSmall] bytes.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
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
