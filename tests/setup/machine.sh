#!/usr/bin/env bash
# One machine inside this one, that can lose its power: namespaces of its own for mounts, network, processes, host name, messages
# and cgroups, a /run and a /dev/shm that go with the power, a boot id, and a disk that stays. In it runs a service of Podman, configured
# like the one that the environment chooses. What runs on the machine sees all files of this one, the disk's folder
# among them.
#
#   machine.sh DIR boot        boots on the disk in DIR, which is made if needed; Podman answers at DIR/podman.sock
#   machine.sh DIR lose        the power goes: every process ends at once, and what is not on the disk is gone
#   machine.sh DIR in CMD...   runs a command on the machine
#   machine.sh DIR remove      loses the power, and removes the disk
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/say.sh
. "$here/say.sh"

groups=/sys/fs/cgroup

# The folder of each hierarchy of cgroups in which the machine lives.
hierarchies() {
  if [[ $(stat -f -c %T "$groups") == cgroup2fs ]]; then echo "$groups"; else find "$groups" -mindepth 1 -maxdepth 1 -type d; fi
}

# A group of its own in each; those for cores are made empty, and take nobody until they have some.
make_groups() {
  local top file
  while read -r top; do
    mkdir -p "$top/$name"
    for file in cpuset.cpus cpuset.mems; do
      if [[ -e $top/$file ]]; then cat "$top/$file" >"$top/$name/$file"; fi
    done
  done < <(hierarchies)
}

remove_groups() {
  local top tries=0
  while read -r top; do
    [[ -d $top/$name ]] || continue
    until find "$top/$name" -depth -type d -exec rmdir {} + 2>/dev/null; do
      sleep 0.02
      ((++tries < 250)) || die "groups of $name cannot be removed from $top"
    done
  done < <(hierarchies)
}

enter_groups() {
  local top
  while read -r top; do echo "$BASHPID" >"$top/$name/cgroup.procs"; done < <(hierarchies)
}

configure() {
  mkdir -p "$dir"/{etc,disk/networks}
  sed -e "s|^network_config_dir = .*|network_config_dir = \"$dir/disk/networks\"|" \
    -e 's|^tmp_dir = .*|tmp_dir = "/run/libpod"|' "$CONTAINERS_CONF" >"$dir/etc/containers.conf"
  sed -e "s|^graphroot = .*|graphroot = \"$dir/disk/storage\"|" \
    -e 's|^runroot = .*|runroot = "/run/containers"|' "$CONTAINERS_STORAGE_CONF" >"$dir/etc/storage.conf"
  cat /proc/sys/kernel/random/uuid >"$dir/etc/boot_id"
}

choose_podman() {
  export CONTAINERS_CONF=$dir/etc/containers.conf CONTAINERS_STORAGE_CONF=$dir/etc/storage.conf
}

# The first process of the machine, in its namespaces.
init() {
  local line controllers
  mount --make-rprivate /
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  if [[ $(wc -l </proc/self/cgroup) == 1 ]]; then
    mount -t cgroup2 cgroup "$groups"
  else
    mount -t tmpfs -o mode=755 tmpfs "$groups"
    while IFS=: read -r line controllers _; do
      if [[ $line == 0 ]]; then
        mkdir "$groups/unified" && mount -t cgroup2 cgroup "$groups/unified"
      else
        mkdir "$groups/${controllers#name=}" && mount -t cgroup -o "$controllers" cgroup "$groups/${controllers#name=}"
      fi
    done </proc/self/cgroup
  fi
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm
  mount -t tmpfs -o mode=755 tmpfs /run
  mount --bind "$dir/etc/boot_id" /proc/sys/kernel/random/boot_id
  mkdir -p /run/lock
  ip link set lo up
  hostname "${name:0:60}"
  choose_podman
  rm -f "$dir/podman.sock"
  podman system service --time 0 "unix://$dir/podman.sock" </dev/null >"$dir/service.log" 2>&1 &
  exec catatonit -- sleep infinity
}

first_process() { cat "$dir/pid" 2>/dev/null || die "the machine in $dir has no power"; }

boot() {
  local outer pid tries=0
  [[ ! -e $dir/pid ]] || die "the machine in $dir has power"
  configure
  make_groups
  (
    enter_groups
    exec setsid unshare --mount --net --pid --uts --ipc --cgroup --fork --kill-child \
      bash "${BASH_SOURCE[0]}" "$dir" init </dev/null >"$dir/boot.log" 2>&1
  ) &
  outer=$!
  until pid=$(tr -d ' ' 2>/dev/null <"/proc/$outer/task/$outer/children") &&
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == catatonit ]]; do
    sleep 0.02
    ((++tries < 250)) || die "the machine does not boot: $(tail -n 1 "$dir/boot.log")"
  done
  echo "$pid" >"$dir/pid"
  until curl --silent --fail --max-time 5 --unix-socket "$dir/podman.sock" http://podman/_ping >/dev/null; do
    sleep 0.05
    ((++tries < 400)) || die "no Podman on the machine: $(cat "$dir/boot.log" "$dir/service.log")"
  done
}

# With the first process of a process namespace the kernel ends all others.
lose() {
  local pid tries=0
  pid=$(first_process)
  kill -KILL "$pid"
  while [[ -e /proc/$pid ]]; do
    sleep 0.02
    ((++tries < 500)) || die "the machine's processes do not end"
  done
  rm -f "$dir/pid"
  remove_groups
}

main() {
  [[ ${1-} == /*/* ]] || die "usage: machine.sh DIR boot|lose|in CMD|remove, DIR an absolute path"
  dir=${1%/} name=wlc-machine-$(printf %s "${1%/}" | cksum | cut -d ' ' -f 1)
  case ${2-} in
    boot) boot ;;
    init) init ;;
    lose) lose ;;
    in)
      choose_podman
      exec nsenter -t "$(first_process)" -a "${@:3}"
      ;;
    remove)
      [[ ! -e $dir/pid ]] || lose
      rm -rf "${dir:?}"
      ;;
    *) die "machine.sh does not know \`${2-}\`; it knows boot, lose, in, remove" ;;
  esac
}

main "$@"
