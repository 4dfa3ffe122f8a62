#!/bin/bash
# Boots a private systemd, for tests: boot.sh REPOSITORY. Its root is a copy-on-write view of this machine's, and it has
# process ids, network, cgroups, /run and /tmp of its own, so that nothing of what happens inside is seen outside. The
# repository is at /mnt/ptproxy, read-only. It ends with this process; boot.sh REPOSITORY clean PID then removes its
# cgroups.
set -euo pipefail

# In a mount namespace of its own: makes room, and a cgroup to be the root inside.
outside() {
  mount --make-rprivate /
  mount -t tmpfs tmpfs /mnt
  mkdir /mnt/{changes,work,root,cgroup}
  mount -t cgroup2 cgroup2 /mnt/cgroup
  mkdir -p "/mnt/cgroup/ptproxy-test-$$"
  echo $$ > "/mnt/cgroup/ptproxy-test-$$/cgroup.procs"
  exec unshare --fork --kill-child --pid --cgroup --net --uts --ipc "$0" "$1" inside
}

# As process 1.
inside() {
  mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/changes,workdir=/mnt/work /mnt/root
  cd /mnt/root
  mkdir -p mnt/ptproxy
  mount --bind "$1" mnt/ptproxy
  mount -o remount,bind,ro mnt/ptproxy
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount --rbind /dev dev
  mount -t tmpfs tmpfs run
  mount -t tmpfs tmpfs tmp
  mkdir run/outside
  pivot_root . run/outside
  umount -l run/outside
  # systemd does it by itself only where it takes the machine for its own; without it services get no credentials.
  mount --make-rshared /
  export container=test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  exec /lib/systemd/systemd --system --unit=basic.target
}

# Removes the cgroups of the machine that was process $1.
clean() {
  mount --make-rprivate /
  mount -t cgroup2 cgroup2 /mnt
  # Its last processes may not be gone yet.
  for _ in {1..50}; do
    find "/mnt/ptproxy-test-$1" -depth -type d -exec rmdir {} + 2> /dev/null && return
    sleep 0.1
  done
}

case ${2:-new} in
  new) exec unshare --mount "$0" "$1" outside ;;
  outside) outside "$1" ;;
  inside) inside "$1" ;;
  clean) exec unshare --mount "$0" "$1" clean-inside "$3" ;;
  clean-inside) clean "$3" ;;
esac
