#!/bin/sh
# Updates a lock file, commits it and pushes it to a branch:
#
#	action/update.sh FILE BRANCH [ARGUMENT OF hocker lock update]...
#
# It runs in a checkout of the branch to update. If BRANCH is another one, what is on it is
# replaced. It pushes nothing if no image has changed, or if the branch has the change
# already. It prints the changes as a table in Markdown, and appends them to the file
# $GITHUB_OUTPUT, if that is set.
#
# If some images cannot be updated, the others are, and the exit code is that of hocker.
set -eu

file=$1
branch=$2
shift 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# output NAME FILE: an output of the step.
output() {
  if [ -n "${GITHUB_OUTPUT-}" ]; then
    end=end-$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
    { echo "$1<<$end" && cat "$2" && echo "$end"; } >>"$GITHUB_OUTPUT"
  fi
}

code=0
hocker lock update --file "$file" --format markdown --commit-message "$work/message" "$@" >"$work/description" || code=$?
cat "$work/description"
if [ ! -e "$work/message" ]; then
  echo false >"$work/changed"
  output changed "$work/changed"
  exit "$code"
fi

# A machine of a CI service has no name of its own.
if ! git config user.email >/dev/null; then
  export GIT_AUTHOR_NAME=hocker GIT_AUTHOR_EMAIL=hocker@localhost
  export GIT_COMMITTER_NAME=hocker GIT_COMMITTER_EMAIL=hocker@localhost
fi
checked_out=$(git symbolic-ref --quiet --short HEAD || true)
git checkout --quiet -B "$branch"
git add -- "$file"
git commit --quiet --file "$work/message"

# The same change is not pushed again, so that its checks do not run again.
if git fetch --quiet origin "refs/heads/$branch" 2>/dev/null && git diff --quiet FETCH_HEAD HEAD; then
  echo "$branch has this change already" >&2
elif [ "$checked_out" = "$branch" ]; then
  # What somebody, such as Renovate, has pushed in the meantime is not replaced.
  git push --quiet origin "HEAD:refs/heads/$branch"
else
  git push --quiet --force origin "HEAD:refs/heads/$branch"
fi

echo true >"$work/changed"
head -n 1 "$work/message" >"$work/title"
# GitHub takes 65,536 characters, and Linux 131,072 bytes in a variable.
rows=$(head -c 60000 "$work/description" | wc -l)
head -n "$rows" "$work/description" >"$work/short"
rest=$(($(wc -l <"$work/description") - rows))
if [ "$rest" != 0 ]; then
  printf '\nThe table has %d more rows.\n' "$rest" >>"$work/short"
fi
output changed "$work/changed"
output title "$work/title"
output description "$work/short"
exit "$code"
