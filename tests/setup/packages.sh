# shellcheck shell=bash
# Which Debian packages the tests and the example need, and their installation where one is missing. Says nothing
# when all are there. It asks nothing: without root it prints the one command that needs root and ends. It configures
# nothing and starts nothing. This file is sourced, after say.sh.

# iptables: netavark needs it. catatonit: pods need it. busybox-static: the test image. systemd: systemd-analyze checks
# the units. MORE_PACKAGES: what the caller needs beyond. uidmap and the two behind it: what Podman needs without
# root, which the tests ask for with WLC_TEST_USER.
needed_packages() {
  printf '%s\n' podman runc conmon netavark aardvark-dns catatonit iptables iproute2 busybox-static \
    systemd ca-certificates curl jq procps openssh-client git
  if [[ -n ${MORE_PACKAGES-} ]]; then printf '%s\n' "$MORE_PACKAGES"; fi
  if ((EUID != 0)) || [[ -n ${WLC_TEST_USER-} ]]; then printf '%s\n' uidmap slirp4netns fuse-overlayfs; fi
  if ! command -v cc >/dev/null; then printf '%s\n' gcc libc6-dev; fi
}

missing_packages() {
  local package
  while read -r package; do
    [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      printf '%s\n' "$package"
  done < <(needed_packages)
}

apt_install() {
  env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 "$@" </dev/null >/dev/null
}

# A bare machine has no package index, or one too old to download from: then fetch the index and try again.
install_or_refresh() {
  say "\$ apt-get install -y --no-install-recommends $*"
  apt_install "$@" 2>/dev/null && return 0
  show apt-get -qq update </dev/null
  apt_install "$@" || die "the packages could not be installed: $*"
}

install_packages() {
  local missing
  command -v dpkg-query >/dev/null || die "this script installs Debian packages, and this system has no dpkg"
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  ((EUID == 0)) || die "these packages are missing, and only root can install them. Please run this, then try again:
  sudo apt-get install -y --no-install-recommends ${missing[*]}"
  # Two runs at once must not both refresh the index: they wait on a file that every Debian has.
  exec {APT_FD}</etc/debian_version
  flock "$APT_FD"
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]} == 0)) || step "install packages" install_or_refresh "${missing[@]}"
  exec {APT_FD}<&-
}
