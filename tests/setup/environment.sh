# shellcheck shell=bash
# Everything that tests and benches need around them: Rust, Debian's packages, one private Podman below
# target/wlc-tests with its images and its service. One run at a time has it; a second one waits. When the run ends,
# also by failure or Ctrl-C, the Podman and all that ran in it are removed. What is kept: downloaded packages and
# cargo's target directory. This file is sourced.

setup=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$setup/../.." && pwd)
# shellcheck source=tests/setup/say.sh
. "$setup/say.sh"
# shellcheck source=tests/setup/rust.sh
. "$setup/rust.sh"

work=$root/target/wlc-tests
# For registries with and without a password, which the tests run on loopback, and for what schedules are held against.
export MORE_PACKAGES=$'docker-registry\npython3-venv'

prepare() {
  check_rust "$root"
  cd "$root" || exit
  take_lock "$work/lock"
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  WLC_TEST_USER=1 unlocked bash "$setup/podman.sh" "$work/podman"
  unlocked bash "$setup/images.sh" "$work/podman" "$work/packages" haproxy
  # shellcheck disable=SC1091 # written by podman.sh
  . "$work/podman/env.sh"
}

# Says nothing when all goes well: what the run itself prints last stays last.
remove_podman() {
  unlocked bash "$setup/podman.sh" "$work/podman" remove >"$work/remove.log" 2>&1 && return 0
  say "The Podman of the tests could not be removed:"
  cat "$work/remove.log" >&2
  return 1
}

finish() {
  local code=$?
  trap '' INT TERM
  remove_podman || code=1
  exit "$code"
}
