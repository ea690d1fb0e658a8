#!/bin/sh
# Unpacks other generations of Nix than this machine's beside it, for the tests
# that run on each of them:
#
#	test/nix.sh [SUITE...]
#
# SUITE is a suite of Debian, one of trixie and sid, or both if none is given.
# Its nix-bin with all libraries goes to the user's cache folder, once: remove
# hocker-test/nix there to get newer ones. The system's own packages stay as
# they are. servers/nix_generation.go knows the folder too.
#
# A folder has the commands in programs, which only root can run. All of the
# tests take place on one of them with it in PATH:
#
#	PATH=~/.cache/hocker-test/nix/sid/programs:$PATH go test ./...
set -eu

test $# -gt 0 || set -- trixie sid
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hocker-test/nix

fail() {
	echo "$0: $*" >&2
	exit 1
}

# mirror: print the Debian mirror that this machine's apt uses.
mirror() {
	apt-get indextargets --format '$(REPO_URI)' | grep '/debian/*$' | head -n 1
}

# download SUITE DIR PACKAGE...: download the packages with all their dependencies,
# installed or not, to DIR/cache/archives.
download() {
	suite=$1 dir=$2
	shift 2
	mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	echo "deb [signed-by=$keyring] $(mirror) $suite main" >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::State "$dir/state";
		Dir::State::Status "$dir/status";
		Dir::Cache "$dir/cache";
		Acquire::Languages "none";
		APT::Sandbox::User "root";
		Debug::NoLocking "true";
	END
	APT_CONFIG="$dir/apt.conf" apt-get -qq update &&
		APT_CONFIG="$dir/apt.conf" apt-get -qq install --yes --no-install-recommends --download-only "$@" >/dev/null
}

# unpack ARCHIVES ROOT: unpack what programs need at run time to ROOT/usr.
unpack() {
	for folder in bin sbin lib lib64; do
		mkdir -p "$2/usr/$folder"
		ln -s "usr/$folder" "$2/$folder"
	done
	for package in "$1"/*.deb; do
		dpkg-deb --fsys-tarfile "$package" |
			tar -x -C "$2" --no-same-owner --keep-directory-symlink --exclude='./etc/*' \
				--exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/locale*'
	done
	mkdir -p "$2/usr/local"
}

# write_programs ROOT: write the commands of that Nix to ROOT/programs. Each runs
# with the /usr of ROOT in a mount namespace of its own. Everything else, such as
# /etc and the stores, is this machine's.
write_programs() {
	mkdir "$1/programs"
	cat >"$1/programs/nix" <<-'END'
		#!/bin/sh
		root=$(dirname "$(dirname "$(readlink -f "$0")")")
		exec unshare --mount --propagation slave sh -c '
			mount --rbind /usr/local "$0/usr/local" && mount --rbind "$0/usr" /usr && exec "$@"
		' "$root" "/usr/bin/$(basename "$0")" "$@"
	END
	chmod 0755 "$1/programs/nix"
	for program in "$1"/usr/bin/nix-*; do
		ln -s nix "$1/programs/$(basename "$program")"
	done
}

for suite; do
	test ! -e "$cache/$suite" || continue
	command -v apt-get >/dev/null || fail "no apt-get here: the Nix of Debian $suite comes from Debian's archive"
	test -e "$keyring" || fail "no $keyring: apt-get install debian-archive-keyring"
	test -n "$(mirror)" || fail "apt has no mirror of Debian in its sources: the Nix of Debian $suite comes from one"
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/.$suite-XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	echo "unpacking the Nix of Debian $suite"
	# For remote builders Nix runs ssh, which runs sh.
	download "$suite" "$work/apt" nix-bin openssh-client dash ||
		fail "cannot get nix-bin of Debian $suite from $(mirror): is this machine online?"
	unpack "$work/apt/cache/archives" "$work/root"
	write_programs "$work/root"
	chmod 0755 "$work/root"
	# Another process may have put it there first.
	mv -T "$work/root" "$cache/$suite" 2>/dev/null || test -e "$cache/$suite"
	rm -rf "$work"
done
