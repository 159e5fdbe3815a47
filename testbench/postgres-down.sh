#!/bin/bash
# postgres-down.sh [--wipe]: stops the private PostgreSQL; --wipe also deletes its data.
source "$(dirname "$0")/common.sh"
wipe=no
for a in "$@"; do [ "$a" = --wipe ] && wipe=yes || die "unknown option $a"; done
dir=$bench/postgres
[ -d "$dir" ] || exit 0
[ -e "$dir/$marker" ] || die "$dir was not made by this bench: left alone"
# SIGINT is PostgreSQL's fast shutdown: sessions are cut, nothing waits for them.
pid=$(head -n1 "$dir/data/postmaster.pid" 2>/dev/null || true)
if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ]; then
  kill -INT "$pid"
  gone() { [ ! -d "/proc/$pid" ]; }
  wait_for 20 gone
fi
[ $wipe = no ] || rm -rf "$dir"
