// Package lock keeps lock files: which images a project uses, and the digests
// that their tags had when they were last looked at. [Read] and a [Writer] are
// the file, a [Locker] asks registries, [Compare] tells what has changed.
package lock
