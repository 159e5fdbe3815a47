# common.sh: what the bench's scripts share. Sourced, never run.
# BATCHWAY_BENCH: the folder that holds all of the bench's state; BATCHWAY_BENCH_CACHE: what is costly to make and safe to keep.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ "$(id -u)" = 0 ]; then
  bench=${BATCHWAY_BENCH:-/var/tmp/batchway-bench}
  cache=${BATCHWAY_BENCH_CACHE:-/var/cache/batchway-bench}
else
  bench=${BATCHWAY_BENCH:-${XDG_CACHE_HOME:-$HOME/.cache}/batchway-bench}
  cache=${BATCHWAY_BENCH_CACHE:-$bench}
fi
marker=.made-by-batchway-testbench
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }
need_root() { [ "$(id -u)" = 0 ] || die "needs root: the bench starts daemons and runs jobs as several users"; }
need_commands() {
  local c
  for c in "$@"; do
    command -v "$c" >/dev/null || die "$c is missing; run: node scripts/setup-tests.mjs"
  done
}

# claim_folder DIR: make DIR ours, or refuse a folder that someone else filled.
claim_folder() {
  mkdir -p "$1"
  [ -e "$1/$marker" ] && return
  [ -z "$(ls -A "$1")" ] || die "$1 exists, is not empty and has no $marker: not made by this bench, left alone"
  : >"$1/$marker"
}

# alive PIDFILE NAME: does the process of that pid file run, and is it still the program it was written for?
alive() {
  local pid
  [ -s "$1" ] && pid=$(head -n1 "$1") && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ]
}

# wait_for SECONDS COMMAND…: until COMMAND succeeds; its last words are shown if it never does.
wait_for() {
  local end=$((SECONDS + $1)) out
  shift
  until out=$("$@" 2>&1); do
    [ $SECONDS -lt $end ] || { say "$out"; die "gave up waiting for: $*"; }
    sleep 0.1
  done
}

# stop PIDFILE NAME: SIGTERM, ten seconds of patience, SIGKILL. A pid that now belongs to another program is not touched.
stop() {
  local pid i
  alive "$1" "$2" || { rm -f "$1"; return 0; }
  pid=$(head -n1 "$1")
  kill "$pid" || true
  for i in $(seq 100); do
    [ -d "/proc/$pid" ] || break
    sleep 0.1
  done
  if [ -d "/proc/$pid" ]; then kill -9 "$pid" || true; fi
  rm -f "$1"
}

# One bench, one hand on it at a time. Daemons must not inherit the lock: start them with `9>&-`.
lock_bench() {
  exec 9>"$bench/.lock"
  flock -w 120 9 || die "another bench script has held $bench/.lock for two minutes"
}
