#!/bin/bash
# private-slurm.sh [--slurm 22.05|24.11] [--track cgroup|linuxproc] [--set 'KEY=VALUE']… [--keep] -- COMMAND…
# Runs COMMAND beside a Slurm of its own, and ends with COMMAND's exit status: for tests that stop slurmctld, drain nodes or change slurm.conf.
# Network (loopback only), processes, mounts and control groups are apart, so any number may run beside each other and beside slurm-up.sh;
# accounts, homes and /tmp are the machine's. What has one place on a machine (/etc/slurm, munge, sudo rules, the bench's folder) is covered by
# a folder of this run. Everything in it ends with COMMAND, or when this script is killed, however hard. COMMAND sees TEST_PRIVATE_SLURM.
source "$(dirname "$0")/common.sh"
need_root
home=/var/tmp/batchway-private
groups=(memory freezer)

# A job that Slurm has suspended is frozen, and what is frozen does not die.
thaw() { # FOLDER
  local state
  find "$1" -name freezer.state 2>/dev/null | while IFS= read -r state; do echo THAWED >"$state" || true; done
}

# ---- within: process 1 of the namespace ---------------------------------------------------------------------------------------------------
if [ "${1:-}" = --within ]; then
  own=$2
  shift 2
  unset BATCHWAY_BENCH SLURM_CONF TEST_POSTGRES_URL
  ip link set lo up
  # Programs that look names up with AI_ADDRCONFIG, Slurm among them, find none where 127.0.0.1 is the only address.
  ip address add 127.0.0.2/8 dev lo
  cover() { # PLACE OWNER MODE: a folder of this run in place of the machine's
    mkdir -p "$1"
    install -d -o "$2" -g "$2" -m "$3" "$own$1"
    mount --bind "$own$1" "$1"
  }
  # Jobs' groups bear no more than job numbers, which start at 1 in every Slurm.
  for g in "${groups[@]}"; do
    [ ! -d "/sys/fs/cgroup/$g" ] || mount --bind "/sys/fs/cgroup/$g/${own##*/}" "/sys/fs/cgroup/$g"
  done
  cover /run/munge munge 755
  for d in /etc/munge /var/lib/munge /var/log/munge; do cover $d munge 700; done
  install -d -m 755 "$own/etc"
  cp -a /etc/sudoers.d "$own/etc/sudoers.d"
  rm -f "$own/etc/sudoers.d/batchway-bench"
  cover /etc/sudoers.d root 755
  cover /etc/slurm root 755
  cover /var/tmp/batchway-bench root 755
  : >"/var/tmp/batchway-bench/$marker"
  if [ "$TEST_PRIVATE_SLURM" = 24.11 ]; then
    new=/var/tmp/batchway-bench/slurm-24.11
    mkdir $new
    mount --bind "$cache/slurm-24.11" $new
    for f in $new/bin/*; do
      c=$(command -v "${f##*/}" || true)
      [ -z "$c" ] || mount --bind "$f" "$c"
    done
    mount --bind $new/plugins "/usr/lib/$(uname -m)-linux-gnu/slurm-wlm"
  fi
  trap 'thaw /sys/fs/cgroup/freezer' EXIT
  running=
  # shellcheck disable=SC2016
  trap '[ -z "$running" ] && exit 143; kill "$running" 2>/dev/null || true' TERM
  "$here/slurm-up.sh" >&2
  # The trap is for this shell; without the reset, COMMAND would ignore Ctrl-C, as all that bash puts in the background.
  (trap - INT QUIT TERM; exec "$@") <&0 &
  running=$!
  trap : INT
  status=0
  while :; do
    wait "$running" && status=0 || status=$?
    [ -d "/proc/$running" ] || break
  done
  exit $status
fi

# ---- outside ------------------------------------------------------------------------------------------------------------------------------
slurm=22.05 track=cgroup extra= keep=no
# Control groups version 2 cannot be handed down this way.
[ -d /sys/fs/cgroup/memory ] || track=linuxproc
while [ $# -gt 0 ]; do
  case $1 in
    --slurm) slurm=$2 && shift 2 ;;
    --track) track=$2 && shift 2 ;;
    --set) extra+=$2$'\n' && shift 2 ;;
    --keep) keep=yes && shift ;;
    --) shift && break ;;
    *) die "unknown option $1" ;;
  esac
done
[ $# -gt 0 ] || die "no command: private-slurm.sh [OPTIONS] -- COMMAND…"
[ "$track" = linuxproc ] || [ -d /sys/fs/cgroup/memory ] || die "on a machine with control groups version 2 only --track linuxproc"
need_commands unshare setpriv ip mount slurmctld munged sudo
case $slurm in
  24.11) "$here/slurm24-up.sh" ;;
  22.05) ;; # more exactly: the machine's own
  *) die "--slurm is 22.05 or 24.11, not $slurm" ;;
esac

emptied() { ! find "$1" -name cgroup.procs -exec cat {} + 2>/dev/null | grep -q .; }
remove() { # FOLDER: what a run leaves
  local g
  thaw "/sys/fs/cgroup/freezer/${1##*/}"
  for g in "${groups[@]}"; do
    [ -d "/sys/fs/cgroup/$g/${1##*/}" ] || continue
    wait_for 20 emptied "/sys/fs/cgroup/$g/${1##*/}"
    find "/sys/fs/cgroup/$g/${1##*/}" -depth -type d -exec rmdir {} +
  done
  [ -e "$1/.kept" ] || rm -rf "$1"
}
mkdir -p "$home"
claim_folder "$home"
chmod 711 "$home"
# A folder between its making and its lock would look abandoned.
exec 7>"$home/.lock"
flock 7
# Runs that were killed: their locks are free, and their processes were killed with them.
for old in "$home"/slurm-*/; do
  old=${old%/}
  [ -e "$old/.lock" ] && flock -n "$old/.lock" true && remove "$old"
done
own=$(mktemp -d "$home/slurm-XXXXXX")
exec 8>"$own/.lock"
flock 8
exec 7>&-
chmod 755 "$own"
[ $keep = no ] || : >"$own/.kept"
for g in "${groups[@]}"; do [ ! -d "/sys/fs/cgroup/$g" ] || mkdir "/sys/fs/cgroup/$g/${own##*/}"; done

export PROCTRACK=$track SLURM_EXTRA=$extra TEST_PRIVATE_SLURM=$slurm
if [ "$track" = linuxproc ]; then export TEST_PROCTRACK=linuxproc; else unset TEST_PROCTRACK; fi
child=
# shellcheck disable=SC2016
end() {
  local inner
  # unshare passes no signal on; its child is process 1 within.
  for inner in $(cat "/proc/$child/task/$child/children" 2>/dev/null); do kill -TERM "$inner" 2>/dev/null || true; done
  (sleep 20 && kill -KILL "$child" 2>/dev/null) 8>&- &
}
trap end TERM HUP
trap : INT
(
  trap - INT
  for g in "${groups[@]}"; do
    [ ! -d "/sys/fs/cgroup/$g" ] || echo $BASHPID >"/sys/fs/cgroup/$g/${own##*/}/cgroup.procs"
  done
  # This script alone holds the lock.
  exec 8>&-
  exec setpriv --pdeathsig KILL unshare --net --mount --pid --cgroup --fork --mount-proc --kill-child=KILL "$here/private-slurm.sh" --within "$own" "$@"
) <&0 &
child=$!
status=0
while :; do
  wait "$child" && status=0 || status=$?
  [ -d "/proc/$child" ] || break
done
exec 8>&-
remove "$own"
[ $keep = no ] || say "what this Slurm wrote is in $own/var/tmp/batchway-bench/slurm"
exit $status
