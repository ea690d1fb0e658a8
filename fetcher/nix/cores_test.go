package nix

import (
	"runtime"
	"testing"
)

func TestCores(t *testing.T) {
	all := runtime.GOMAXPROCS(0)
	for value, want := range map[string]int{"": all, "0": all, "-1": all, "many": all, "1": 1, "64": 64} {
		if got := Cores(func(string) string { return value }); got != want {
			t.Errorf("NIX_BUILD_CORES=%q: %d, want %d", value, got, want)
		}
	}
}
