#!/bin/sh
# Puts hocker into PATH for the next steps, unless it is there: built from this checkout by
# Nix, or else by Go.
set -eu

checkout=$(cd "$(dirname "$0")/.." && pwd)
if command -v hocker; then
  exit
fi
if command -v nix >/dev/null; then
  bin=$(nix --extra-experimental-features 'nix-command flakes' build --no-link --print-out-paths "path:$checkout")/bin
elif command -v go >/dev/null; then
  bin=$RUNNER_TEMP/hocker-bin
  CGO_ENABLED=0 go build -C "$checkout" -buildvcs=false -o "$bin/hocker" ./cmd/hocker
else
  echo "hocker, nix and go are not in PATH: install one of them in a step before this one" >&2
  exit 1
fi
echo "$bin" >>"$GITHUB_PATH"
