package main

import (
	"context"
	"fmt"
	"io"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/image"
)

type configCmd struct {
	imageFlags
	outputFlag
}

func (*configCmd) Help() string {
	return "Example:\n  hocker-config debian:jessie | jq .config.Env"
}

func (c *configCmd) Run(ctx context.Context, p process) error {
	src, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	resolved, err := src.resolve(ctx)
	if err != nil {
		return err
	}
	data, err := src.config(ctx, resolved)
	if err != nil {
		return err
	}
	return c.writeBytes(ctx, p, data)
}

// config fetches the config of an image, whole, so that nothing of it is
// printed before it was verified.
func (s source) config(ctx context.Context, m image.Resolved) ([]byte, error) {
	if m.Image.Config.Size > image.MaxConfigSize {
		return nil, fmt.Errorf("config %s: %s is too much for an image config", m.Image.Config.Digest, bytecount.Format(m.Image.Config.Size))
	}
	body, err := s.Blob(ctx, s.ref.Repository, m.Image.Config)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, image.MaxConfigSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > image.MaxConfigSize {
		// What was read is not the end, and so was not verified.
		return nil, fmt.Errorf("config %s: it is larger than %s, which is too much for an image config", m.Image.Config.Digest, bytecount.Format(image.MaxConfigSize))
	}
	return data, nil
}
