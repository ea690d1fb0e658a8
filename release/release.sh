#!/bin/sh
# Builds a release of the last commit into a folder:
#
#	release/release.sh DIR "TARGET..." "LINK..." [GO]
#
# A target is OS/ARCHITECTURE, as in GOOS and GOARCH. Everything is built twice, in
# different folders and with different caches of Go, and must have the same hashes.
set -eu

fail() {
	echo "$0: $*" >&2
	exit 1
}

dist=$1
targets=$2
links=$3
go=${4:-go}
cd "$(dirname "$0")/.."
mkdir -p "$dist"
dist=$(cd "$dist" && pwd)

test -z "$(git status --porcelain)" ||
	fail "the checkout has changes that are not committed: a release is made from a commit (git status)"
version=$(sed -n 's/^ *version = "\(.*\)";/\1/p' nix/package.nix)
commit=$(git rev-parse HEAD)
if tag=$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null); then
	test "$tag" = "v$version" ||
		fail "the commit has the tag $tag, but nix/package.nix has the version $version: make them equal"
else
	version=$version-dev.$(git rev-parse --short=12 HEAD)
fi
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
export CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=false' GOAMD64=v1 GOARM64=v8.0

# pack DIR NAME OUT: write the folder NAME in DIR to OUT, as NAME.tar.gz. The same files
# give the same bytes.
pack() {
	tar --create --directory "$1" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
		--mode=u=rwX,go=rX "$2" | gzip --no-name --best >"$3/$2.tar.gz"
}

# build SOURCE OUT: build the release in the folder SOURCE, which has another path each
# time, into OUT.
build() {
	source=$1
	out=$2
	mkdir -p "$source" "$out"
	git archive --format=tar "$commit" | tar --extract --directory "$source"
	binaries=
	for target in $targets; do
		name=hocker-$version-${target%/*}-${target#*/}
		echo "building $name"
		(
			cd "$source"
			# shellcheck disable=SC2046 # one argument for each flag
			GOOS=${target%/*} GOARCH=${target#*/} "$go" build $(cat nix/gcflags) \
				-ldflags "-s -w -funcalign=16 -X main.version=$version -X main.commit=$commit" -o bin/hocker ./cmd/hocker
			test -d bin/man1 || release/manual.sh bin/man1 "$version" "$go"
			# shellcheck disable=SC2086 # one argument for each link
			release/install.sh "$source/stage/$name" $links
			"$go" run ./release/bom sbom "$version" bin/hocker >"$out/$name.cdx.json"
		)
		binaries="$binaries stage/$name/bin/hocker"
	done
	# shellcheck disable=SC2086 # one argument for each binary
	(cd "$source" && "$go" run ./release/bom licences $binaries >"$out/LICENCES.txt")
	for target in $targets; do
		name=hocker-$version-${target%/*}-${target#*/}
		mkdir -p "$source/stage/$name/share/doc/hocker"
		cp "$source/LICENSE" "$out/LICENCES.txt" "$source/stage/$name/share/doc/hocker/"
		pack "$source/stage" "$name" "$out"
	done
	(cd "$out" && sha256sum -- *.cdx.json *.tar.gz LICENCES.txt >SHA256SUMS)
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
build "$work/source" "$work/first"
(
	export GOCACHE="$work/cache"
	build "$work/again/in/another/folder" "$work/second"
)
cmp "$work/first/SHA256SUMS" "$work/second/SHA256SUMS" ||
	fail "two builds of the same commit differ: $(diff "$work/first/SHA256SUMS" "$work/second/SHA256SUMS" | sed -n 's/^< [0-9a-f]* *//p' | tr '\n' ' ')"
rm -rf "${dist:?}"/*
cp "$work/first"/* "$dist/"
echo "built twice, with the same hashes: $dist"
