// Package nix is Nix seen from Go: how it writes hashes and strings, what it
// tells a builder, the expressions that docker2nix writes and Nix evaluates, and
// the store as far as blobs go into it.
package nix
