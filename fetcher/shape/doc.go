// Package shape builds the outputs of fetchdocker (nix/fetchdocker.nix): an
// image and its shapes. It reads the derivation's attributes and leaves the
// writing to package archive.
package shape
