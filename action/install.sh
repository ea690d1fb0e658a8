#!/bin/sh
# Puts hocker into PATH for the next steps, unless it is there: built from this checkout by
# Nix, or else by Go.
set -eu

checkout=$(cd "$(dirname "$0")/.." && pwd)
if command -v hocker; then
  exit
fi
if command -v nix >/dev/null; then
  nix --extra-experimental-features 'nix-command flakes' build --out-link "$RUNNER_TEMP/hocker" "path:$checkout"
elif command -v go >/dev/null; then
  version=$(sed -n 's/^ *version = "\(.*\)";/\1/p' "$checkout/nix/package.nix")
  CGO_ENABLED=0 go build -C "$checkout" -buildvcs=false -ldflags "-s -w -X main.version=$version" \
    -o "$RUNNER_TEMP/hocker/bin/hocker" ./cmd/hocker
else
  echo "hocker, nix and go are not in PATH: install one of them in a step before this one" >&2
  exit 1
fi
echo "$RUNNER_TEMP/hocker/bin" >>"$GITHUB_PATH"
