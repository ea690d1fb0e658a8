package nix

import (
	"maps"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// systems maps architectures, with the variant for arm, to Nix systems.
// https://github.com/NixOS/nixpkgs/blob/master/lib/systems/doubles.nix
var systems = map[string]string{
	"386":      "i686-linux",
	"amd64":    "x86_64-linux",
	"arm64":    "aarch64-linux",
	"arm/v5":   "armv5tel-linux",
	"arm/v6":   "armv6l-linux",
	"arm/v7":   "armv7l-linux",
	"loong64":  "loongarch64-linux",
	"mips64le": "mips64el-linux",
	"ppc64le":  "powerpc64le-linux",
	"riscv64":  "riscv64-linux",
	"s390x":    "s390x-linux",
}

// System returns the Nix system on which images for platform p run, or the
// empty string if Nix has none.
func System(p ocispec.Platform) string {
	if p.OS != "linux" {
		return ""
	}
	if p.Architecture == "arm" {
		if p.Variant == "" {
			p.Variant = "v7"
		}
		return systems["arm/"+p.Variant]
	}
	return systems[p.Architecture]
}

// Platforms returns the platforms that Nix has a system for, as an image's platform is
// written: linux/arm64.
func Platforms() []string {
	var platforms []string
	for _, architecture := range slices.Sorted(maps.Keys(systems)) {
		platforms = append(platforms, "linux/"+architecture)
	}
	return platforms
}
