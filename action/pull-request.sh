#!/bin/sh
# Opens a pull request for a branch, or gives the one that is open a new title and
# description:
#
#	action/pull-request.sh BRANCH
#
# It needs curl and jq, and takes $TITLE, $DESCRIPTION, $TOKEN, and what a runner sets:
# $GITHUB_API_URL, $GITHUB_REPOSITORY and the branch to merge into, $GITHUB_REF_NAME.
# GitHub, Forgejo and Gitea understand its requests.
set -eu

branch=$1
pulls=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/pulls

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# call ARGUMENT...: a request by curl, whose answer is in the file answer. The token is
# not an argument: other users can see those.
call() {
  code=0
  printf 'header = "Authorization: token %s"\n' "$TOKEN" |
    curl --config - --silent --show-error --fail-with-body --output "$work/answer" \
      --header 'Content-Type: application/json' "$@" || code=$?
  if [ "$code" != 0 ]; then
    cat "$work/answer" >&2
    exit "$code"
  fi
}

# GitHub lists only the pull requests from this branch, the others all that are open.
number=
page=0
while [ -z "$number" ]; do
  page=$((page + 1))
  call --get --data-urlencode "head=${GITHUB_REPOSITORY%/*}:$branch" --data "state=open&page=$page" "$pulls"
  if [ "$(jq length "$work/answer")" = 0 ]; then
    break
  fi
  number=$(jq --arg head "$branch" --arg base "$GITHUB_REF_NAME" --arg repository "$GITHUB_REPOSITORY" '
    map(select(.head.ref == $head and .base.ref == $base and .head.repo.full_name == $repository))
    | first | .number // empty' "$work/answer")
done

if [ -n "$number" ]; then
  jq --null-input '{title: env.TITLE, body: env.DESCRIPTION}' >"$work/request"
  call --request PATCH --data "@$work/request" "$pulls/$number"
else
  jq --null-input --arg head "$branch" --arg base "$GITHUB_REF_NAME" \
    '{title: env.TITLE, body: env.DESCRIPTION, head: $head, base: $base}' >"$work/request"
  call --data "@$work/request" "$pulls"
fi
jq --raw-output .html_url "$work/answer"
