#!/bin/sh
# Writes the manual pages into a folder, with the date of the commit:
#
#	release/manual.sh DIR VERSION [GO]
set -eu

dir=$1
version=$2
go=${3:-go}
cd "$(dirname "$0")/.."
if test -z "${SOURCE_DATE_EPOCH:-}"; then
	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=$(date +%s)
fi
export SOURCE_DATE_EPOCH
rm -rf "$dir"
"$go" run -tags manual -ldflags "-X main.version=$version" ./cmd/hocker "$dir"
