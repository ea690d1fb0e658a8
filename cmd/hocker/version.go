package main

import "runtime/debug"

// version is set by the linker if the build knows it.
var version = ""

// commit is set by the linker in a release.
var commit = ""

// programVersion returns the release, or else the version that Go recorded in
// the build.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// versionLine is what --version prints.
func versionLine() string {
	if commit == "" {
		return "hocker " + programVersion()
	}
	return "hocker " + programVersion() + " (commit " + commit + ")"
}
