#!/bin/sh
# Unpacks programs of other Debian suites, for the tests that run on several versions of
# a program:
#
#	test/suites.sh [SUITE...]
#
# The default is every suite in servers/suites.txt, which lists the packages. The script
# unpacks them with all libraries to the user's cache folder, once: remove
# hocker-test/debian there to get newer ones. It does not change the system's packages,
# and unpacks nothing for the suite that this machine runs. servers/programs.go has the
# folder's name, too.
#
# SUITE/programs/PACKAGE has a package's commands, which only root can run. To run all
# tests with another Nix, put it into PATH:
#
#	PATH=~/.cache/hocker-test/debian/sid/programs/nix-bin:$PATH go test ./...
set -eu

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hocker-test/debian
list=$(dirname "$0")/servers/suites.txt

fail() {
	echo "$0: $*" >&2
	exit 1
}

# suites: print the suites in the list.
suites() { grep -v '^#' "$list" | awk '{ print $2 }' | tr ',' '\n' | sort -u; }

# lines SUITE: print the lines of the suite: PACKAGE SUITES COMMAND...
lines() { grep -v '^#' "$list" | awk -v suite="$1" '("," $2 ",") ~ ("," suite ",")'; }

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

# unpack ARCHIVES ROOT: unpack the files that programs need at run time to ROOT/usr, and
# write the versions of the packages to ROOT/versions.
unpack() {
	for folder in bin sbin lib lib64; do
		mkdir -p "$2/usr/$folder"
		ln -s "usr/$folder" "$2/$folder"
	done
	for package in "$1"/*.deb; do
		dpkg-deb --show "$package" >>"$2/versions"
		dpkg-deb --fsys-tarfile "$package" |
			tar -x -C "$2" --no-same-owner --keep-directory-symlink --exclude='./etc/*' \
				--exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/locale*'
	done
	mkdir -p "$2/usr/local"
}

# write_programs ROOT: write the commands of the list on standard input to
# ROOT/programs/PACKAGE. Each runs in its own mount namespace with the /usr of ROOT.
# Everything else, such as /etc and the stores, is this machine's.
write_programs() {
	mkdir "$1/programs"
	cat >"$1/programs/run" <<-'END'
		#!/bin/sh
		root=$(dirname "$(dirname "$(readlink -f "$0")")")
		program=/usr/bin/$(basename "$0")
		test -x "$root$program" || program=/usr/sbin/$(basename "$0")
		exec unshare --mount --propagation slave sh -c '
			mount --rbind /usr/local "$0/usr/local" && mount --rbind "$0/usr" /usr && exec "$@"
		' "$root" "$program" "$@"
	END
	chmod 0755 "$1/programs/run"
	while read -r package _ commands; do
		mkdir "$1/programs/$package"
		for command in $commands; do
			test -x "$1/usr/bin/$command" || test -x "$1/usr/sbin/$command" || fail "$package has no $command"
			ln -s ../run "$1/programs/$package/$command"
		done
	done
}

own=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}") || own=
# shellcheck disable=SC2046 # one argument for each suite
test $# -gt 0 || set -- $(suites)
for suite; do
	test "$suite" != "$own" || continue
	test -n "$(lines "$suite")" || fail "no package of $suite in $list"
	test "$(lines "$suite")" != "$(cat "$cache/$suite/packages" 2>/dev/null)" || continue
	command -v apt-get >/dev/null || fail "no apt-get here, which downloads programs of Debian $suite"
	test -e "$keyring" || fail "no $keyring: apt-get install debian-archive-keyring"
	test -n "$(mirror)" || fail "apt has no mirror of Debian in its sources, which has programs of Debian $suite"
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/.$suite-XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	packages=$(lines "$suite" | awk '{ print $1 }')
	echo "unpacking from Debian $suite:" $packages
	# shellcheck disable=SC2086 # one argument for each package
	download "$suite" "$work/apt" $packages ||
		fail "cannot get the packages of Debian $suite from $(mirror): is this machine online?"
	unpack "$work/apt/cache/archives" "$work/tree"
	lines "$suite" | write_programs "$work/tree"
	lines "$suite" >"$work/tree/packages"
	chmod 0755 "$work/tree"
	# An older tree had other packages.
	test ! -e "$cache/$suite" || mv -T "$cache/$suite" "$work/old"
	# Another process may have moved its tree there first.
	mv -T "$work/tree" "$cache/$suite" 2>/dev/null || test -e "$cache/$suite"
	rm -rf "$work"
done
