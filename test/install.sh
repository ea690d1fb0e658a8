#!/bin/sh
# Installs what the demo, the tests or the benchmarks need and this machine
# lacks, by the names of Debian's packages:
#
#	test/install.sh demo|test|bench
#
# Where nothing is missing it changes nothing and needs no root. Debian starts
# nginx, docker and docker-registry as services when they are installed on a
# machine with a service manager: the tests start servers of their own and do
# not use those.
set -eu

group=${1:-test}

# The commands of each group, with the packages that have them. servers/parts.go
# names the same packages when a test misses a command.
demo='nix-build:nix-bin docker-registry:docker-registry skopeo:skopeo
busybox:busybox-static dockerd:docker.io docker:docker.io curl:curl jq:jq file:file'
test="$demo umoci:umoci buildah:buildah podman:podman ctr:containerd
nginx:nginx-light htpasswd:apache2-utils openssl:openssl gcc:gcc cc-headers:libc6-dev
sshd:openssh-server ssh:openssh-client"
bench="$demo nginx:nginx-light aria2c:aria2 hyperfine:hyperfine"

case $group in
demo) wanted=$demo ;;
test) wanted=$test ;;
bench) wanted=$bench ;;
*)
	echo "usage: $0 demo|test|bench" >&2
	exit 2
	;;
esac

PATH=$PATH:/usr/sbin:/sbin

# present COMMAND: is it on this machine, in the form we need?
present() {
	case $1 in
	cc-headers) test -e /usr/include/stdlib.h ;;
	busybox) command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1 ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# missing: the packages of the wanted commands that are not present.
missing() {
	for part in $wanted; do
		present "${part%%:*}" || echo "${part#*:}"
	done | sort -u | tr '\n' ' '
}

# has_build_users: can Nix build in its sandbox as root?
has_build_users() {
	test -n "$(getent group nixbld | cut -d: -f4)"
}

# add_build_users: the group and users that the Nix manual asks for.
add_build_users() {
	getent group nixbld >/dev/null || groupadd --system nixbld
	for n in 1 2 3 4 5 6 7 8; do
		getent passwd "nixbld$n" >/dev/null ||
			useradd --system --gid nixbld --groups nixbld --no-create-home \
				--home-dir /var/empty --shell /usr/sbin/nologin "nixbld$n"
	done
}

# mask_ssh: a machine that nobody could log in to over the network stays so. The
# tests want the program, on the loopback interface.
mask_ssh() {
	test -d /run/systemd/system || return 0
	systemctl --quiet mask ssh.service ssh.socket
}

packages=$(missing)
if test -z "$packages" && has_build_users; then
	exit 0
fi
if test "$(id -u)" != 0; then
	echo "$0: not root, and missing: ${packages:-}$(has_build_users || echo 'users in the group nixbld')" >&2
	echo "hint: run it as root, or: sudo apt-get install ${packages:-} && sudo $0 $group" >&2
	exit 1
fi
if test -n "$packages"; then
	if ! command -v apt-get >/dev/null; then
		echo "$0: no apt-get here; install what Debian calls: $packages" >&2
		exit 1
	fi
	echo "installing $packages"
	export DEBIAN_FRONTEND=noninteractive
	case " $packages" in
	*' openssh-server '*) mask_ssh ;;
	esac
	apt-get -qq update
	# shellcheck disable=SC2086 # one argument for each package
	apt-get -qq install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 $packages >/dev/null
	packages=$(missing)
	if test -n "$packages"; then
		echo "$0: installed, but something of these is still not usable: $packages" >&2
		exit 1
	fi
fi
has_build_users || add_build_users
