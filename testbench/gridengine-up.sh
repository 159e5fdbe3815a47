#!/bin/bash
# gridengine-up.sh: a private cell of Grid Engine with one host, four queues (all.q, short.q, closed.q, broken.q) and the parallel environment smp; no systemd.
# Run again, it starts only what is down. All of it lies in $BATCHWAY_BENCH/gridengine, commands that know their cell in its folder `commands`.
# Grid Engine has no option for the address it listens on: ports 17850 and 17851, on all of them; a packet filter keeps others off.
source "$(dirname "$0")/common.sh"
need_root
need_commands nft sge_qmaster sge_execd qconf qsub qstat sudo setpriv
programs=/usr/lib/gridengine
[ -x $programs/spoolinit ] || die "$programs/spoolinit is missing; run: node scripts/setup-tests.mjs"

grid=$bench/gridengine
filter=batchway_gridengine
cell=$grid/root/bench
claim_folder "$bench"
lock_bench
claim_folder "$grid"
chmod 755 "$bench" "$grid"
"$here/accounts.sh"
host=$(hostname -s)
grep -qE "^127\.[0-9.]+[[:space:]](.*[[:space:]])?$host([[:space:]]|\$)" /etc/hosts || echo "127.0.0.1 $host" >>/etc/hosts

port=${BATCHWAY_BENCH_GRIDENGINE_PORT:-17850}
export SGE_ROOT=$grid/root SGE_CELL=bench SGE_QMASTER_PORT=$port SGE_EXECD_PORT=$((port + 1))
# What this host sends to itself comes by lo, whichever of its addresses it is for.
nft -f - <<E
table inet $filter
delete table inet $filter
table inet $filter { chain input { type filter hook input priority 0; iifname != "lo" tcp dport { $port, $((port + 1)) } drop; }; }
E
as_admin() { setpriv --reuid=sgeadmin --regid=sgeadmin --init-groups "$@"; }
arch=$(/usr/share/gridengine/util/arch)
mkdir -p "$grid"/{commands,root/bin,root/lib,root/utilbin,spool/qmaster,spool/execd} "$cell/common"
for d in bin lib utilbin; do ln -sfn $programs "$SGE_ROOT/$d/$arch"; done
ln -sfn /usr/share/gridengine/util "$SGE_ROOT/util"
for name in qsub qstat qdel qacct qconf qhost qmod qalter qhold qrls; do
  # Behind sudo as well: the environment there is not the caller's.
  printf '#!/bin/sh\nexport SGE_ROOT=%s SGE_CELL=%s SGE_QMASTER_PORT=%s SGE_EXECD_PORT=%s\nexec %s/%s "$@"\n' \
    "$SGE_ROOT" $SGE_CELL $SGE_QMASTER_PORT $SGE_EXECD_PORT $programs $name >"$grid/commands/$name.new"
  chmod 755 "$grid/commands/$name.new"
  mv -f "$grid/commands/$name.new" "$grid/commands/$name"
done

if [ ! -e "$cell/complete" ]; then
  rm -rf "$grid/spool/db"
  cat >"$cell/common/bootstrap" <<E
admin_user sgeadmin
default_domain none
ignore_fqdn true
spooling_method berkeleydb
spooling_lib libspoolb
spooling_params $grid/spool/db
binary_path /usr/sbin
qmaster_spool_dir $grid/spool/qmaster
security_mode none
listener_threads 2
worker_threads 2
scheduler_threads 1
E
  echo "$host" >"$cell/common/act_qmaster"
  # 127.0.0.1 is localhost to whoever asks for the name of an address.
  echo "$host $(hostname -f 2>/dev/null || true) localhost runsc" | tr " " "\n" | awk "NF && !seen[\$0]++" | paste -sd " " >"$cell/common/host_aliases"
  mkdir "$grid/spool/db"
  chown -R sgeadmin: "$SGE_ROOT" "$grid/spool"
  # What ends is in the accounts at once, and a node hears soon what it is to end: by itself Grid Engine takes 15 and 40 seconds.
  sed -E "s|^(execd_spool_dir).*|\1 $grid/spool/execd|; s|^(administrator_mail).*|\1 none|; s|^(mailer).*|\1 /bin/true|; s|^(load_report_time).*|\1 00:00:05|; s|flush_time=[0-9:]+|flush_time=00:00:01 accounting_flush_time=00:00:00|" \
    /usr/share/gridengine/default-configuration >"$grid/configuration"
  {
    as_admin $programs/spoolinit berkeleydb libspoolb "$grid/spool/db" init
    as_admin $programs/spooldefaults configuration "$grid/configuration"
    as_admin $programs/spooldefaults complexes /usr/share/gridengine/util/resources/centry
    as_admin $programs/spooldefaults usersets /usr/share/gridengine/util/resources/usersets
    as_admin $programs/spooldefaults managers sgeadmin
    as_admin $programs/spooldefaults managers root
  } >"$grid/init.log" 2>&1 || { cat "$grid/init.log" >&2; die "the spool could not be made"; }
  touch "$cell/complete"
fi

q() { "$grid/commands/$1" "${@:2}"; }
# Jobs inherit what the daemon of their node was started with: nothing of the caller's.
daemon() {
  env -i PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 SGE_ROOT="$SGE_ROOT" SGE_CELL=$SGE_CELL SGE_QMASTER_PORT="$SGE_QMASTER_PORT" \
    SGE_EXECD_PORT="$SGE_EXECD_PORT" $programs/sge_"$1" >>"$grid/$1.log" 2>&1 </dev/null 9>&-
}
pid_of_qmaster=$grid/spool/qmaster/qmaster.pid
alive "$pid_of_qmaster" sge_qmaster || { rm -f "$pid_of_qmaster"; daemon qmaster; }
wait_for 30 q qconf -sss

# The state may have begun with an earlier, interrupted run: each thing is made where it is missing.
make() { # KIND NAME: its description on standard input
  local file
  file=$(mktemp)
  cat >"$file"
  q qconf "-A$1" "$file" >>"$grid/qconf.log" 2>&1 || die "qconf -A$1 did not take it"
  rm -f "$file"
}
printf '#!/bin/sh\nexit 100\n' >"$grid/prolog-that-fails"
chmod 755 "$grid/prolog-that-fails"
if [ ! -e "$cell/configured" ]; then
  q qconf -sh 2>/dev/null | grep -qx "$host" || q qconf -ah "$host" >>"$grid/qconf.log" 2>&1
  q qconf -ss 2>/dev/null | grep -qx "$host" || q qconf -as "$host" >>"$grid/qconf.log" 2>&1
  # GPUs and memory that are counted, by job; and a queue that is used only by who asks for it.
  q qconf -sc >"$grid/complexes"
  grep -q '^gpu ' "$grid/complexes" || {
    {
      cat "$grid/complexes"
      echo 'gpu gpu INT <= YES JOB 0 0'
      echo 'gpu_type gpu_type RESTRING == YES NO NONE 0'
      echo 'ram ram MEMORY <= YES JOB 0 0'
      echo 'broken broken BOOL == FORCED NO 0 0'
    } >"$grid/complexes.new"
    q qconf -Mc "$grid/complexes.new" >>"$grid/qconf.log" 2>&1
  }
  q qconf -sel 2>/dev/null | grep -qx "$host" || make e <<E
hostname $host
load_scaling NONE
complex_values gpu=4,gpu_type=a100,ram=32G,slots=64
user_lists NONE
xuser_lists NONE
projects NONE
xprojects NONE
usage_scaling NONE
report_variables NONE
E
  q qconf -shgrpl 2>/dev/null | grep -qx @allhosts || make hgrp <<E
group_name @allhosts
hostlist $host
E
  q qconf -spl 2>/dev/null | grep -qx smp || make p <<'E'
pe_name smp
slots 999
user_lists NONE
xuser_lists NONE
start_proc_args NONE
stop_proc_args NONE
allocation_rule $pe_slots
control_slaves FALSE
job_is_first_task TRUE
urgency_slots min
accounting_summary TRUE
qsort_args NONE
E
  for queue in all.q short.q closed.q broken.q; do
    q qconf -sql 2>/dev/null | grep -qx $queue && continue
    seconds=INFINITY
    prolog=NONE values=NONE
    [ $queue != short.q ] || seconds=00:30:00
    # 100 is the order to set the job into an error state.
    [ $queue != broken.q ] || { prolog=$grid/prolog-that-fails values=broken=TRUE; }
    make q <<E
qname $queue
hostlist @allhosts
seq_no $([ $queue = all.q ] && echo 0 || echo 10)
load_thresholds NONE
suspend_thresholds NONE
nsuspend 1
suspend_interval 00:05:00
priority 0
min_cpu_interval 00:05:00
processors UNDEFINED
qtype BATCH INTERACTIVE
ckpt_list NONE
pe_list smp
rerun FALSE
slots 64
tmpdir /tmp
shell /bin/sh
prolog $prolog
epilog NONE
shell_start_mode posix_compliant
starter_method NONE
suspend_method NONE
resume_method NONE
terminate_method NONE
notify 00:00:05
owner_list NONE
user_lists NONE
xuser_lists NONE
subordinate_list NONE
complex_values $values
projects NONE
xprojects NONE
calendar NONE
initial_state $([ $queue = closed.q ] && echo disabled || echo default)
s_rt INFINITY
h_rt $seconds
s_cpu INFINITY
h_cpu INFINITY
s_fsize INFINITY
h_fsize INFINITY
s_data INFINITY
h_data INFINITY
s_stack INFINITY
h_stack INFINITY
s_core INFINITY
h_core INFINITY
s_rss INFINITY
h_rss INFINITY
s_vmem INFINITY
h_vmem INFINITY
E
  done
  # By itself it schedules every 15 seconds.
  q qconf -ssconf | sed -E 's/^(schedule_interval).*/\1 0:0:2/; s/^(flush_submit_sec).*/\1 1/; s/^(flush_finish_sec).*/\1 1/; s/^(load_formula).*/\1 slots/' >"$grid/scheduler"
  q qconf -Msconf "$grid/scheduler" >>"$grid/qconf.log" 2>&1
  touch "$cell/configured"
fi

# It names its folder after what the address of the host is called.
running_execd() { for f in "$grid"/spool/execd/*/execd.pid; do alive "$f" sge_execd && return; done; return 1; }
running_execd || daemon execd
takes_jobs() { q qhost -h "$host" | grep -E "^$host " | grep -qvE ' -  +-  +- *$'; }
wait_for 60 takes_jobs
q qmod -d closed.q >/dev/null 2>&1 || true
echo "Grid Engine $(q qstat -help | sed -n '1s/^[^0-9]*//p') is up: queues all.q, short.q (30 min), closed.q, broken.q; PE smp; users alice, bob, carol; state in $grid"
