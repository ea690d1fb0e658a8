// Package reference parses, validates and prints the names of images: registries,
// repositories, tags and digests, as the distribution specification defines them.
//
// [Parse] parses a whole reference, [ParseRegistry] the address of a registry:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
package reference
