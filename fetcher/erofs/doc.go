// Package erofs turns the layers of an image into EROFS files, which Linux mounts
// where they lie.
//
// A [Reader] reads the tar archive of a layer and refuses what podman refuses. A
// [Writer] writes tar archives for mkfs.erofs, which [Mkfs] runs. [MakeLayer] puts
// them together.
package erofs
