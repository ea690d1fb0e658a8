// Package fetcher is a client for Docker and OCI registries. It verifies
// everything it returns against its digest.
//
// A [reference.Reference] names an image. [Client.Manifest] fetches its
// manifest or index, [Client.ManifestHead] only the digest, [Client.Config] the
// image config. The zero Client is ready to use and anonymous.
//
// There are three ways to fetch a blob:
//
//   - [Client.Blob] returns a reader, over one connection.
//   - [Client.FetchBlob] downloads it to a file, and resumes a partial one. It
//     uses several connections where that is faster: prefer it for large layers.
//   - [Client.TeeBlob] does the same and also writes the content to an
//     [io.Writer], for example to decompress it during the download.
//
// [Client.BlobTail] returns the last bytes of a blob, unverified.
//
// The protocol is the OCI distribution specification, v1.1:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
package fetcher
