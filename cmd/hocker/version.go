package main

import "runtime/debug"

// version is set by the linker where the build knows it.
var version = ""

// programVersion is the release, or what Go knows of the build.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
