#!/bin/sh
# Runs every fuzz target for a time, such as 5s, on the inputs that it has seen:
#
#	test/fuzz.sh TIME [GO]
#
# The time to minimize an input is limited. With Go's default of a minute, some targets
# would hardly try another one.
set -eu

time=$1
go=${2:-go}
cd "$(dirname "$0")/.."
grep -rlE --include='*_test.go' '^func Fuzz' cmd fetcher test | sort | while read -r file; do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' "$file"); do
		echo "$target in $file"
		"$go" test -vet=off -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 200ms \
			"./$(dirname "$file")" </dev/null || exit 1
	done
done
