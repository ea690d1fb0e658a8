// Package engine talks to a container engine, Docker or podman, through the
// API that both have: https://docs.docker.com/reference/api/engine/.
//
// [Find] finds the one of this machine; [Engine.Ensure] brings an image into it.
package engine
