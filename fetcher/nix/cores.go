package nix

import (
	"runtime"
	"strconv"
)

// Cores returns how many cores a build may use: what the setting `cores` of Nix
// says, and all there are where it says 0 or nothing.
func Cores(getenv func(string) string) int {
	if n, err := strconv.Atoi(getenv("NIX_BUILD_CORES")); err == nil && n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}
