#!/usr/bin/env bash
# Measures which statements of the product the tests run: those that the unit tests run,
# and those that the binary runs in the end-to-end tests. Tests that measure the binary
# may fail here, since it is a slower and larger one. What runs in Nix' sandbox, or is
# killed, is not counted.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
mkdir "$dir/tree" "$dir/counts"
chmod 1777 "$dir/counts" # builders have other users
git ls-files -z | xargs -0 cp --parents -t "$dir/tree"
cd "$dir/tree"

go test -count=1 -cover -coverpkg=./cmd/...,./fetcher/... ./cmd/... ./fetcher/... \
	-args -test.gocoverdir="$dir/counts" >"$dir/log" || { cat "$dir/log"; exit 1; }

# The tests give programs environments of their own, so the binary itself knows the
# folder.
cat >cmd/hocker/coverage.go <<END
package main

import "os"

var _ = func() error {
	folder := "$dir/counts"
	if _, err := os.Stat(folder); err != nil {
		folder = os.TempDir() // in a sandbox
	}
	return os.Setenv("GOCOVERDIR", folder)
}()
END
go test -c -vet=off -o "$dir/e2e" ./test
(cd test && GOFLAGS="-cover -coverpkg=hocker/cmd/...,hocker/fetcher/..." \
	"$dir/e2e" -test.parallel 6 -test.timeout 3h "$@") >"$dir/log" || grep -E '^ *--- FAIL' "$dir/log" || tail "$dir/log"

go tool covdata textfmt -i="$dir/counts" -o="$dir/profile"
go tool cover -func="$dir/profile" | awk -F '[:\t]+' '
	/^total/ { print "all: " $NF; next }
	$NF == "0.0%" { print $1 ": " $3 }'
go tool covdata percent -i="$dir/counts"
