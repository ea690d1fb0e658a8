// Package inspect describes images, and compares them, by their manifests and configs. No
// layer is needed.
package inspect
