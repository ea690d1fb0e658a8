// Package engine loads images into a container engine, Docker or podman, through the
// API that both implement: https://docs.docker.com/reference/api/engine/.
//
// [Find] finds the engine of this machine; [Engine.Load] loads an image into it.
package engine
