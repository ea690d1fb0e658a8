// Package podmanstore writes images as an additional image store of podman and CRI-O: a
// folder of links and small files from which they run images without loading them. Each
// layer is an EROFS file elsewhere, which the engine mounts where it is.
//
// The layout is that of https://github.com/containers/storage with its overlay driver. What
// it calls a composefs blob is any EROFS file:
//
//	overlay-images/images.json      names, digests and sizes of the images
//	overlay-images/ID/              the manifest and config of an image
//	overlay-layers/layers.json      digests and sizes of the layers
//	overlay/LAYER/                  a layer: its LINK, and those of the layers below it
//	overlay/LINK/composefs-data/    the layer's EROFS file
//	overlay/l/LINK                  leads to overlay/LINK
//
// Where the engine writes such a store itself, overlay/l/LINK leads to overlay/LAYER. The
// detour has two reasons. A layer that the engine has in its own store, too, comes before
// ours, and it would then miss the EROFS file of a layer that it finds by LINK. And it would
// take the empty folder overlay/LAYER/diff for the content of the layer when it commits or
// copies layers; with the detour it compares what it has mounted.
package podmanstore
