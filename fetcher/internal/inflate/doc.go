// Package inflate unpacks gzip (https://www.rfc-editor.org/rfc/rfc1952) about
// twice as fast as klauspost/compress. Unpacking is the slowest part of most
// work on an image. The caller must verify the data by other means, such as the
// diff ID of a layer.
//
// The techniques are those of libdeflate: a buffer of 64 bits, tables whose
// entries include the extra bits of a code, matches copied many bytes at a
// time. https://github.com/ebiggers/libdeflate
//
// The package exists for its speed alone. BenchmarkReader compares it with
// klauspost/compress on the same tar archive. Once that library, or the
// standard one, reaches three quarters of this speed, remove this package.
package inflate
