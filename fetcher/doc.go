// Package fetcher reads images from Docker and OCI registries and lets nothing
// through that does not match its digest.
//
// A [reference.Reference] names an image, a [Client] fetches its manifest
// ([Client.Manifest]) and its blobs ([Client.Blob], [Client.WriteBlob]). The
// zero Client is ready to use and anonymous.
//
// The protocol is the OCI distribution specification, v1.1:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
package fetcher
