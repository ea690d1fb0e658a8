package nix

import (
	"runtime"
	"strconv"
)

// Cores returns how many cores a build may use: the Nix setting `cores`, or all
// cores if that is 0 or unset.
func Cores(getenv func(string) string) int {
	if n, err := strconv.Atoi(getenv("NIX_BUILD_CORES")); err == nil && n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}
