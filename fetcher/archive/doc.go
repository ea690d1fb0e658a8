// Package archive writes images as docker-archives and OCI layouts, with their
// layers packed or unpacked.
//
// A [Composition] is an image whose parts are files. The layers of an [Export]
// are fetched while it is written.
package archive
