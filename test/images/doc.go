// Package images makes the container images that the end-to-end tests push to
// their registries: small, of several layers, in every format, and real: they
// run.
//
// The content is written by this package as an OCI layout, always the same
// bytes for the same Spec on one machine; skopeo turns it into the other
// formats and pushes it. Some images are made by umoci and buildah instead, and
// some kinds that no tool makes are pushed by this package itself, or written
// as files for a web server that knows nothing of registries.
package images
