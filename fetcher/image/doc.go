// Package image knows what images are made of: manifests, indexes and configs
// as data, and the archive that container engines load.
//
// It reads what a registry or a file says and checks it; it fetches nothing.
package image
