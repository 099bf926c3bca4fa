#!/usr/bin/env bash
# Makes local images from Debian packages, without a registry, in the Podman below one directory: `localhost/busybox:1`
# (a static busybox with httpd, nc, sh and sleep), `localhost/nginx:1` (Debian's nginx with the libraries that it needs,
# serving /usr/share/nginx/html on port 80), `localhost/users:1` (busybox again, with a user, groups and an entry point of
# its own) and, where it is asked for, `localhost/haproxy:1` (Debian's HAProxy in master-worker mode) or those of clusters:
# `localhost/redis:1`, `localhost/etcd:1` and `localhost/mariadb:1`. What is there already is left alone.
# Packages are unpacked, never installed here; the downloaded files are kept for the next time.
#
#   images.sh DIR [CACHE [haproxy|clusters]]  DIR as given to podman.sh; CACHE keeps the downloads, default DIR/packages
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/say.sh
. "$here/say.sh"

# Downloads the packages that the cache lacks. A name of an old index may be gone: then fetch the index and try again.
download() {
  local package missing=()
  for package in "$@"; do
    compgen -G "$cache/${package}_*.deb" >/dev/null || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "\$ apt-get download ${missing[*]}"
  apt_download "${missing[@]}" 2>/dev/null && return 0
  ((EUID != 0)) || show apt-get -qq update </dev/null
  apt_download "${missing[@]}"
}

apt_download() { (cd "$cache" && apt-get -qq -o APT::Sandbox::User=root download "$@" </dev/null); }

package_file() { compgen -G "$cache/$1_*.deb" | sort | tail -n 1; }

unpack() {
  local package
  for package in "$@"; do
    dpkg-deb --fsys-tarfile "$(package_file "$package")" | tar -x --keep-directory-symlink -C "$tree"
  done
}

# The libraries among the packages that a package depends on; some depend on none.
libraries_of() {
  dpkg-deb --field "$(package_file "$1")" Depends | tr ',' '\n' | awk '$1 ~ /^(lib|zlib)/ { print $1 }'
}

# A root with Debian's merged /usr, so that packages of every layout land in the same place.
make_tree() {
  local name
  tree=$(mktemp -d "$dir/tree.XXXXXX")
  chmod 755 "$tree"
  mkdir -p "$tree"/{usr/bin,usr/sbin,usr/lib,usr/lib64,etc,root,run,var/www,proc,sys,dev}
  mkdir -m 1777 "$tree/tmp"
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$tree/$name"; done
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'www-data:x:33:33:www-data:/var/www:/bin/false' >"$tree/etc/passwd"
  printf '%s\n' 'root:x:0:' 'www-data:x:33:' >"$tree/etc/group"
}

add_busybox() {
  local applet
  download busybox-static
  unpack busybox-static
  while read -r applet; do
    [[ -e $tree/bin/$applet ]] || ln -s busybox "$tree/bin/$applet"
  done < <("$tree/bin/busybox" --list)
}

# import IMAGE CHANGE...: the tree becomes an image of one layer.
import() {
  local image=$1 change arguments=()
  shift
  for change in "$@"; do arguments+=(--change "$change"); done
  rm -rf "${tree:?}"/usr/share/{doc,man,lintian,locale,info,bug}
  say "\$ tar -c . | $(as_typed podman import "${arguments[@]}" - "$image")"
  tar -C "$tree" --numeric-owner --owner=0 --group=0 -c . | podman import --quiet "${arguments[@]}" - "$image" >/dev/null
}

busybox_image() {
  make_tree
  add_busybox
  import localhost/busybox:1 'CMD=["sh"]'
}

# An image that names a user, gives that user a further group, has an entry point with arguments, a directory with mode 0777
# and a set-uid program that runs what it is told.
users_image() {
  make_tree
  add_busybox
  download catatonit
  unpack catatonit
  chmod u+s "$tree/usr/bin/catatonit"
  echo 'someone:x:1001:1001::/tmp:/bin/sh' >>"$tree/etc/passwd"
  printf '%s\n' 'someone:x:1001:' 'more:x:4001:someone' >>"$tree/etc/group"
  printf '%s\n' '#!/bin/sh' 'echo "$ROW $*"' 'echo end' 'exec sleep 1000' >"$tree/usr/bin/tell"
  chmod 755 "$tree/usr/bin/tell"
  import localhost/users:1 'USER=1001' 'ENTRYPOINT=["/usr/bin/tell","entry"]' 'CMD=["default"]'
}

nginx_configuration() {
  cat <<'CONF'
user www-data;
daemon off;
worker_processes 1;
error_log /dev/stderr;
pid /run/nginx.pid;
events { worker_connections 256; }
http {
  include mime.types;
  access_log off;
  include /etc/nginx/conf.d/*.conf;
  server {
    listen 80;
    root /usr/share/nginx/html;
  }
}
CONF
}

# The gconv modules of libc6 are for character sets that nginx never converts.
nginx_image() {
  local packages=(nginx nginx-common)
  make_tree
  download "${packages[@]}"
  mapfile -t -O 2 packages < <(libraries_of nginx)
  download "${packages[@]}"
  unpack "${packages[@]}"
  add_busybox
  rm -rf "${tree:?}"/usr/lib/*/gconv
  mkdir -p "$tree"/{etc/nginx/conf.d,var/log/nginx,var/lib/nginx,usr/share/nginx/html}
  nginx_configuration >"$tree/etc/nginx/nginx.conf"
  echo 'hello from nginx' >"$tree/usr/share/nginx/html/index.html"
  import localhost/nginx:1 'CMD=["/usr/sbin/nginx"]' STOPSIGNAL=SIGQUIT
  prove_nginx || { podman rmi --force localhost/nginx:1 >/dev/null; die "the nginx image does not work"; }
}

prove_nginx() { show podman run --rm --network none localhost/nginx:1 /usr/sbin/nginx -q -t; }

# Downloads what a package needs, and what that needs in turn; answers the names.
download_with_libraries() {
  local next=("$@") known=" $* " package found
  while ((${#next[@]})); do
    download "${next[@]}"
    found=()
    while read -r package; do
      [[ $known == *" $package "* ]] || found+=("$package")
      [[ $known == *" $package "* ]] || known+="$package "
    done < <(for package in "${next[@]}"; do libraries_of "$package"; done)
    next=(${found[@]+"${found[@]}"})
  done
  printf '%s\n' $known
}

haproxy_image() {
  local packages=()
  make_tree
  mapfile -t packages < <(download_with_libraries haproxy)
  unpack "${packages[@]}"
  add_busybox
  rm -rf "${tree:?}"/usr/lib/*/gconv
  mkdir -p "$tree"/etc/haproxy
  printf '%s\n' 'haproxy:x:100:100:haproxy:/var/lib/haproxy:/bin/false' >>"$tree/etc/passwd"
  import localhost/haproxy:1 'CMD=["/usr/sbin/haproxy","-W","-f","/etc/haproxy/haproxy.cfg"]' STOPSIGNAL=SIGUSR1
  prove_haproxy || { podman rmi --force localhost/haproxy:1 >/dev/null; die "the HAProxy image does not work"; }
}

prove_haproxy() { show podman run --rm --network none localhost/haproxy:1 /usr/sbin/haproxy -v >/dev/null; }

# Those of clusters are for the suite of conformance only.
redis_image() { program_image redis redis-server redis-server redis-tools lua-bitop lua-cjson; }

etcd_image() { program_image etcd etcd etcd-server etcd-client; }

mariadb_image() { program_image mariadb mariadbd mariadb-server-core mariadb-client-core; }

# program_image NAME PROGRAM PACKAGE...: an image with the packages, the libraries that they need, and busybox.
program_image() {
  local image=localhost/$1:1 program=$2 packages=()
  make_tree
  mapfile -t packages < <(download_with_libraries "${@:3}")
  unpack "${packages[@]}"
  add_busybox
  rm -rf "${tree:?}"/usr/lib/*/gconv
  import "$image" "CMD=[\"$program\"]"
  prove_program "$image" "$program" || { podman rmi --force "$image" >/dev/null; die "the image $image does not work"; }
}

prove_program() { show podman run --rm --network none "$1" "$2" --version >/dev/null; }

make_if_missing() {
  local image=$1 make=$2 tree=''
  podman image exists "$image" && return 0
  step "make the image $image" "$make"
  rm -rf "${tree:?}"
}

main() {
  [[ -e ${1-}/env.sh ]] || die "usage: images.sh DIR [CACHE [haproxy|clusters]], DIR made by podman.sh"
  dir=$1 cache=${2-$1/packages}
  # shellcheck disable=SC1091 # written by podman.sh
  . "$dir/env.sh"
  mkdir -p "$cache"
  take_lock "$cache/lock"
  make_if_missing localhost/busybox:1 busybox_image
  make_if_missing localhost/nginx:1 nginx_image
  make_if_missing localhost/users:1 users_image
  case ${3-} in
    haproxy) make_if_missing localhost/haproxy:1 haproxy_image ;;
    clusters)
      make_if_missing localhost/redis:1 redis_image
      make_if_missing localhost/etcd:1 etcd_image
      make_if_missing localhost/mariadb:1 mariadb_image
      ;;
  esac
}

main "$@"
