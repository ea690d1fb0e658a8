package main

import (
	"context"

	"hocker/fetcher/nix"
	"hocker/fetcher/shape"
)

// buildCmd is the builder of an image and its shapes. Its input comes from the
// derivation.
type buildCmd struct {
	Kind string `arg:"" enum:"image,archive,stream,oci,manifest,load,nix2container,erofs-layer,erofs,podman-store,rootfs,service,bundle" help:"What to build: image, or one of its shapes archive, stream, oci, manifest, load, nix2container, erofs, rootfs, service and bundle; erofs-layer, a layer for erofs; or podman-store, a store of podman with images."`
}

func (*buildCmd) Help() string {
	return "Nix runs this as the builder of fetchdocker. Everything else comes from the derivation."
}

func (c *buildCmd) Run(ctx context.Context, p process) error {
	attributes, err := nix.ReadAttributes(p.getenv)
	if err != nil {
		return err
	}
	return shape.Build(ctx, attributes, c.Kind, nix.Cores(p.getenv))
}
