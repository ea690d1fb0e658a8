// Package image knows what an image is: manifests, indexes, configs and platforms,
// as data.
//
// [ParseManifest], [ParseIndex] and [ParseConfig] check what a registry or a file
// says. [Resolve] finds the manifest for a platform; it asks a [Source] for the
// documents that it needs.
package image
