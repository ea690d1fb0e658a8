// Package images makes the container images that the end-to-end tests push to their
// registries. They are small, have several layers, exist in every format, and run.
//
// This package writes an image as an OCI layout, with the same bytes for the same Spec
// on one machine. Skopeo converts it to the other formats and pushes it. Umoci and
// buildah make some images instead. Kinds that no tool makes are pushed by this package
// itself, or written as files for a static web server.
package images
