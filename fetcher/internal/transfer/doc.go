// Package transfer moves content of which the size may be known over links
// that break, stall and give each connection a slice: it goes on from the byte
// where it stopped, and it uses several connections where that is faster.
//
// It knows nothing of registries: a [Source] opens the content at a place. What
// arrives is not trusted: the caller hashes it, or has it hashed.
package transfer
