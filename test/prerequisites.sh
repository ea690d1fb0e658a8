#!/bin/sh
# Checks that hocker can be built here. If not, it says what is missing:
#
#	test/prerequisites.sh [GO]
set -eu

go=${1:-go}
cd "$(dirname "$0")/.."
wanted=$(sed -n 's/^go //p' go.mod)

fail() {
	echo "$0: $*" >&2
	exit 1
}

# trust SAID: end if Go said that it does not trust the server's certificate.
trust() {
	case $1 in
	*x509:*)
		fail "Go does not trust the certificate of the module server: apt-get install ca-certificates" \
			"(behind a proxy with its own authority, add its certificate to them)"
		;;
	esac
}

path=$(command -v "$go") ||
	fail "no $go in PATH or in /usr/local/go/bin: install Go $wanted or newer from https://go.dev/dl/"

# new_enough VERSION: test whether go.mod accepts it.
new_enough() {
	case $1 in
	devel*) ;;
	*) printf '%s\n' "go$wanted" "$1" | sort -C -V ;;
	esac
}

# Since 1.21, Go downloads the version that go.mod requires, unless GOTOOLCHAIN forbids it.
if ! version=$("$go" env GOVERSION 2>/dev/null) || ! new_enough "$version"; then
	own=$(GOTOOLCHAIN=local "$go" version | cut -d ' ' -f 3)
	why=$("$go" env GOVERSION 2>&1 >/dev/null | tail -n 1)
	trust "$why"
	fail "hocker needs Go $wanted or newer, but $path is $own${why:+ and cannot download a newer one ($why)}:" \
		"install it from https://go.dev/dl/"
fi

# This downloads missing modules.
if ! said=$("$go" list -buildvcs=false -deps ./cmd/hocker 2>&1 >/dev/null); then
	trust "$said"
	echo "$said" >&2
	fail "Go cannot list the packages that hocker needs, see above"
fi
