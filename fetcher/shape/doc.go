// Package shape builds the outputs of fetchdocker of nix/fetchdocker.nix: an
// image, and its shapes for this or that tool. What they are made of is in the
// attributes of the derivation; how an image is written, archive knows.
package shape
