# shellcheck shell=bash
# The Rust tools beside cargo itself. cargo-deny is built once and stays in cargo's own folder of programs, so later
# runs find it. Where a tool cannot be had, this says so aloud and goes on. This file is sourced, after say.sh.

deny_version=0.20.2

has_deny() { cargo deny --version >/dev/null 2>&1; }

install_deny() { show cargo install --quiet --locked "cargo-deny@$deny_version" </dev/null; }

# Answers 1, with a sentence, where cargo-deny is missing and cannot be installed.
install_deny_if_missing() {
  has_deny && return 0
  step "build cargo-deny, once (some minutes)" install_deny || true
  has_deny || { say "cargo-deny could not be installed: licences and sources of crates are not checked"; return 1; }
}
