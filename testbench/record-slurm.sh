#!/bin/bash
# record-slurm.sh DIR: provokes every kind of wait, end and refusal on a private Slurm and writes what its commands print, for the driver's table tests.
# Run it as: private-slurm.sh [--slurm 24.11] --set "$(record-slurm.sh --conf)" -- record-slurm.sh DIR   (about two minutes)
# The names of the jobs say what was provoked. Texts that hold times or ids differ from run to run.
source "$(dirname "$0")/common.sh"
if [ "${1:-}" = --conf ]; then
  cat <<'CONF'
Licenses=solver:1
AccountingStorageEnforce=associations,limits,qos,safe
PreemptType=preempt/qos
PreemptMode=CANCEL
Prolog=/var/tmp/batchway-bench/prolog
KillWait=1
PartitionName=closed Nodes=n2 State=DOWN
PartitionName=asleep Nodes=n3 State=UP
PartitionName=narrow Nodes=n[1-3] MaxNodes=1 State=UP
PartitionName=broken Nodes=n3 State=UP
CONF
  exit
fi
[ -n "${TEST_PRIVATE_SLURM:-}" ] || die "only within private-slurm.sh: it drains nodes and changes limits"
out=$1
export SLURM_TIME_FORMAT=%s
mkdir -p "$out"
version=$(sbatch --version | cut -d' ' -f2)
node=$here/../node_modules/.bin/node
cat >/var/tmp/batchway-bench/prolog <<'SH'
#!/bin/sh
[ ! -e "/var/tmp/batchway-bench/prolog-fails-on-$SLURMD_NODENAME" ]
SH
chmod 755 /var/tmp/batchway-bench/prolog
cd /tmp

sub() { # USER NAME OPTION… -- COMMAND: the id
  local user=$1 name=$2 o=()
  shift 2
  while [ "$1" != -- ]; do o+=("$1"); shift; done
  sudo -u "$user" sbatch --parsable --no-requeue -J "$name" -o /dev/null --mem=50 -n1 "${o[@]}" --wrap "$2"
}
# What one version lets wait, another refuses at once.
wait_as() { sub alice "$@" || say "  refused: $1"; }
state_is() { [[ "$(squeue -h -t all -j "$1" -o %t)" =~ ^($2)$ ]]; }

for qos in 'low' 'high Preempt=low Priority=100' 'onejob MaxJobsPerUser=1' 'cpuuser MaxTRESPerUser=cpu=2' 'cpujob MaxTRESPerJob=cpu=2' 'grpcpu GrpTRES=cpu=2' \
  'wall MaxWall=00:05:00' 'grpjobs GrpJobs=1' 'memuser MaxTRESPerUser=mem=60' 'minutes GrpTRESMins=cpu=1' 'mincpu MinTRESPerJob=cpu=4' 'submit MaxSubmitJobsPerUser=1' 'deny MaxWall=00:05:00 Flags=DenyOnLimit'; do
  # shellcheck disable=SC2086
  sacctmgr -i add qos $qos >/dev/null
done
for account in 'gcpu GrpTRES=cpu=2' 'gmin GrpTRESMins=cpu=1' 'mjobs MaxJobs=1' 'mcpu MaxTRESPerJob=cpu=2' 'mwall MaxWall=00:05:00' 'gjobs GrpJobs=1' 'gwall GrpWall=1'; do
  # shellcheck disable=SC2086
  sacctmgr -i add account $account Description=x Organization=x >/dev/null
done
sacctmgr -i add user alice Account=gcpu,gmin,mjobs,mcpu,mwall,gjobs,gwall >/dev/null
sacctmgr -i modify user alice,bob,carol set qos=normal,low,high,onejob,cpuuser,cpujob,grpcpu,wall,grpjobs,memuser,minutes,mincpu,submit,deny >/dev/null
sleep 1

# ---- ends
e=()
e+=("$(sub alice end-ok -p batch -- true)" "$(sub alice end-127 -p batch -- /opt/nowhere/server)" "$(sub alice end-exit3 -p batch -- 'exit 3')")
# shellcheck disable=SC2016
e+=("$(sub alice end-kill9 -p batch -- 'kill -9 $$')" "$(sub alice end-nooutput -p batch -o /root/no/%j.out -- true)")
e+=("$(sub alice end-oom -p batch --mem=60 -- "/usr/bin/python3 -c 'x = bytearray(300 << 20); import time; time.sleep(30)'")")
# A name, of a job and of its step, that would be the row of another job if it were printed whole.
forged=$(printf 'end-ok\n%-32s %-32s %-12s %-16s %-16s %-16s %-64s %-64s %-64s %-24s %-16s ' 999999 COMPLETED 0:0 1 1 1 n1 batch alice '' end-ok)
# shellcheck disable=SC2016
e+=("$(sub alice "$forged" -p batch -- 'srun -J "$SLURM_JOB_NAME" true')")
timeout=$(sub alice end-walltime -p batch -t 1 -- 'sleep 600')
owner=$(sub alice end-byowner -p batch -- 'sleep 600')
root=$(sub alice end-byroot -p batch -- 'sleep 600')
pending=$(sub alice end-pending -p batch -H -- 'sleep 600')
preempted=$(sub alice end-preempted -p gpu --qos=low -c 32 -- 'sleep 600')
suspended=$(sub alice run-suspended -p batch -w n1 -- 'sleep 600')
running=$(sub alice run-plain -p batch -w n1 -t 60 -- 'sleep 600')
ignoring=$(sub alice run-completing -p batch -- 'trap "" TERM; sleep 600 & wait; sleep 600')
for j in $owner $root $preempted $suspended $running $ignoring; do wait_for 30 state_is "$j" R; done
failed=${e[1]}
wait_for 30 state_is "$failed" F
sudo -u alice scancel "$owner"
scancel "$root"
sudo -u alice scancel "$pending"
scontrol suspend "$suspended"
full=$(sub bob run-preemptor -p gpu --qos=high -c 32 -- 'sleep 600')
wait_for 60 state_is "$full" R
e+=("$timeout" "$owner" "$root" "$pending" "$preempted")

# ---- waits
resv=$(scontrol create reservation starttime=now+1hour duration=60 users=alice nodes=n3 | sed 's/.*: //')
gone=$(scontrol create reservation starttime=now+2hours duration=60 users=alice nodes=n3 | sed 's/.*: //')
wait_as wait-heldowner -p batch -H -- true
held=$(sub alice wait-heldadmin -p batch --begin=now+1hour -- true) && scontrol hold "$held"
wait_as wait-begin -p batch --begin=now+1hour -- true
wait_as wait-depend -p batch --dependency="afterok:$running" -- true
wait_as wait-depnever -p batch --dependency="afterok:$failed" -- true
wait_as wait-parttime -p debug -t 120 -- true
wait_as wait-partnodes -p narrow -N 2 -n 2 -- true
wait_as wait-partconf -p debug -N 2 -n 2 -- true
wait_as wait-partdown -p closed -- true
wait_as wait-asleep -p asleep --begin=now+5 -- true
scontrol update partition=asleep state=inactive
scontrol update nodename=n3 state=drain reason='exchange of a disk'
wait_as wait-reqnode -p batch -w n3 -- true
wait_as wait-nodesdown -p broken -- true
lic=$(sub alice run-license -p batch -w n1 -L solver:1 -- 'sleep 600')
wait_for 30 state_is "$lic" R
wait_as wait-license -p batch -L solver:1 -- true
for q in onejob grpjobs; do
  j=$(sub alice "run-$q" -p batch -w n1 --qos=$q -- 'sleep 600')
  wait_for 30 state_is "$j" R
  wait_as "wait-q$q" -p batch --qos=$q -- true
done
for a in mjobs gjobs; do
  j=$(sub alice "run-$a" -p batch -w n1 -A $a -- 'sleep 600')
  wait_for 30 state_is "$j" R
  wait_as "wait-a$a" -p batch -A $a -- true
done
for q in cpuuser cpujob grpcpu; do wait_as "wait-q$q" -p batch --qos=$q -c 3 -- true; done
wait_as wait-qmemuser -p batch --qos=memuser --mem=100 -- true
wait_as wait-qminutes -p batch --qos=minutes -t 60 -c 2 -- true
wait_as wait-qmincpu -p batch --qos=mincpu -- true
wait_as wait-qwall -p batch --qos=wall -t 60 -- true
for a in gcpu mcpu; do wait_as "wait-a$a" -p batch -A $a -c 3 -- true; done
for a in gmin gwall; do wait_as "wait-a$a" -p batch -A $a -t 60 -c 2 -- true; done
wait_as wait-amwall -p batch -A mwall -t 60 -- true
wait_as wait-resv -p batch --reservation="$resv" -- true
wait_as wait-resvgone -p batch --reservation="$gone" -- true
scontrol delete reservation="$gone" || say "  refused: a reservation that jobs wait for cannot be deleted"
wait_as wait-resources -p gpu -c 32 -t 10 -- true
wait_as wait-priority -p gpu -c 32 -t 10 -- true
constraint=$(sub alice wait-feature -p gpu --constraint=gpu -- true)
wait_as wait-array -p batch -w n1 --array=1-3%1 -- 'sleep 600'
: >/var/tmp/batchway-bench/prolog-fails-on-n2
sudo -u alice sbatch --parsable --requeue -J wait-prolog -o /dev/null --mem=50 -p batch -w n2 --wrap true
wait_for 60 sh -c 'squeue -h -n wait-prolog -o %r | grep -q held'
scontrol update nodename=n2 state=resume 2>/dev/null || true
e+=("$(sub alice end-prolog -p batch -w n2 -- true)")
wait_for 60 state_is "${e[-1]}" 'F|CA|PD|NF|LF'
sleep 3
rm /var/tmp/batchway-bench/prolog-fails-on-n2
scontrol update nodename=n2 state=resume 2>/dev/null || true
wait_for 30 sh -c 'sinfo -h -n n2 -o %t | grep -qE "idle|mix|alloc"'
e+=("$(sub alice end-nodefail -p batch -w n2 -- 'sleep 600')")
sudo -u alice sbatch --parsable --requeue -J wait-requeued -o /dev/null --mem=50 -p batch -w n2 --wrap 'sleep 600'
wait_for 30 sh -c '[ "$(squeue -h -t R -n end-nodefail,wait-requeued | grep -c .)" = 2 ]'
scontrol update nodename=n2 state=down reason=power
wait_for 30 state_is "${e[-1]}" NF
scontrol update nodename=n4 availablefeatures=other activefeatures=other
scontrol requeue "$constraint" 2>/dev/null || true
wait_for 150 state_is "$timeout" TO
wait_for 60 sh -c 'squeue -h -n wait-priority -o %r | grep -q .'
sleep 5
# While it ignores SIGTERM it is seen as completing.
sudo -u alice scancel "$ignoring"

record() { # FILE COMMAND…: standard output, and standard error with the exit code if it failed
  local file=$out/$1 code=0
  shift
  "$@" >"$file" 2>"$file.err" || code=$?
  if [ $code != 0 ] || [ -s "$file.err" ]; then printf 'exit code %s\n' $code >>"$file.err"; else rm -f "$file.err"; fi
}
argv() { # a call of the driver, NUL between the arguments
  "$node" --conditions=source --input-type=module -e '
    const { drivers } = await import("@batchway/schedulers")
    const slurm = drivers.find(({ id }) => id === "slurm")
    const { file, args } = eval(process.argv[1])(slurm)
    process.stdout.write([file, ...args].join("\0") + "\0")' "$1"
}
cd "$here/.."
mapfile -d '' -t squeue < <(argv '(s) => s.list({})')
mapfile -d '' -t sinfo < <(argv '(s) => s.availability.command({})')
mapfile -d '' -t sacct < <(argv "(s) => s.history.command('$(echo "${e[@]}" "$running" "$suspended")'.split(' '), {})")
mapfile -d '' -t byname < <(argv "(s) => s.historyByName.command(['end-ok', 'end-oom', 'end-byroot', 'run-plain'], Date.now() - 3_600_000, {})")
export LC_ALL=C.UTF-8 TZ=UTC
record "squeue-$version-waits.txt" "${squeue[@]}"
record "sinfo-$version-partitions.txt" "${sinfo[@]}"
record "sacct-$version-ends.txt" "${sacct[@]}"
record "sacct-$version-end-names.txt" "${byname[@]}"

# ---- replies
replies=$out/replies-$version.txt
: >"$replies"
reply() { # TITLE COMMAND…
  local code=0
  printf '### %s\n' "$1" >>"$replies"
  shift
  "$@" >/tmp/record.$$ 2>&1 </dev/null || code=$?
  cat /tmp/record.$$ >>"$replies"
  printf '# exit code %s\n' $code >>"$replies"
  rm -f /tmp/record.$$
}
s() { sudo -u alice sbatch --parsable -o /dev/null "$@" --wrap true; }
cd /tmp
reply 'sbatch: accepted' s -p batch
reply 'sbatch: partition unknown' s -p nowhere
reply 'sbatch: account unknown' s -A nobody
reply 'sbatch: qos unknown' s --qos nothing
reply 'sbatch: feature unknown' s -p batch -C nothing
reply 'sbatch: reservation unknown' s -p batch --reservation=nothing
reply 'sbatch: too many cores' s -p batch -N1 -c 500
reply 'sbatch: too much memory' s -p batch --mem=900G
reply 'sbatch: too many GPUs' s -p gpu --gres=gpu:9
reply 'sbatch: type of GPU unknown' s -p gpu --gres=gpu:none:1
reply 'sbatch: no GPU there' s -p batch --gres=gpu:1
reply 'sbatch: refused by its QOS at once' s -p batch --qos=deny -t 60
reply 'sbatch: one job of this QOS' s -p batch --qos=submit -H
reply 'sbatch: more jobs than the QOS takes' s -p batch --qos=submit
reply 'sbatch: license unknown' s -p batch -L nothing
reply 'sbatch: account not permitted' sudo -u bob sbatch -A physics --wrap true
reply 'sbatch: no association' sudo -u batchway sbatch --wrap true
reply 'scancel: unknown job' sudo -u alice scancel --verbose 999999
reply 'scancel: job that is over' sudo -u alice scancel --verbose "$failed"
reply 'scancel: job of someone else' sudo -u bob scancel --verbose "$running"
reply 'scancel: running job' sudo -u alice scancel --verbose "$running"
reply 'scontrol: a running job' scontrol show job -o "$lic"
reply 'scontrol: a pending job' scontrol show job -o "$held"
reply 'scontrol: unknown job' scontrol show job -o 999999
reply 'squeue: unknown job' squeue -h -j 999999
kill -STOP "$(cat /var/tmp/batchway-bench/slurm/run/slurmdbd.pid)"
reply 'sacct: slurmdbd does not answer' timeout 60 "${sacct[@]}"
kill -CONT "$(cat /var/tmp/batchway-bench/slurm/run/slurmdbd.pid)"
stop /var/tmp/batchway-bench/slurm/run/slurmctld.pid slurmctld
reply 'squeue: slurmctld is down' timeout 120 "${squeue[@]}"
reply 'sbatch: slurmctld is down' s -p batch
reply 'scancel: slurmctld is down' sudo -u alice scancel --verbose "$lic"
chmod a+r "$out"/*
