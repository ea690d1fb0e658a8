// Package inflate unpacks gzip (https://www.rfc-editor.org/rfc/rfc1952), about
// twice as fast as the library that hocker uses for everything else: unpacking
// is what takes the longest in most of what hocker does with an image. It is
// for data that is checked by other means, as a layer is by its diff ID.
//
// The ways it takes are those of libdeflate: 64 bits at hand, tables that know
// the extra bits of a code as well, matches that are copied many bytes at a
// time. https://github.com/ebiggers/libdeflate
//
// It is here for its speed alone. BenchmarkReader has it beside
// klauspost/compress, on the same tar. Once that library, or the standard one,
// unpacks at three quarters of this speed, this package goes.
package inflate
