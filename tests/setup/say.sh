# shellcheck shell=bash
# How the setup scripts speak: one line for each step with the seconds that it took, and each command that matters
# as `$ command`, so that a reader learns the tools. Everything goes to standard error and is plain text without
# control characters. This file is sourced; it installs nothing. Of the system it touches only lock files.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", to - from }'; }

# step TITLE COMMAND...: names the step, runs it, and says how long it took. Answers what the command answered.
step() {
  local title=$1 began=$EPOCHREALTIME code
  shift
  say "== $title"
  "$@"
  code=$?
  say "   $title: $(seconds_since "$began")"
  return "$code"
}

# A command as it could be typed: words that a shell would split are quoted.
as_typed() {
  local word typed=()
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_./:@%+,=-]+$ ]]; then typed+=("$word"); else typed+=("'$word'"); fi
  done
  printf '%s\n' "${typed[*]}"
}

# show COMMAND...: prints the command, then runs it.
show() {
  say "\$ $(as_typed "$@")"
  "$@"
}

# The same for a program that may outlive this one.
show_unlocked() {
  say "\$ $(as_typed "$@")"
  unlocked "$@"
}

# Waits for an exclusive lock on a file. The lock is free again when this process ends, however it ends.
take_lock() {
  mkdir -p "$(dirname "$1")"
  exec {LOCK_FD}>>"$1"
  flock --nonblock "$LOCK_FD" && return 0
  say "another run holds $1; waiting until it ends"
  flock "$LOCK_FD"
}

close_lock() { [[ -z ${LOCK_FD-} ]] || exec {LOCK_FD}>&-; }

# Runs a program that may outlive this one: it must not inherit the lock, or it would keep it.
unlocked() {
  (
    close_lock
    exec "$@"
  )
}
