package erofs

import (
	"context"
	"os"

	"hocker/fetcher/internal/erofsfile"
)

// Make makes an EROFS file of the entries that write writes. Without a compression it
// needs no program. After an error there is no file.
//
// Errors: *[MkfsError], and those of write.
func (m Mkfs) Make(ctx context.Context, file string, write func(to EntryWriter) error) error {
	make := m.run
	if m.Compression == "" {
		make = makePlain
	}
	err := make(ctx, file, write)
	if err != nil {
		os.Remove(file)
	}
	return err
}

// makePlain makes an EROFS file without compression.
func makePlain(ctx context.Context, file string, write func(to EntryWriter) error) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := plainWriter{erofsfile.New(f)}
	if err := write(w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return f.Close()
}
