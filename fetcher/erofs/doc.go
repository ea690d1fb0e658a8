// Package erofs turns the layers of an image into EROFS files, which Linux mounts
// where they lie.
//
// A [Reader] reads the tar archive of a layer and refuses what podman refuses.
// [Mkfs.Make] makes an EROFS file of such entries: by itself, or, compressed, with
// mkfs.erofs, for which a [Writer] writes tar archives. [MakeLayer] puts them together.
package erofs
