#!/bin/sh
# options.sh: writes docs/nixos-options.md from the modules' options.
set -eu

tests=$(cd "$(dirname "$0")" && pwd)
nix --extra-experimental-features nix-command eval --raw --impure --expr "
  import (/. + \"$tests/../options-doc.nix\") { lib = import (/. + \"$tests/nixpkgs/lib.nix\"); }
" >"$tests/../../docs/nixos-options.md.new"
mv "$tests/../../docs/nixos-options.md.new" "$tests/../../docs/nixos-options.md"
