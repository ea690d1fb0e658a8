// Package source finds the images that the files of a project name: compose files,
// Kubernetes manifests, Dockerfiles and quadlet files.
//
// [Detect] tells the kind of a file, and [Reader] reads it. Only what image names need is
// understood; docs/sources.md lists the limits. The text may come from anyone: its size
// is the caller's to limit, and the work it takes is limited here.
package source
