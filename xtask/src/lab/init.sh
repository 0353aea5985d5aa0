#!/bin/bash
# Process 1 of a lab node:  bash init.sh BASE NAME [nested]
#
# Started in new mount, net, uts, ipc and pid namespaces. Enters cgroups of the node's own, then a cgroup namespace, so that
# libvirt takes them for the whole tree: with only a bind mount, /proc/PID/cgroup would still show the outer path, and a
# restarted libvirtd would kill its guests ("shutting down, reason=daemon").
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
base=$1 name=$2 cg=/sys/fs/cgroup

enter_cgroup() { # DIRECTORY
  mkdir -p "$1/$name"
  if [ -e "$1/$name/cpuset.cpus" ] && [ -e "$1/cpuset.cpus" ] && [ ! -e "$1/cgroup.controllers" ]; then
    cat "$1/cpuset.cpus" > "$1/$name/cpuset.cpus" # cgroup v1: a new cpuset is empty, and no process may enter it so
    cat "$1/cpuset.mems" > "$1/$name/cpuset.mems"
  fi
  echo "$1/$name" >> "$base/cgroups"
  echo 0 > "$1/$name/cgroup.procs" # 0 is the writer
}

own_path() { # HIERARCHY: this process's path in a cgroup v1 hierarchy, from lines like 4:cpu,cpuacct:/some/path
  local id controllers path
  while IFS=: read -r id controllers path; do
    if [ "$controllers" = "$1" ] || [ "$controllers" = "name=$1" ]; then echo "$path"; return; fi
  done < /proc/self/cgroup
}

if [ "${3:-}" != nested ]; then
  # The outer /proc is still mounted, so this is the process's identity out there: fields 1 and 22 of proc(5).
  read -r -a stat < /proc/self/stat
  : > "$base/cgroups"
  if [ "$(stat -fc %T $cg)" = cgroup2fs ]; then
    # At the root of what is visible, not beneath this process's own cgroup: a cgroup with processes of its own cannot
    # hand controllers down.
    enter_cgroup $cg
  else
    for hierarchy in "$cg"/*/; do
      hierarchy=${hierarchy%/}
      [ -L "$hierarchy" ] && continue # cpu -> cpu,cpuacct
      [ -e "$hierarchy/cgroup.procs" ] || continue
      # Beneath the caller's own cgroup where that is visible, so that whatever limits the caller limits the node too.
      own=$(own_path "${hierarchy##*/}")
      if [ -n "$own" ] && [ -d "$hierarchy$own" ]; then enter_cgroup "${hierarchy}${own%/}"; else enter_cgroup "$hierarchy"; fi
    done
  fi
  echo "${stat[0]} ${stat[21]}" > "$base/pid.new"
  mv "$base/pid.new" "$base/pid"
  exec unshare --cgroup bash "$0" "$base" "$name" nested
fi

version=$(stat -fc %T $cg)
hierarchies=()
[ "$version" = cgroup2fs ] || for hierarchy in "$cg"/*/; do
  hierarchy=${hierarchy%/}
  [ -L "$hierarchy" ] || hierarchies+=("${hierarchy##*/}")
done

mount -t proc proc /proc
mount -t sysfs sysfs /sys # that of this network namespace: libvirt reads /sys/class/net
if [ "$version" = cgroup2fs ]; then
  mount -t cgroup2 cgroup2 $cg
  mkdir -p $cg/init
  echo 0 > $cg/init/cgroup.procs # the root must be free of processes to hand controllers down
else
  mount -t tmpfs -o mode=755 cgroup $cg
  for hierarchy in "${hierarchies[@]}"; do
    mkdir -p "$cg/$hierarchy"
    case $hierarchy in
      unified) mount -t cgroup2 cgroup2 "$cg/$hierarchy" ;;
      systemd) mount -t cgroup -o none,name=systemd cgroup "$cg/$hierarchy" ;;
      *) mount -t cgroup -o "$hierarchy" cgroup "$cg/$hierarchy" ;;
    esac
  done
fi

mount --bind "$base/run" /run
mkdir -p /run/lock /run/libvirt
chmod 1777 /run/lock
mount --bind "$base/etc" /etc/libvirt
mount --bind "$base/lib" /var/lib/libvirt
mkdir -p /var/log/libvirt /var/cache/libvirt
mount --bind "$base/log" /var/log/libvirt
mount --bind "$base/cache" /var/cache/libvirt
echo "$name" > /proc/sys/kernel/hostname
printf '127.0.0.1 localhost %s\n::1 localhost\n' "$name" > "$base/etc/hosts" # or libvirt asks DNS for its own name
mount --bind "$base/etc/hosts" /etc/hosts
ip link set lo up

virtlogd --daemon
libvirtd --daemon
touch "$base/ready"

set +e
trap 'exit 0' TERM
while :; do # bash as process 1: reaps what daemons leave behind
  sleep 3600 &
  wait $!
done
