#!/bin/bash
# slurm-down.sh [--wipe]: cancels all jobs, stops what slurm-up.sh started (by pid file) and takes its links out of /etc/slurm.
# --wipe also forgets the state: job ids restart at 1, accounting is empty. Users and packages stay.
source "$(dirname "$0")/common.sh"
need_root
wipe=no
for a in "$@"; do [ "$a" = --wipe ] && wipe=yes || die "unknown option $a"; done
slurm=$bench/slurm
[ -d "$slurm" ] || { say "nothing to take down in $bench"; exit 0; }
[ -e "$slurm/$marker" ] || die "$slurm was not made by this bench: left alone"
unset SLURM_CONF
lock_bench

if alive "$slurm/run/slurmctld.pid" slurmctld && [ "$(readlink /etc/slurm/slurm.conf)" = "$slurm/etc/slurm.conf" ] && scontrol ping >/dev/null 2>&1; then
  squeue -h -o %u | sort -u | while read -r user; do scancel -u "$user" || true; done
  for _ in $(seq 100); do
    [ -n "$(squeue -h)" ] || break
    sleep 0.1
  done
fi
for n in 1 2 3 4; do stop "$slurm/run/slurmd.n$n.pid" slurmd; done
stop "$slurm/run/slurmctld.pid" slurmctld
stop "$slurm/run/slurmdbd.pid" slurmdbd
stop "$slurm/mysql/pid" mariadbd
# Only the munged that the bench started carries this link.
if [ -L "$slurm/run/munged.pid" ]; then stop "$slurm/run/munged.pid" munged; fi
for f in slurm.conf gres.conf cgroup.conf slurmdbd.conf; do
  if [ "$(readlink "/etc/slurm/$f" || true)" = "$slurm/etc/$f" ]; then rm -f "/etc/slurm/$f"; fi
done
"$here/sudoers.sh" --remove
[ $wipe = no ] || rm -rf "$slurm"
