# No image yet. docker2nix puts the expression for one in this file's place:
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
