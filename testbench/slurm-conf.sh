#!/bin/bash
# slurm-conf.sh DIR: writes slurm.conf, gres.conf, cgroup.conf and slurmdbd.conf of the one-machine Slurm into DIR/etc.
# PROCTRACK=cgroup (memory limits are real) or linuxproc; SLURM_EXTRA: lines that replace those of the same key in slurm.conf, or are added.
# Every value that is not a default says why.
source "$(dirname "$0")/common.sh"
dir=$1
track=${PROCTRACK:-cgroup}
host=$(hostname -s)
version=$(slurmctld -V | sed -E 's/^[^0-9]*([0-9]+)\.([0-9]+).*/\1\2/')

credential=CryptoType=crypto/munge
[ "$version" -lt 2311 ] || credential=CredType=cred/munge
case $track in
  cgroup) task=task/cgroup ;;
  linuxproc) task=task/none ;;
  *) die "PROCTRACK is cgroup or linuxproc, not $track" ;;
esac
if [ -d /sys/fs/cgroup/memory ]; then cgroup=cgroup/v1; else cgroup=cgroup/v2; fi
[ "$track" = cgroup ] || [ "$version" -lt 2311 ] || cgroup=disabled
# cgroup/v2 asks systemd over D-Bus for a scope; there is none here.
systemd=
[ $cgroup != cgroup/v2 ] || systemd=IgnoreSystemd=yes

node() { # NUMBER EXTRA…: 32 CPUs and 125 GiB are claimed, whatever the machine has (config_overrides)
  local n=$1
  shift
  # slurmd binds the address of the host name, so the nodes differ by port; the NAMES n1… are loopback addresses in /etc/hosts.
  echo "NodeName=n$n NodeHostname=$host NodeAddr=127.0.0.1 Port=1782$n CPUs=32 Boards=1 SocketsPerBoard=2 CoresPerSocket=16 ThreadsPerCore=1 RealMemory=128000 $* State=UNKNOWN"
}

cat >"$dir/etc/slurm.conf" <<CONF
# made by the test bench of Batchway: slurm-conf.sh
ClusterName=bench
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=17817
SlurmdPort=17818
AuthType=auth/munge
$credential
SlurmUser=slurm
# Loopback only.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.%n.log
SlurmctldDebug=info
SlurmdDebug=info
ProctrackType=proctrack/$track
TaskPlugin=$task
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=10
PropagateResourceLimits=NONE
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
# The defaults (3 s, 60 s, 30 s) would be most of a test's time.
SchedulerParameters=batch_sched_delay=0,sched_interval=5,bf_interval=2,bf_max_job_test=500,bf_continue,default_queue_depth=500
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
PriorityType=priority/multifactor
PriorityWeightAge=1000
GresTypes=gpu
MaxJobCount=20000
MinJobAge=300
KillWait=3
WaitTime=0
InactiveLimit=0
SlurmctldTimeout=30
SlurmdTimeout=60
MessageTimeout=20
CompleteWait=0
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=17819
AccountingStorageTRES=gres/gpu
AccountingStorageEnforce=associations,limits,qos
JobCompType=jobcomp/none
$(node 1)
$(node 2)
$(node 3)
$(node 4 Gres=gpu:a100:4 Feature=gpu)
PartitionName=debug Nodes=n1 Default=YES MaxTime=00:30:00 DefaultTime=00:10:00 DefMemPerCPU=1000 State=UP
PartitionName=batch Nodes=n1,n2,n3 MaxTime=2-00:00:00 DefaultTime=01:00:00 DefMemPerCPU=1000 State=UP
PartitionName=gpu Nodes=n4 MaxTime=1-00:00:00 DefaultTime=01:00:00 DefMemPerCPU=1000 State=UP
CONF
while IFS= read -r line; do
  [ -n "$line" ] || continue
  # A key that stands twice is an error to Slurm; only nodes and partitions may.
  case ${line%%=*} in NodeName | PartitionName) ;; *) sed -i "/^${line%%=*}=/d" "$dir/etc/slurm.conf" ;; esac
  printf '%s\n' "$line" >>"$dir/etc/slurm.conf"
done <<<"${SLURM_EXTRA:-}"

# A count without File= makes the node INVAL, and only device nodes are taken: four copies of /dev/null.
mkdir -p "$dir/dev"
for k in 0 1 2 3; do
  [ -c "$dir/dev/gpu$k" ] || mknod -m 666 "$dir/dev/gpu$k" c 1 3
done
cat >"$dir/etc/gres.conf" <<CONF
AutoDetect=off
NodeName=n4 Name=gpu Type=a100 File=$dir/dev/gpu[0-3]
CONF

# Cores and devices are not constrained: 32 cores a node are a fiction.
cat >"$dir/etc/cgroup.conf" <<CONF
CgroupPlugin=$cgroup
$systemd
ConstrainRAMSpace=yes
ConstrainSwapSpace=yes
AllowedSwapSpace=0
ConstrainCores=no
ConstrainDevices=no
CONF

cat >"$dir/etc/slurmdbd.conf" <<CONF
AuthType=auth/munge
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=17819
SlurmUser=slurm
DebugLevel=info
LogFile=$dir/log/slurmdbd.log
PidFile=$dir/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=17806
StorageUser=slurm
StoragePass=$(cat "$dir/etc/dbd-password")
StorageLoc=slurm_acct_db
CONF
chown -R slurm: "$dir/etc"
chmod 644 "$dir"/etc/*.conf
chmod 600 "$dir/etc/slurmdbd.conf" "$dir/etc/dbd-password"
