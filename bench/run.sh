#!/bin/sh
# Builds the peers pinned in go.mod, and runs the benchmarks: make bench.
#
#	bench/run.sh [-only loopback,link,nix,image,load,store,fifty,scale,start,growth] [-runs N]
#	bench/run.sh faults    compares what they do if a registry misbehaves
set -eu
cd "$(dirname "$0")"
repo=$(cd .. && pwd)
peers=$(mktemp -d "${TMPDIR:-/tmp}/hocker-peers.XXXXXX")
trap 'rm -rf "$peers"' EXIT
trap 'exit 130' INT TERM
# build PACKAGE [NAME]: builds into the folder of the peers. Another user may own the checkout.
build() { go build -buildvcs=false -o "$peers/${2:-$(basename "$1")}" "$1"; }

mkdir -p "$peers/hocker/bin"
cp -P "$repo"/bin/* "$peers/hocker/bin/"
chmod 755 "$peers"
build github.com/google/go-containerregistry/cmd/crane
build github.com/regclient/regclient/cmd/regctl
if [ "${1:-}" = faults ]; then
	build oras.land/oras/cmd/oras
	build ./faults
	"$peers/faults" -hocker "$peers/hocker" -peers "$peers"
	exit
fi
build ./link
build ./cost
build . bench
"$peers/bench" -hocker "$peers/hocker" -peers "$peers" -repo "$repo" "$@"
