package shape

import (
	"encoding/json"
	"fmt"
	"os"

	"hocker/fetcher/image"
	"hocker/fetcher/process"
)

// readProcess reads what runs in a container of the image: the config in the attribute
// spec, and the facts of its rootfs.
func readProcess(b build) (reference string, p process.Process, err error) {
	composition, err := parseSpec(b)
	if err != nil {
		return "", p, err
	}
	data, err := composition.ConfigBytes()
	if err != nil {
		return "", p, err
	}
	config, err := image.ParseProcess(data)
	if err != nil {
		return "", p, err
	}
	facts, err := readFacts(b)
	if err != nil {
		return "", p, err
	}
	p, err = process.Of(config, facts)
	return composition.Reference, p, err
}

// readFacts reads the output facts of a rootfs.
func readFacts(b build) (facts process.Facts, err error) {
	path, err := required(b, "facts")
	if err != nil {
		return facts, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return facts, err
	}
	if err := json.Unmarshal(data, &facts); err != nil {
		return facts, fmt.Errorf("%s: %w", path, err)
	}
	return facts, nil
}
