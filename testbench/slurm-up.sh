#!/bin/bash
# slurm-up.sh: one-machine Slurm with four virtual nodes, three partitions (debug, batch, gpu) and accounting; loopback only, no systemd.
# Run again, it starts only what is down. PROCTRACK=linuxproc switches the process tracking (default: cgroup; running jobs are lost then).
# A Slurm that this bench did not make is never touched.
source "$(dirname "$0")/common.sh"
need_root
need_commands slurmctld slurmd slurmdbd munged mariadbd mysql_install_db sacctmgr sudo

slurm=$bench/slurm
for f in slurm.conf slurmdbd.conf gres.conf cgroup.conf; do
  [ -e "/etc/slurm/$f" ] || [ -L "/etc/slurm/$f" ] || continue
  target=$(readlink "/etc/slurm/$f" || true)
  [ -n "$target" ] && { [ ! -e "$target" ] || [ -e "$(dirname "$(dirname "$target")")/$marker" ]; } ||
    die "/etc/slurm/$f belongs to a Slurm that this bench did not make: nothing was changed"
  [ "$target" = "$slurm/etc/$f" ] || [ ! -e "$target" ] ||
    die "another bench is set up in $(dirname "$(dirname "$target")"): take it down first (BATCHWAY_BENCH=… slurm-down.sh --wipe)"
done
unset SLURM_CONF

claim_folder "$bench"
lock_bench
claim_folder "$slurm"
chmod 755 "$bench" "$slurm"
mkdir -p "$slurm"/{etc,log,run,state,spool,mysql/tmp}
"$here/accounts.sh"
# A rule that is there may allow more than Slurm's commands: it is only written anew when someone says what else.
[ -e /etc/sudoers.d/batchway-bench ] && [ -z "${SHEPHERD:-}" ] || "$here/sudoers.sh" ${SHEPHERD:+--shepherd "$SHEPHERD"}

host=$(hostname -s)
add_host() { grep -qE "^127\.[0-9.]+[[:space:]](.*[[:space:]])?$2([[:space:]]|\$)" /etc/hosts || echo "$1 $2" >>/etc/hosts; }
add_host 127.0.0.1 "$host"
# A web server in a job of node n1 can bind n1's own address: n1:PORT and n2:PORT are different endpoints.
for i in 1 2 3 4; do add_host "127.0.0.1$i" "n$i"; done

# Munge: a running one is used as it is and stays when the bench goes down.
munge_works() { munge -n | unmunge; }
if ! munge_works >/dev/null 2>&1; then
  install -d -o munge -g munge -m 755 /run/munge
  install -d -o munge -g munge -m 700 /var/log/munge /var/lib/munge
  [ -s /etc/munge/munge.key ] || setpriv --reuid=munge --regid=munge --clear-groups mungekey --create
  rm -f /run/munge/munge.socket.2*
  setpriv --reuid=munge --regid=munge --clear-groups munged --num-threads=4 9>&-
  wait_for 10 munge_works
  ln -sfn /run/munge/munged.pid "$slurm/run/munged.pid"
fi

[ -s "$slurm/etc/dbd-password" ] || (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$slurm/etc/dbd-password")
# Without a word about the tracking, a Slurm that runs keeps the one it has.
if alive "$slurm/run/slurmctld.pid" slurmctld; then
  export PROCTRACK=${PROCTRACK:-$(sed -n 's/^ProctrackType=proctrack.//p' "$slurm/etc/slurm.conf")}
fi
before=$({ cat "$slurm"/etc/*.conf 2>/dev/null || true; } | sha256sum)
"$here/slurm-conf.sh" "$slurm"
if [ "$before" != "$(cat "$slurm"/etc/*.conf | sha256sum)" ]; then
  # Tracking cannot be changed under running daemons.
  for n in 1 2 3 4; do stop "$slurm/run/slurmd.n$n.pid" slurmd; done
  stop "$slurm/run/slurmctld.pid" slurmctld
fi
mkdir -p /etc/slurm
for f in slurm.conf gres.conf cgroup.conf slurmdbd.conf; do ln -sfn "$slurm/etc/$f" "/etc/slurm/$f"; done
chown slurm: "$slurm"/{state,log,run}
chown mysql: "$slurm"/mysql{,/tmp}

# Temporary tables are named after process ids, which several benches, each with its own processes, have in common: not in /tmp.
database() { mysql --no-defaults -S "$slurm/mysql/sock" "$@"; }
if [ ! -d "$slurm/mysql/data/mysql" ]; then
  mysql_install_db --no-defaults --user=mysql --datadir="$slurm/mysql/data" --tmpdir="$slurm/mysql/tmp" --auth-root-authentication-method=socket --skip-test-db \
    >"$slurm/log/mysql_install.log" 2>&1 || { cat "$slurm/log/mysql_install.log" >&2; rm -rf "$slurm/mysql/data"; die "mysql_install_db failed"; }
fi
if ! alive "$slurm/mysql/pid" mariadbd; then
  # The bench's state may be lost with the machine: no fsync per commit.
  setsid mariadbd --no-defaults --user=mysql --datadir="$slurm/mysql/data" --socket="$slurm/mysql/sock" --pid-file="$slurm/mysql/pid" \
    --tmpdir="$slurm/mysql/tmp" --bind-address=127.0.0.1 --port=17806 --innodb-buffer-pool-size=64M --innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=2 \
    >"$slurm/log/mariadb.log" 2>&1 </dev/null 9>&- &
  wait_for 30 database -e 'select 1'
fi
database <<SQL
create database if not exists slurm_acct_db;
create user if not exists 'slurm'@'127.0.0.1', 'slurm'@'localhost';
alter user 'slurm'@'127.0.0.1' identified by '$(cat "$slurm/etc/dbd-password")';
alter user 'slurm'@'localhost' identified by '$(cat "$slurm/etc/dbd-password")';
grant all on slurm_acct_db.* to 'slurm'@'127.0.0.1', 'slurm'@'localhost';
SQL
if ! alive "$slurm/run/slurmdbd.pid" slurmdbd; then
  slurmdbd 9>&-
  wait_for 30 sacctmgr -n show cluster
fi
if [ ! -e "$slurm/run/associations-made" ]; then
  # "Nothing new added" is exit 1: what counts is what is there afterwards.
  for words in 'cluster bench' 'account physics Description=physics Organization=physics' 'account chem Description=chem Organization=chem' \
    'user alice Account=physics,chem DefaultAccount=physics' 'user bob Account=chem DefaultAccount=chem' \
    'user carol Account=physics DefaultAccount=physics' 'user root Account=physics DefaultAccount=physics'; do
    # shellcheck disable=SC2086
    sacctmgr -i add $words >/dev/null 2>&1 || true
  done
  [ "$(sacctmgr -nP show associations format=user where user=alice,bob,carol | sort -u | grep -c .)" = 3 ] ||
    die "the accounting database does not know alice, bob and carol: see $slurm/log/slurmdbd.log"
  : >"$slurm/run/associations-made"
fi

alive "$slurm/run/slurmctld.pid" slurmctld || { rm -f "$slurm/run/slurmctld.pid"; slurmctld 9>&-; }
wait_for 20 scontrol ping
for n in n1 n2 n3 n4; do
  mkdir -p "$slurm/spool/$n"
  alive "$slurm/run/slurmd.$n.pid" slurmd || { rm -f "$slurm/run/slurmd.$n.pid"; slurmd -N "$n" 9>&-; }
done
# A node that an earlier run left drained is taken back; for nodes that are up Slurm says no, which is as good.
scontrol update nodename=ALL state=resume >/dev/null 2>&1 || true
all_ready() { [ "$(sinfo -h -N -o '%N %T' | sort -u | grep -cE ' (idle|mixed|allocated|completing)$')" = 4 ] || { sinfo; false; }; }
wait_for 30 all_ready
echo "Slurm $(slurmctld -V | cut -d' ' -f2) is up: partitions debug (30 min), batch, gpu; users alice, bob, carol; tracking ${PROCTRACK:-cgroup}; state in $slurm"
