package shape

import (
	"context"
	"encoding/json"
	"os"

	"hocker/fetcher/rootfs"
)

// buildRootfs makes the EROFS file of a whole image. The output facts has what a unit or a
// bundle must know of the image's files.
func buildRootfs(ctx context.Context, b build, out string) error {
	composition, err := readSpec(ctx, b)
	if err != nil {
		return err
	}
	mkfs, err := readMkfs(b)
	if err != nil {
		return err
	}
	output, err := required(b, "facts")
	if err != nil {
		return err
	}
	facts, err := rootfs.Make(ctx, mkfs, composition, out)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(facts, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(output, append(data, '\n'), 0o666)
}
