// Package image defines what an image is, as data: manifests, indexes, configs
// and platforms.
//
// [ParseManifest], [ParseIndex] and [ParseConfig] check what comes from a
// registry or a file. [Resolve] finds the manifest for a platform. It gets the
// documents that it needs from a [Source].
package image
