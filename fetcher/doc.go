// Package fetcher reads images from Docker and OCI registries and lets nothing
// through that does not match its digest.
//
// A [reference.Reference] names an image. A [Client] fetches its manifest
// ([Client.Manifest]), its config ([Client.Config]) and its layers. The zero Client
// is ready to use and anonymous.
//
// There are three ways to fetch a blob, by where it goes:
//   - [Client.Blob] gives a reader, over one connection;
//   - [Client.FetchBlob] fills a file, over several connections, and goes on with
//     what an earlier run has left in it;
//   - [Client.TeeBlob] fills a file in the same way, and passes the content on in
//     its order besides, to be unpacked while it comes.
//
// [Client.BlobTail] gives a blob's last bytes, not verified.
//
// The protocol is the OCI distribution specification, v1.1:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
package fetcher
