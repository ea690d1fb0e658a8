// Package archive writes images in the forms that others read: as a
// docker-archive and as an OCI layout, with layers packed or unpacked.
//
// A [Composition] is an image whose parts are files. An [Export] is one whose
// layers are fetched while it is written.
package archive
