#!/bin/sh
# Builds the peers that are pinned in go.mod, and measures: make bench.
#
#	bench/run.sh [-only loopback,link,nix,image,growth] [-runs N]
#	bench/run.sh faults    what each does when a registry misbehaves
set -eu
cd "$(dirname "$0")"
repo=$(cd .. && pwd)
peers=$(mktemp -d "${TMPDIR:-/tmp}/hocker-peers.XXXXXX")
trap 'rm -rf "$peers"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$peers/hocker/bin"
cp -P "$repo"/bin/* "$peers/hocker/bin/"
chmod 755 "$peers"
go build -o "$peers/crane" github.com/google/go-containerregistry/cmd/crane
go build -o "$peers/regctl" github.com/regclient/regclient/cmd/regctl
if [ "${1:-}" = faults ]; then
	go build -o "$peers/oras" oras.land/oras/cmd/oras
	go build -o "$peers/faults" ./faults
	"$peers/faults" -hocker "$peers/hocker" -peers "$peers"
	exit
fi
go build -o "$peers/link" ./link
go build -o "$peers/bench" .
"$peers/bench" -hocker "$peers/hocker" -peers "$peers" -repo "$repo" "$@"
