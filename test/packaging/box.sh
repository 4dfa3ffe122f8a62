#!/usr/bin/env bash
# Becomes the systemd of a machine of its own: a copy-on-write view of this one without Node.js and without the
# directory $2, with its own processes, mounts, network and control groups. What it changes lies in $1, a new directory
# that is given for it. Needs root; runs until its systemd is killed.
set -euo pipefail
home=$1
hidden=$2

if [ "${3-}" != inside ]; then
  # A control group of its own, which becomes the root of what the systemd inside sees.
  unified=$(findmnt --noheadings --types cgroup2 --output TARGET | head -n 1)
  mkdir "$unified/${home##*/}"
  echo $$ > "$unified/${home##*/}/cgroup.procs"
  exec unshare --fork --kill-child --pid --mount --uts --ipc --net --cgroup bash "$0" "$home" "$hidden" inside
fi

root=$home/root
mount --make-rprivate /
mount -t tmpfs box "$home"
mkdir "$home"/{upper,work,root}
mount -t overlay -o "lowerdir=/,upperdir=$home/upper,workdir=$home/work" overlay "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --rbind /dev dev
# As Debian boots: nothing in /run can be executed.
mount -t tmpfs -o mode=755,noexec run run
mount -t tmpfs tmp tmp
mount -t tmpfs hidden ".$hidden"
# Without Node.js, and without the rule of container images that packages start no services.
for name in node nodejs npm npx; do
  type -aP "$name" | while read -r file; do rm -f ".$file"; done
done
rm -f usr/sbin/policy-rc.d
mkdir run/old
pivot_root . run/old
umount -l run/old
exec env -i container=box PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=basic.target > /dev/null 2>&1
