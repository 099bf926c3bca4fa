#!/bin/sh
# What CI runs for a proposed change: every check, and that the lock is part of the change. Writes nothing that stays.
set -eu
cd "$(dirname "$0")/.."
wlc check
plans=$(mktemp -d)
trap 'rm -rf "${plans:?}"' EXIT
wlc build --locked --out "$plans"
