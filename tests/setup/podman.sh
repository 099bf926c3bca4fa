#!/usr/bin/env bash
# A private Podman below one directory: installs missing packages, writes the configuration, runs the API service.
# Nothing outside the directory is configured; the files below it are chosen by CONTAINERS_CONF and its sisters,
# which `. DIR/env.sh` sets. Each directory has its own storage, locks, networks and addresses, so several can be in
# use at once. What must not outlive a boot lies in one folder below /run. It makes no images and no containers.
#
#   podman.sh DIR [up]     packages, configuration, service (idempotent)
#   podman.sh DIR stop     ends the service; containers go on running
#   podman.sh DIR remove   ends the service, removes every container, volume, network and image in it, and the directory
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/say.sh
. "$here/say.sh"
# shellcheck source=tests/setup/packages.sh
. "$here/packages.sh"

runtime() {
  if [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]] && command -v crun >/dev/null; then echo crun; else echo runc; fi
}

# Without CAP_SYS_RESOURCE (bit 24) no limit can be raised, and Podman's own defaults ask for more than is allowed.
# Soft and hard limit are equal because the service of Podman 4.3 takes one for the other.
ulimits() {
  local effective files processes
  effective=$((16#$(awk '/^CapEff/ { print $2 }' /proc/self/status)))
  ((effective >> 24 & 1)) && return 0
  files=$(at_most 16384 "$(ulimit -Hn)") processes=$(at_most 16384 "$(ulimit -Hu)")
  echo "default_ulimits = [\"nofile=$files:$files\", \"nproc=$processes:$processes\"]"
}

at_most() { if [[ $2 == unlimited ]] || (($2 > $1)); then echo "$1"; else echo "$2"; fi; }

# A number that stands for this directory.
number() { printf %s "$dir" | cksum | cut -d ' ' -f 1; }

# One of 120 ranges, so that networks of two directories do not choose the same addresses; not 10.88, which Podman gives
# to a network of its own.
address_pool() { echo "10.$(($(number) % 120 + 100)).0.0/16"; }

# Podman learns from the absence of these files that the machine was booted. The path must be short: where it is
# longer than 50 characters, the clean-up that conmon starts when a container ends refuses to run.
boot_folder() {
  local base=/tmp
  if ((EUID == 0)); then base=/run; elif [[ ${XDG_RUNTIME_DIR-} == /run/user/* ]]; then base=$XDG_RUNTIME_DIR; fi
  echo "$base/wlc-podman-$(number)"
}

cgroup_manager() {
  if ((EUID == 0)) && [[ -d /run/systemd/system ]]; then echo systemd; else echo cgroupfs; fi
}

write_containers_conf() {
  cat >"$dir/etc/containers.conf" <<CONF
[containers]
$(ulimits)
[network]
network_backend = "netavark"
network_config_dir = "$dir/networks"
default_subnet_pools = [{ "base" = "$(address_pool)", "size" = 24 }]
[engine]
runtime = "$(runtime)"
cgroup_manager = "$(cgroup_manager)"
events_logger = "file"
lock_type = "file"
tmp_dir = "$(boot_folder)/tmp"
CONF
}

# Overlay does not stack on overlay, as inside a container; vfs copies, but works everywhere.
storage_driver() { if [[ $(stat -f -c %T "$dir") == overlayfs ]]; then echo vfs; else echo overlay; fi; }

write_storage_conf() {
  cat >"$dir/etc/storage.conf" <<CONF
[storage]
driver = "$(storage_driver)"
graphroot = "$dir/storage"
runroot = "$(boot_folder)/run"
CONF
}

# A short name is never looked up anywhere: images are local, but for those of registries that tests run on loopback.
write_registries_conf() {
  cat >"$dir/etc/registries.conf" <<'CONF'
unqualified-search-registries = []
short-name-mode = "disabled"
[[registry]]
location = "127.0.0.1"
insecure = true
CONF
}

write_environment() {
  cat >"$dir/env.sh" <<ENV
# Chooses the Podman below this directory: \`. $dir/env.sh\`, then use podman as always.
export CONTAINERS_CONF='$dir/etc/containers.conf'
export CONTAINERS_STORAGE_CONF='$dir/etc/storage.conf'
export CONTAINERS_REGISTRIES_CONF='$dir/etc/registries.conf'
export WLC_PODMAN_SOCKET='$socket'
ENV
  if ((EUID != 0)) && [[ ${XDG_RUNTIME_DIR-} != /run/user/* ]]; then
    echo "export XDG_RUNTIME_DIR='$(boot_folder)/user'" >>"$dir/env.sh"
  fi
}

make_boot_folder() {
  local folder
  folder=$(boot_folder)
  mkdir -p "$folder"
  [[ -O $folder ]] || die "$folder belongs to somebody else"
  chmod 700 "$folder"
  mkdir -p "$folder/user"
}

configure() {
  local filesystem
  for filesystem in overlay proc cgroup; do
    grep -qw "$filesystem" /proc/filesystems || die "this kernel lacks the $filesystem file system"
  done
  mkdir -p "$dir"/{etc,networks}
  make_boot_folder
  write_containers_conf
  write_storage_conf
  write_registries_conf
  write_environment
}

start_time() { awk '{ sub(/^.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null || true; }

# A process number is used again after its process ended: only number and start time together name ours.
service_pid() {
  local pid started
  read -r pid started 2>/dev/null <"$dir/service.pid" || return 1
  [[ -n $started && $(start_time "$pid") == "$started" ]] || return 1
  echo "$pid"
}

answers() { curl --silent --fail --max-time 5 --unix-socket "$socket" http://podman/_ping >/dev/null; }

# Replaces the shell, so that the process number is the service's own. A session of its own: Ctrl-C does not reach it.
serve() {
  close_lock
  cd "$dir" || exit # conmon notes a want of memory in a file of the folder that it was begun in
  exec setsid podman system service --time 0 "unix://$socket"
}

start_service() {
  local pid tries=0
  if service_pid >/dev/null && answers; then return; fi
  stop_service
  rm -f "$socket"
  ((EUID == 0)) || podman unshare true # makes the user namespace first; a service that makes it cannot be ended
  say "\$ podman system service --time 0 unix://$socket"
  serve </dev/null >"$dir/service.log" 2>&1 &
  pid=$!
  echo "$pid $(start_time "$pid")" >"$dir/service.pid"
  until answers; do
    sleep 0.05
    if ((++tries > 400)) || ! kill -0 "$pid" 2>/dev/null; then
      die "the Podman service did not start: $(tail -n 1 "$dir/service.log")"
    fi
  done
}

stop_service() {
  local pid tries=0
  if pid=$(service_pid); then
    kill -TERM "$pid"
    while service_pid >/dev/null; do
      sleep 0.05
      ((++tries < 100)) || kill -KILL "$pid"
    done
  fi
  rm -f "$dir/service.pid" "$socket"
}

remove_contents() {
  local name
  show podman pod rm --all --force --time 1 >/dev/null
  show podman rm --all --force --time 1 >/dev/null
  show podman volume rm --all --force >/dev/null
  while read -r name; do
    if [[ $name != podman ]]; then show podman network rm "$name" >/dev/null; fi
  done < <(podman network ls --format '{{.Name}}')
}

# Mounts deepest first; what is mounted below a directory must be gone before its files are deleted.
unmount_below() {
  local mount
  while read -r mount; do umount "$mount"; done < <(
    awk -v below="$1/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r
  )
}

# Without root, files of containers belong to other users, whom only `podman unshare` can act for.
delete() {
  if ((EUID != 0)); then podman unshare rm -rf "${1:?}"; fi
  rm -rf "${1:?}"
}

# Without root, one process of Podman's holds the user namespace of this directory open.
end_namespace() {
  local file
  file=$(boot_folder)/tmp/pause.pid
  if ((EUID != 0)) && [[ -s $file ]]; then kill "$(cat "$file")" || true; fi
}

remove() {
  # shellcheck disable=SC1091 # written by write_environment
  . "$dir/env.sh"
  stop_service
  remove_contents
  unmount_below "$dir"
  unmount_below "$(boot_folder)"
  delete "$dir"
  end_namespace
  rm -rf "$(boot_folder)"
}

up() {
  install_packages
  configure
  # shellcheck disable=SC1091 # written by write_environment
  . "$dir/env.sh"
  step "start the Podman service" start_service
}

main() {
  [[ ${1-} == /*/* ]] || die "usage: podman.sh DIR [up|stop|remove], DIR an absolute path"
  dir=${1%/} socket=${1%/}/podman.sock
  ((${#socket} <= 107)) || die "the path of the socket is longer than Linux allows (107): $socket"
  if [[ ${2-} == remove && ! -e $dir/env.sh ]]; then return; fi
  take_lock "$dir/lock"
  case ${2-up} in
    up) up ;;
    stop) stop_service ;;
    remove) remove ;;
    *) die "podman.sh does not know \`$2\`; it knows up, stop, remove" ;;
  esac
}

main "$@"
