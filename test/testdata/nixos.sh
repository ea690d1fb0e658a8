# Copies the stub of nixpkgs with its binaries to ./nixpkgs, and hocker to ./hocker,
# for a configuration.
set -eu
mkdir -p hocker/test nixpkgs/prebuilt/bin
cp -r "$REPO/test/faults" hocker/test/
cp -r "$REPO/cmd" "$REPO/completions" "$REPO/fetcher" "$REPO/nix" "$REPO/templates" "$REPO/go.mod" "$REPO/go.sum" hocker/
cp -r "$REPO/nix/tests/nixpkgs/." nixpkgs/
cp "$HOCKER/bin/hocker" "$(command -v busybox)" nixpkgs/prebuilt/bin/
