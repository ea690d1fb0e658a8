# No image is pinned yet. docker2nix replaces this file with the expression of one:
#
#   nix run .#docker2nix -- --out debian.nix debian:bookworm
{ runCommand }:
let
  notPinned = runCommand "debian-not-pinned" { } ''
    echo 'debian.nix has no image yet: run `nix run .#docker2nix -- --out debian.nix debian:bookworm`' >&2
    exit 1
  '';
in
notPinned // { load = notPinned; }
