#!/bin/sh
# vendor-hash.sh [--update]: checks vendorHash in package.nix, and prints the right
# one if it differs. With --update it writes the right one there.
#
# Like buildGoModule, this script runs `go mod vendor` in the package's src, and hashes
# the resulting folder. It uses lib.fileset of the stub, and does not need nixpkgs.
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

# Prints an attribute of the package, and adds its source to the store.
attribute() {
  nix-instantiate --eval --read-write-mode --expr "
    toString (import (/. + \"$package\") {
      lib = import (/. + \"$tests/nixpkgs/lib.nix\");
      buildGoModule = recipe: let package = recipe package; in package;
      callPackage = throw \"only for passthru.tests\";
      installShellFiles = throw \"only for the build\";
      versionCheckHook = throw \"only for the build\";
      testers = throw \"only for passthru.tests\";
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
