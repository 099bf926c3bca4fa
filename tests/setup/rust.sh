# shellcheck shell=bash
# Whether Rust is here and new enough. The version is the `rust-version` of the workspace. It installs nothing:
# which Rust a machine has is its owner's choice. This file is sourced, after say.sh.

needed_rust() { sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$1/Cargo.toml"; }

# check_rust ROOT: ends with a sentence where Rust is missing or too old.
check_rust() {
  local needed found
  needed=$(needed_rust "$1")
  command -v cargo >/dev/null || die "Rust is missing: please install Rust $needed or newer, with cargo"
  found=$(cd "$1" && cargo --version | awk '{ print $2 }')
  [[ $(printf '%s\n' "$needed" "$found" | sort -V | head -n 1) == "$needed" ]] ||
    die "Rust is too old: this is $found, and $needed or newer is needed (\`rustup update stable\`)"
}
