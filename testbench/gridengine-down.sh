#!/bin/bash
# gridengine-down.sh [--wipe]: deletes all jobs and stops what gridengine-up.sh started (by pid file).
# --wipe also forgets the state: job ids restart at 1, the accounts are empty. Users and packages stay.
source "$(dirname "$0")/common.sh"
need_root
wipe=no
for a in "$@"; do [ "$a" = --wipe ] && wipe=yes || die "unknown option $a"; done
grid=$bench/gridengine
[ -d "$grid" ] || { say "nothing to take down in $bench"; exit 0; }
[ -e "$grid/$marker" ] || die "$grid was not made by this bench: left alone"
lock_bench
q() { timeout 20 "$grid/commands/$1" "${@:2}"; }

qmaster=$grid/spool/qmaster/qmaster.pid
if alive "$qmaster" sge_qmaster && q qconf -sss >/dev/null 2>&1; then
  # A suspended job is stopped, and ends when it goes on.
  q qstat -s s -u '*' 2>/dev/null | awk 'NR > 2 { print $1 }' | xargs -r "$grid/commands/qmod" -usj >/dev/null 2>&1 || true
  q qdel -f -u '*' >/dev/null 2>&1 || true
  gone() { [ -z "$(q qstat -s rs -u '*')" ]; }
  for _ in $(seq 100); do
    ! gone || break
    sleep 0.1
  done
fi
for pid in "$grid"/spool/execd/*/execd.pid; do stop "$pid" sge_execd; done
stop "$qmaster" sge_qmaster
nft delete table inet batchway_gridengine 2>/dev/null || true # it may not be there
[ $wipe = no ] || rm -rf "$grid"
