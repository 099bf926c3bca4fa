#!/bin/sh
# What CI runs on the main branch: builds the merged state, signs it, and pushes the plan set to a branch of its own,
# which servers check out. Runs that have nothing new push nothing. WLC_KEY_FILE names the signing key.
set -eu
cd "$(dirname "$0")/.."
branch=${WLC_PLANS_BRANCH:-plans}
remote=${WLC_REMOTE:-origin}

git worktree prune
if git ls-remote --exit-code --heads "$remote" "$branch" >/dev/null; then
    git fetch --quiet "$remote" "$branch"
    newest=$(git rev-parse FETCH_HEAD)
    [ -e plans/.git ] || git worktree add --quiet --detach plans "$newest"
    git -C plans checkout --quiet --detach "$newest"
elif [ ! -e plans/.git ]; then
    empty=$(git commit-tree "$(git hash-object -t tree /dev/null -w)" -m "The plan sets of this fleet")
    git worktree add --quiet --detach plans "$empty"
fi

wlc build --locked --out plans --key "${WLC_KEY_FILE:?names the signing key}"
wlc verify --plans plans

git -C plans add --all
if git -C plans diff --cached --quiet; then
    echo "nothing new to publish"
else
    git -C plans commit --quiet -m "Plan set of $(git rev-parse --short HEAD)"
    git -C plans push --quiet "$remote" "HEAD:refs/heads/$branch"
fi
