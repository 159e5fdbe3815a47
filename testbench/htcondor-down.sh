#!/bin/bash
# htcondor-down.sh [--wipe]: removes all jobs and stops what htcondor-up.sh started (by pid file). --wipe also forgets the state: job ids restart
# at 1, the history is empty. Users and programs stay.
source "$(dirname "$0")/common.sh"
need_root
wipe=no
for a in "$@"; do [ "$a" = --wipe ] && wipe=yes || die "unknown option $a"; done
pool=$bench/htcondor
[ -d "$pool" ] || { say "nothing to take down in $bench"; exit 0; }
[ -e "$pool/$marker" ] || die "$pool was not made by this bench: left alone"
lock_bench

if alive "$pool/run/master.pid" condor_master; then
  "$pool/bin/condor_rm" -all >/dev/null 2>&1 || true
  for _ in $(seq 100); do
    [ -n "$("$pool/bin/condor_q" -allusers -af JobStatus 2>/dev/null)" ] || break
    sleep 0.1
  done
  # The master ends its daemons, and they their jobs, before it goes.
  stop "$pool/run/master.pid" condor_master
fi
[ $wipe = no ] || rm -rf "$pool"
