#!/bin/sh
# vendor-hash.sh [--update]: is vendorHash in package.nix the right one? It says
# what it is where it is not, and with --update writes it there.
#
# buildGoModule runs `go mod vendor` in the package's src and hashes the folder
# that this makes. So does this script, with the stub's lib.fileset in place of
# the one in nixpkgs, which it does not need.
set -eu

update=false
case ${1-} in
"") ;;
--update) update=true ;;
*)
  echo "usage: vendor-hash.sh [--update]" >&2
  exit 2
  ;;
esac

tests=$(cd "$(dirname "$0")" && pwd)
package=$(dirname "$tests")/package.nix
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# An attribute of the package; the source goes into the store.
attribute() {
  nix-instantiate --eval --read-write-mode --expr "
    toString (import (/. + \"$package\") {
      lib = import (/. + \"$tests/nixpkgs/lib.nix\");
      buildGoModule = recipe: let package = recipe package; in package;
      callPackage = throw \"no test of the package is asked for\";
      testers = throw \"no test of the package is asked for\";
    }).$1" | tr -d '"'
}

have=$(attribute vendorHash)
src=$(attribute src)

cp -R "$src" "$work/src"
chmod -R u+w "$work/src"
(cd "$work/src" && GOFLAGS= GOWORK=off GO111MODULE=on GOTOOLCHAIN=local go mod vendor)
want=$(nix --extra-experimental-features nix-command hash path "$work/src/vendor")

if [ "$have" = "$want" ]; then
  echo "vendorHash is right: $want"
elif $update; then
  sed "s|vendorHash = \"[^\"]*\";|vendorHash = \"$want\";|" "$package" >"$work/package.nix"
  cat "$work/package.nix" >"$package"
  echo "vendorHash was $have, is now $want"
else
  echo "vendorHash in $package is $have, expected $want: run $0 --update" >&2
  exit 1
fi
