#!/bin/sh
# Runs every fuzz target with new inputs, after those that it has seen:
#
#	test/fuzz.sh TIME|Nx [GO]
#
# TIME is for each target, such as 5s; 1000x stands for a thousand inputs. A run that ends
# by the time can fail on a slow machine, which is why CI counts:
# https://go.dev/issue/75804
#
# To minimize an input takes ten others at most. With Go's default of a minute, and even with
# 200ms, some targets would hardly try another one.
set -eu

time=$1
go=${2:-go}
cd "$(dirname "$0")/.."
root=$PWD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cache=$("$go" env GOCACHE)/fuzz/hocker
for package in $(grep -rlE --include='*_test.go' '^func Fuzz' cmd fetcher test | xargs -n 1 dirname | sort -u); do
	# One binary for all targets of a package, which go test would link for each.
	"$go" test -c -vet=off -fuzz . -o "$dir/fuzz" "./$package"
	cd "$package"
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' ./*_test.go); do
		echo "$target in $package"
		"$dir/fuzz" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$time" -test.fuzzminimizetime 10x \
			-test.fuzzcachedir "$cache/$package" </dev/null >"$dir/log" || { cat "$dir/log"; exit 1; }
		grep execs: "$dir/log" | tail -n 1
	done
	cd "$root"
done
