package main

import "strings"

// fetchesLayers reports whether a command has --foreign.
func fetchesLayers(command string) bool {
	return strings.HasSuffix(command, "layer") || fetchesImage(command)
}

func fetchesImage(command string) bool { return strings.HasSuffix(command, "image") }

// isBuilder reports whether Nix runs the command. The user cannot give flags
// there.
func isBuilder(command string) bool {
	return strings.HasSuffix(command, " fetch") || strings.HasSuffix(command, " build")
}

func isDocker2nix(command string) bool { return strings.HasSuffix(command, "docker2nix") }

// pick returns a if first is true, else b.
func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
