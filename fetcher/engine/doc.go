// Package engine loads images into a container engine: Docker and podman through the API
// that both implement, https://docs.docker.com/reference/api/engine/, and containerd
// through its own.
//
// [Find], [FindDocker], [FindPodman] and [FindContainerd] find the engine of this machine;
// [Engine.Load] loads an image into it.
package engine
