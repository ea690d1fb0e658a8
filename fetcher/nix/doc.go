// Package nix connects hocker with Nix. It formats hashes and strings, reads
// what Nix passes to a builder, writes and evaluates the expressions of
// docker2nix, and adds blobs to the store.
package nix
