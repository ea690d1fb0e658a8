package rootfs

import (
	"context"

	"hocker/fetcher/archive"
	"hocker/fetcher/erofs"
	"hocker/fetcher/image"
	"hocker/fetcher/process"
)

// Make writes the EROFS file of an image. Mount points that a container needs are added to
// it, since nothing can be added later. After an error there is no file.
//
// Errors: *[erofs.EntryError], *[erofs.MkfsError], *[archive.LayerError].
func Make(ctx context.Context, mkfs erofs.Mkfs, c archive.Composition, file string) (process.Facts, error) {
	data, err := c.ConfigBytes()
	if err != nil {
		return process.Facts{}, err
	}
	config, err := image.ParseProcess(data)
	if err != nil {
		return process.Facts{}, err
	}
	l := layersOf(ctx, c)
	t, err := l.merge()
	if err != nil {
		return process.Facts{}, err
	}
	program := t.program(config)
	if err := t.addMountPoints(config); err != nil {
		return process.Facts{}, err
	}
	accounts := captured{}
	passwd, group := accounts.add(t, "/etc/passwd"), accounts.add(t, "/etc/group")
	err = mkfs.Make(ctx, file, func(to erofs.EntryWriter) error { return l.write(to, t, accounts.writer) })
	return process.Facts{Program: program, Passwd: wholeLines(passwd), Group: wholeLines(group)}, err
}
