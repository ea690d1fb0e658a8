package main

import (
	"context"

	"hocker/fetcher/engine"
)

// engineFlags choose a container engine.
type engineFlags struct {
	Engine    string `enum:",docker,podman,containerd" default:"" placeholder:"NAME" help:"Kind of engine: docker, podman or containerd, also that of nerdctl, k3s and RKE2 (default: the one docker would talk to, else podman)."`
	Host      string `placeholder:"URI" help:"Its address: unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST (default: as docker, podman or ctr find it)."`
	Namespace string `placeholder:"NS" help:"Namespace of containerd (default: CONTAINERD_NAMESPACE, else k8s.io at a socket of k3s or RKE2, else default)."`
}

// find connects to the engine.
func (f engineFlags) find(ctx context.Context, getenv func(string) string) (engine.Engine, error) {
	if f.Namespace != "" && f.Engine != "containerd" {
		return nil, usagef("--namespace is for --engine containerd")
	}
	switch f.Engine {
	case "containerd":
		return engine.FindContainerd(ctx, f.Host, f.Namespace, getenv)
	case "docker":
		return engine.FindDocker(ctx, f.Host, getenv)
	case "podman":
		return engine.FindPodman(ctx, f.Host, getenv)
	}
	return engine.Find(ctx, f.Host, getenv)
}
