#!/bin/sh
# Tries the project on a new machine: makes a bare root of Debian with make, git,
# ca-certificates and Go, clones the last commit into it, runs `make demo` there, then
# test/install.sh for the tests and the benchmarks, and checks that each command that
# they start is present:
#
#	test/bare.sh [SUITE]
#
# The default SUITE is this machine's. If no such root can be made, the script says
# why, which is an error with CI=true.
#
# The root has its own mount and PID namespaces. Nix ends all processes of a build user
# that it sees, and the build users of the root and of this machine have the same IDs.
set -eu

# packages: the packages that README.md requires.
packages=make,git,ca-certificates
repo=$(cd "$(dirname "$0")/.." && pwd)

say() { printf '\n== %s (%s s)\n' "$1" "$(($(date +%s) - started))"; }

# cannot WHY: end, because no root can be made here.
cannot() {
	echo "$0: $*" >&2
	test "${CI:-}" != true || exit 1
	exit 0
}

# sources: print the sources of this machine's apt, for the suite.
sources() {
	# shellcheck disable=SC2016 # apt-get replaces these
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		grep -E '/debian(-security)?/* .* main$' | sed -E "s/ ($own|stable)(-[a-z]*)? main$/ $suite\2 main/" | sort -u
}

# apt_options: print how this machine's apt reaches the archives, such as a proxy.
apt_options() { apt-config dump | grep -E '^Acquire::(http|https|Retries|ForceIP|Check-)'; }

# go_environment: print how this machine's Go reaches modules. The root also mounts
# the module cache. Other settings, such as GOFLAGS, are those of a new machine.
go_environment() {
	for name in GOSUMDB GONOSUMDB GOPRIVATE GONOPROXY GOINSECURE; do
		echo "$name=$("$go" env "$name")"
	done
	echo "GOPROXY=file:///mnt/modules,$("$go" env GOPROXY)"
}

# the_machine: print the environment that the root takes from this machine.
the_machine() {
	env | grep -iE '^(http|https|no|all)_proxy=' || true
	go_environment
	echo started="$started"
	test -z "${TERM:-}" || echo TERM="$TERM"
}

# mount_devices: give the root its own devices, so that a chmod there does not change
# this machine's.
mount_devices() {
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	for device in null zero full random urandom tty; do cp -a "/dev/$device" "$root/dev/"; done
	mkdir "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${stream%:*}" "$root/dev/${stream#*:}"; done
}

# mount_root: mount everything that the root sees besides its own files.
mount_root() {
	mkdir -p "$root/usr/local/go" "$root/mnt/modules" "$root/mnt/machine"
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	mount --rbind /sys "$root/sys"
	mount_devices
	mount --bind -o ro "$("$go" env GOROOT)" "$root/usr/local/go"
	modules=$("$go" env GOMODCACHE)/cache/download
	mkdir -p "$modules"
	mount --bind -o ro "$modules" "$root/mnt/modules"
}

# make_root: install Debian, and clone the project into it. Another user owns the
# checkout, as with `sudo make demo`.
make_root() {
	{
		echo 'Acquire::Retries "3";'
		apt_options
	} >"$work/apt.conf"
	# The root is temporary, so dpkg need not sync to the disk.
	sources | mmdebstrap --quiet --variant=minbase --include=$packages --aptopt="$work/apt.conf" \
		--dpkgopt=force-unsafe-io "$suite" "$root"
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	cp -L "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$root/etc/ssl/certs/ca-certificates.crt"
	printf '[safe]\n\tdirectory = *\n' >"$work/gitconfig"
	GIT_CONFIG_GLOBAL=$work/gitconfig git clone --quiet --depth=1 "file://$repo" "$root/home/hocker"
	chown -R 1000:1000 "$root/home/hocker"
}

# in_namespaces: make the root and continue in it.
in_namespaces() {
	own=$1 suite=$2 work=$3 go=$4 started=$5
	root=$work/root
	say "a bare root of Debian $suite"
	make_root
	mount_root
	set -f
	IFS='
'
	# shellcheck disable=SC2046 # one argument for each variable
	set -- $(the_machine)
	cd "$root"
	pivot_root . mnt/machine
	# The PATH is that of sudo.
	exec chroot . /usr/bin/env -i "$@" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 CI=true \
		/home/hocker/test/bare.sh --in-root
}

# in_root: do what a new user does, and then what a developer does.
in_root() {
	umount --lazy /mnt/machine
	cd /home/hocker
	say "make demo"
	make demo
	commands demo
	for group in test bench; do
		say "test/install.sh $group"
		test/install.sh $group
		commands $group
	done
	say "everything works on a bare Debian"
}

# commands GROUP: check that each command that the group's sources start is present.
commands() {
	PATH=$PATH:/usr/local/go/bin CGO_ENABLED=0 go test -count=1 ./test/commands -run TestPresent -group "$1"
}

# clean_up: end all processes in the namespaces and remove the root. Its mounts are
# not visible here. A process may still write to it while it ends.
clean_up() {
	status=$?
	trap - EXIT
	test -z "${child:-}" || kill -KILL "$child" 2>/dev/null || true
	wait
	for _ in $(seq 50); do
		rm -rf "$work" 2>/dev/null && break
		sleep 0.2
	done
	test "$status" = 0 || echo "$0: stopped (exit code $status)" >&2
	exit "$status"
}

case ${1:-} in
--in-namespaces)
	shift
	in_namespaces "$@"
	;;
--in-root)
	in_root
	exit
	;;
esac

test "$(id -u)" = 0 || cannot "not root: only root can make a bare root of Debian"
command -v apt-get >/dev/null || cannot "no apt-get here, which a bare root of Debian needs"
own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
suite=${1:-$own}
test -n "$(sources)" || cannot "apt has no archive of Debian in its sources, which a bare root needs"
go=$(command -v go || echo /usr/local/go/bin/go)
test -x "$go" || cannot "no go in PATH or in /usr/local/go/bin, which the bare root needs"
unshare --mount --propagation private --pid --fork true 2>/dev/null ||
	cannot "cannot make mount and PID namespaces here: is this an unprivileged container?"
"$repo"/test/install.sh bare
work=$(mktemp -d "${TMPDIR:-/var/tmp}/hocker-bare.XXXXXX")
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 755 "$work"
unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
	"$0" --in-namespaces "$own" "$suite" "$work" "$go" "$(date +%s)" </dev/null &
child=$!
wait "$child"
