#!/bin/sh
# Installs what make has built below a folder, such as /usr/local: the binary, the links
# to it, the manual pages and the completions.
#
#	release/install.sh DIR LINK...
set -eu

to=$1
shift
cd "$(dirname "$0")/.."
bash=$to/share/bash-completion/completions
fish=$to/share/fish/vendor_completions.d
zsh=$to/share/zsh/site-functions
mkdir -p "$to/bin" "$to/share/man/man1" "$bash" "$fish" "$zsh"
# A running hocker keeps its file.
cp bin/hocker "$to/bin/.hocker.new"
mv "$to/bin/.hocker.new" "$to/bin/hocker"
cp bin/man1/*.1 "$to/share/man/man1/"
cp completions/hocker.bash "$bash/hocker"
cp completions/hocker.fish "$fish/hocker.fish"
cp completions/_hocker "$zsh/_hocker"
for link; do
	ln -sf hocker "$to/bin/$link"
	ln -sf hocker "$bash/$link"
	ln -sf hocker.fish "$fish/$link.fish"
done
