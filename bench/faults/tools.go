package main

import "path/filepath"

// tool is a program that fetches a layer.
type tool struct {
	name string
	// command returns the command line, which writes to out.
	command func(host, digest, out string) []string
	stdout  bool // writes to standard output
	folder  bool // out is a folder that has the layer under its digest
}

func allTools(hocker, peers string) []tool {
	return []tool{
		{name: "hocker", command: func(host, digest, out string) []string {
			return []string{
				filepath.Join(hocker, "bin/hocker-layer"), "--registry", "http://" + host, "--stall-timeout", "3s", "--answer-timeout", "3s",
				"-l", digest, "-o", out, "demo/app", "1",
			}
		}},
		{name: "curl --retry 5", command: func(host, digest, out string) []string {
			return []string{"curl", "-sSfL", "--retry", "5", "-o", out, "http://" + host + "/v2/demo/app/blobs/" + digest}
		}},
		{name: "crane", stdout: true, command: func(host, digest, _ string) []string {
			return []string{filepath.Join(peers, "crane"), "blob", "--insecure", host + "/demo/app@" + digest}
		}},
		{name: "regctl", stdout: true, command: func(host, digest, _ string) []string {
			return []string{filepath.Join(peers, "regctl"), "--host", "reg=" + host + ",tls=disabled", "blob", "get", host + "/demo/app", digest}
		}},
		{name: "oras", command: func(host, digest, out string) []string {
			return []string{filepath.Join(peers, "oras"), "blob", "fetch", "--no-tty", "--plain-http", "--output", out, host + "/demo/app@" + digest}
		}},
		{name: "skopeo", folder: true, command: func(host, _, out string) []string {
			return []string{"skopeo", "copy", "-q", "--insecure-policy", "--src-tls-verify=false", "docker://" + host + "/demo/app:1", "dir:" + out}
		}},
	}
}
