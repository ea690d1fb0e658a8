// Package lock keeps lock files: which images a project uses, and the digests
// that their tags had when they were last looked at. [Read] and a [Writer] are
// the file, a [Locker] asks registries, [Compare] tells what has changed.
//
// # The file
//
// A lock file is JSON with sorted keys, for fetchdockerLock of nix/lock.nix:
//
//	version    1, or 2 if an image has as
//	images     by their names in Nix
//
// An image has
//
//	registry       https://HOST[:PORT]/v2/
//	repository     what comes before the last slash of its path, maybe nothing
//	imageName      what comes after it
//	tag            a tag, or a digest by which the image is pinned
//	pinned         true if the image stays what it is, whatever the tag does
//	as             NAME:TAG under which it is loaded, if not under its own
//	allPlatforms   true if it is locked for all that the index has
//	index          the descriptor of the index, if the tag leads to one
//	platforms      by Nix system: platform (linux/amd64), and the descriptors
//	               manifest, config and layers
//
// and a descriptor digest, size and mediaType. What is false or empty is left out.
package lock
