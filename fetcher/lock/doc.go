// Package lock reads, updates and writes lock files. A lock file lists the images of a
// project with the digests that their tags had when they were locked.
//
// [Read] reads the file and [Writer] changes it, [Locker] resolves images at their
// registries, and [Compare] lists the differences of two files.
//
// # The file
//
// A lock file is JSON with sorted keys, for fetchdockerLock of nix/lock.nix:
//
//	version    1, or 2 if an image has as, or 3 if one has signedBy or noVerify,
//	           or 4 if one has follow or locked
//	images     by their names in Nix
//
// An image has
//
//	registry       https://HOST[:PORT]/v2/
//	repository     the part of its path before the last slash, or ""
//	imageName      the part after it
//	tag            a tag, or a digest by which the image is pinned
//	pinned         true if updates keep the image, even if the tag moves
//	as             NAME:TAG to load it under, if not its own
//	locked         TAG@DIGEST: what the platforms belong to, if the tag is no digest
//	follow         the tags that updates choose from: see package follow
//	signedBy       the fingerprint of the key that vouched for it
//	noVerify       true if it is locked even if no key vouches for it
//	allPlatforms   true if it is locked for all platforms of the index
//	index          the descriptor of the index, if the tag names one
//	platforms      by Nix system: platform (linux/amd64), and the descriptors
//	               manifest, config and layers
//
// A descriptor has digest, size and mediaType. Optional members that are false or empty
// are omitted.
package lock
