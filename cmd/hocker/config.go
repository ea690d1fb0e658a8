package main

import "context"

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
	data, err := src.config(ctx, &resolved)
	if err != nil {
		return err
	}
	return c.writeBytes(ctx, p, data)
}
