#!/bin/sh
# Installs the missing packages for the demo, the tests, the benchmarks or bare.sh.
# servers/parts.txt lists them:
#
#	test/install.sh demo|test|bench|bare
#
# If nothing is missing, it changes nothing and does not need root. On a machine with a
# service manager, Debian starts nginx, docker and docker-registry when they are
# installed. The tests do not use these services; they start their own servers.
set -eu

group=${1:-test}

case $group in
demo | test | bench | bare) ;;
*)
	echo "usage: $0 demo|test|bench|bare" >&2
	exit 2
	;;
esac

parts=$(dirname "$0")/servers/parts.txt
PATH=$PATH:/usr/sbin:/sbin

# present COMMAND: test whether this machine has the command, in a usable form. A C
# header is named by its path.
present() {
	case $1 in
	/*) test -e "$1" ;;
	busybox) command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1 ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# missing: print the group's packages, as in parts.txt, that lack a command.
missing() {
	grep -v '^#' "$parts" | while read -r package groups commands; do
		case ,$groups, in
		*,"$group",*) ;;
		*) continue ;;
		esac
		for command in $commands; do
			present "$command" || echo "$package"
		done
	done | sort -u | tr '\n' ' '
}

# available NAME...: print the package in this Debian suite for each NAME of parts.txt.
available() {
	for names; do
		for package in $(echo "$names" | tr '|' ' '); do
			# If none is known, apt-get reports the last name.
			apt-cache show "$package" >/dev/null 2>&1 && break
		done
		echo "$package"
	done | sort -u
}

# apt ARGUMENT...: run apt-get while no other apt-get runs. DPkg::Lock::Timeout makes it
# wait for dpkg's locks, but not for the locks of its lists and archives.
apt() {
	deadline=$(($(date +%s) + 300))
	waits=false
	while :; do
		status=0
		said=$(LC_ALL=C apt-get -qq -o DPkg::Lock::Timeout=300 "$@" 2>&1 >/dev/null) || status=$?
		case $status:$said in
		0:*) break ;;
		*'Could not get lock'*) ;;
		*) break ;;
		esac
		if test "$(date +%s)" -ge "$deadline"; then
			echo "$0: another program has used apt for five minutes: wait until it ends, then try again" >&2
			break
		fi
		$waits || echo "waiting for another program that uses apt"
		waits=true
		sleep 1
	done
	test -z "$said" || echo "$said" >&2
	return "$status"
}

# has_build_users: test whether Nix can build in its sandbox as root, if the group
# needs that.
has_build_users() {
	test "$group" = bare || test -n "$(getent group nixbld | cut -d: -f4)"
}

# add_build_users: add the group and the users that the Nix manual requires.
add_build_users() {
	getent group nixbld >/dev/null || groupadd --system nixbld
	for n in 1 2 3 4 5 6 7 8; do
		getent passwd "nixbld$n" >/dev/null ||
			useradd --system --gid nixbld --groups nixbld --no-create-home \
				--home-dir /var/empty --shell /usr/sbin/nologin "nixbld$n"
	done
}

# mask_ssh: prevent Debian from starting sshd when it is installed. The tests start the
# program themselves, on the loopback interface.
mask_ssh() {
	test -d /run/systemd/system || return 0
	systemctl --quiet mask ssh.service ssh.socket
}

# spelt NAME...: print the names, with alternatives as "A or B".
# shellcheck disable=SC2086 # the names are given as one text
spelt() { echo "$*" | sed 's/|/ or /g'; }

packages=$(missing)
if test -z "$packages" && has_build_users; then
	exit 0
fi
if test "$(id -u)" != 0; then
	echo "$0: not root, and missing: $(spelt $packages)$(has_build_users || echo ' users in the group nixbld')" >&2
	echo "hint: run it as root: sudo $0 $group" >&2
	exit 1
fi
if test -n "$packages"; then
	if ! command -v apt-get >/dev/null; then
		echo "$0: no apt-get here: install the equivalent of these Debian packages: $(spelt $packages)" >&2
		exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	case " $packages" in
	*' openssh-server '*) mask_ssh ;;
	esac
	apt update
	# shellcheck disable=SC2046,SC2086 # one argument for each package
	set -- $(available $packages)
	echo "installing $*"
	apt install --yes --no-install-recommends "$@"
	packages=$(missing)
	if test -n "$packages"; then
		echo "$0: installed, but commands of these packages are still missing or unusable: $(spelt $packages)" >&2
		exit 1
	fi
fi
has_build_users || add_build_users
