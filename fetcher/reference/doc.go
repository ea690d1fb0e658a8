// Package reference has the names of images: registries, repositories, tags and
// digests. It reads them as people and tools write them, checks them against the
// grammar of the distribution specification, and prints them.
//
// [Parse] reads a whole reference, [ParseRegistry] the address of a registry:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
package reference
