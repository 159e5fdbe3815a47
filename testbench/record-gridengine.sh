#!/bin/bash
# record-gridengine.sh: writes what a real Grid Engine prints into packages/schedulers/src/grid-engine/testdata, from a cell of its own that is
# taken down again. Each file: the call, its exit status, then both outputs. Takes about two minutes.
source "$(dirname "$0")/common.sh"
need_root
need_commands unshare ip qsub
if [ "${1:-}" != --within ]; then
  exec unshare --net --mount --pid --fork --mount-proc --kill-child=KILL "$0" --within
fi
ip link set lo up
ip address add 127.0.0.2/8 dev lo
out=$here/../packages/schedulers/src/grid-engine/testdata
export BATCHWAY_BENCH=/var/tmp/batchway-gridengine-record
work=$BATCHWAY_BENCH/jobs
rm -rf "$BATCHWAY_BENCH"
"$here/gridengine-up.sh" >&2
commands=$BATCHWAY_BENCH/gridengine/commands
install -d -o alice "$work"
chmod 755 "$BATCHWAY_BENCH"
mkdir -p "$out"

# record FILE COMMAND…: as the hub would call it.
record() {
  local file=$out/$1.txt status=0
  shift
  env -i PATH="$commands:/usr/bin:/bin" LC_ALL=C TZ=UTC timeout 10 "$@" >"$work/.out" 2>"$work/.err" || status=$?
  { printf '# %s\n# exit: %s\n# --- stdout\n' "$*" $status; cat "$work/.out"; printf '# --- stderr\n'; cat "$work/.err"; } >"$file"
  say "$(basename "$file"): $status"
}
# job [OPTION…] <script: prints its id
job() { env -i PATH=/usr/bin:/bin LC_ALL=C TZ=UTC setpriv --reuid=alice --regid=alice --init-groups "$commands/qsub" -terse -notify -C '' -S /bin/sh -j y -o /dev/null -wd "$work" -m n "$@" 2>/dev/null | tail -n1; }
state() { "$commands/qstat" -s a -u '*' | awk -v id="$1" '$1 == id { print $5 }'; }
in_state() { state "$1" | grep -qx "$2"; }
is_over() { [ -z "$(state "$1")" ] && "$commands/qacct" -j "$1" >/dev/null 2>&1; }
list=(qstat -s a -u '*' -r -xml)

record qstat-empty "${list[@]}"
record qacct-no-accounts qacct -j 1

# Submits
script=$work/script
printf '#!/bin/sh\nsleep 300\n' >"$script"
submit() { # FILE OPTION…
  local file=$1
  shift
  record "$file" sudo -n -u alice -- "$commands/qsub" -terse -C '' -S /bin/sh -j y -o /dev/null -wd "$work" -m n "$@" "$script"
}
submit qsub-ok -N ge-ok
submit qsub-warning -N ge-warning -r y -r n
submit qsub-array -N ge-array -t 1-5:2
submit qsub-bad-queue -q nosuch
submit qsub-bad-resource -l nosuch=1
submit qsub-bad-environment -pe nosuch 2
submit qsub-bad-name -N 1:2
submit qsub-bad-project -P nosuch
submit qsub-never -w e -l gpu=9
submit qsub-no-option -nosuch
wait_for 30 in_state 1 r
record qdel-foreign sudo -n -u bob -- "$commands/qdel" 1
record qdel-running sudo -n -u alice -- "$commands/qdel" 1
record qdel-again sudo -n -u alice -- "$commands/qdel" 1
record qdel-unknown sudo -n -u alice -- "$commands/qdel" 99
"$commands/qdel" -u alice >/dev/null
none() { [ -z "$("$commands/qstat" -u '*')" ]; }
wait_for 60 none

# Ends
declare -A ends
ends[zero]=$(printf 'exit 0\n' | job -N ge-zero)
ends[seven]=$(printf 'exit 7\n' | job -N ge-seven)
ends[exit-137]=$(printf 'exit 137\n' | job -N ge-exit-137)
ends[segv]=$(printf 'kill -SEGV $$\n' | job -N ge-segv)
ends[walltime]=$(printf 'sleep 300\n' | job -N ge-walltime -l h_rt=4)
ends[walltime-kill]=$(printf 'trap "" USR2; while :; do sleep 0.2; done\n' | job -N ge-walltime-2 -l h_rt=4)
ends[memory]=$(printf 'exec tail /dev/zero\n' | job -N ge-memory -l h_vmem=200M,h_rt=300)
ends[array]=$(printf 'exit $SGE_TASK_ID\n' | job -N ge-array -t 1-2)
ends[cores]=$(printf 'exit 0\n' | job -N ge-cores -pe smp 2 -l ram=100M,gpu=1)
ends[deleted]=$(printf 'sleep 300\n' | job -N ge-deleted -l h_rt=300)
ends[deleted-kill]=$(printf 'trap "" USR2; while :; do sleep 0.2; done\n' | job -N ge-deleted-2)
for name in deleted deleted-kill; do wait_for 30 in_state "${ends[$name]}" r; done
"$commands/qdel" "${ends[deleted]}" "${ends[deleted-kill]}" >/dev/null
record qstat-deleting "${list[@]}"
ends[folder]=$(printf 'exit 0\n' | job -N ge-folder -wd /nosuch)
ends[output]=$(printf 'exit 0\n' | job -N ge-output -o /nosuch/x)
ends[again]=$(printf '[ "$RESTARTED" = 1 ] && exit 3; exit 99\n' | job -N ge-again -r y)
for name in folder output; do wait_for 30 in_state "${ends[$name]}" Eqw; done
record qstat-reasons qstat -j "${ends[folder]},${ends[output]}" -xml
record qstat-reasons-known-and-not qstat -j "${ends[folder]},999" -xml
record qstat-reasons-none qstat -j 998,999 -xml
record qstat-reasons-one-unknown qstat -j 999 -xml
record qacct-in-error qacct -j "${ends[folder]}"
"$commands/qdel" "${ends[folder]}" "${ends[output]}" >/dev/null
for name in "${!ends[@]}"; do
  wait_for 90 is_over "${ends[$name]}"
  record "qacct-$name" qacct -j "${ends[$name]}"
done
record qacct-unknown qacct -j 999
record qacct-by-name qacct -j ge-again
record qacct-unknown-name qacct -j ge-nosuch

# States
running=$(printf 'sleep 300\n' | job -N ge-running-14ch -l h_rt=300,ram=100M)
# SIGUSR1 is the warning before.
suspended=$(printf 'trap "" USR1; sleep 300\n' | job -N ge-suspended)
restarted=$(printf 'sleep 300\n' | job -N ge-restarted -r y)
for id in $running $suspended $restarted; do wait_for 30 in_state "$id" r; done
"$commands/qmod" -sj "$suspended" >/dev/null
"$commands/qmod" -rj "$restarted" >/dev/null
wait_for 30 in_state "$restarted" Rq
record qstat-requeued "${list[@]}"
wait_for 30 in_state "$suspended" s
wait_for 120 in_state "$restarted" Rr
array=$(printf 'sleep 300\n' | job -N ge-array -t 1-3 -tc 1)
in_state_too() { state "${array%%.*}" | grep -qx qw && state "${array%%.*}" | grep -qx r; }
wait_for 60 in_state_too
printf 'sleep 300\n' | job -N ge-queued -q closed.q -pe smp 2 >/dev/null
printf 'sleep 300\n' | job -N ge-held -h >/dev/null
printf 'sleep 300\n' | job -N 'ge-<&">'\''' -q closed.q >/dev/null
# Refused here; a version that takes it shows how it prints it.
printf 'sleep 300\n' | job -N $'ge-\344\001' -q closed.q >/dev/null || true
printf 'sleep 300\n' | job -N ge-depends -hold_jid "$running" >/dev/null
error=$(printf 'exit 0\n' | job -N ge-error -wd /nosuch)
wait_for 30 in_state "$error" Eqw
held=$(printf 'exit 0\n' | job -N ge-held-error -wd /nosuch)
wait_for 30 in_state "$held" Eqw
"$commands/qhold" "$held" >/dev/null
wait_for 10 in_state "$held" Ehqw
record qstat-states "${list[@]}"
"$commands/qmod" -sq all.q >/dev/null
wait_for 20 in_state "$running" S
record qstat-queue-suspended "${list[@]}"
"$commands/qmod" -usq all.q >/dev/null
record qstat-other-zone env TZ=America/Anchorage qstat -s a -u '*' -r -xml

# No queue master
"$commands/qmod" -usj "$suspended" >/dev/null 2>&1 || true
"$commands/qdel" -u '*' >/dev/null
kill -STOP "$(cat "$BATCHWAY_BENCH/gridengine/spool/qmaster/qmaster.pid")"
record qstat-silent "${list[@]}"
kill -CONT "$(cat "$BATCHWAY_BENCH/gridengine/spool/qmaster/qmaster.pid")"
"$here/gridengine-down.sh"
record qstat-down "${list[@]}"
submit qsub-down -N ge-down
record qdel-down sudo -n -u alice -- "$commands/qdel" 1
record qstat-reasons-down qstat -j 1 -xml
sed -i "s|$BATCHWAY_BENCH|/bench|g" "$out"/*.txt
rm -rf "$BATCHWAY_BENCH"
