// Package nix is Nix seen from Go: how it writes hashes and strings, what it
// tells a builder, and the expressions that docker2nix writes.
package nix
