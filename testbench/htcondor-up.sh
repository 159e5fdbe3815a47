#!/bin/bash
# htcondor-up.sh: a one-machine HTCondor pool of 32 cores and four GPUs; loopback only, no systemd. Run again, it starts only what is down.
# Nothing of it lies in /etc/condor: people's programs are in $bench/htcondor/bin (--where prints that folder).
source "$(dirname "$0")/common.sh"
pool=$bench/htcondor
if [ "${1:-}" = --where ]; then
  echo "$pool/bin"
  exit
fi
need_root
"$here/htcondor-programs.sh"

claim_folder "$bench"
lock_bench
claim_folder "$pool"
chmod 755 "$bench" "$pool"
"$here/accounts.sh"
id -u condor >/dev/null 2>&1 || useradd --system --user-group --home-dir "$pool" --no-create-home --shell /usr/sbin/nologin condor
mkdir -p "$pool"/{log,spool,execute,lock,run}
chown condor:condor "$pool"/{log,spool,execute,lock,run}
chmod 755 "$pool"/{log,spool,execute,lock,run}
before=$(cat "$pool/condor_config" 2>/dev/null || true)
"$here/htcondor-conf.sh" "$pool"
[ "$before" = "$(cat "$pool/condor_config")" ] || stop "$pool/run/master.pid" condor_master

export CONDOR_CONFIG=$pool/condor_config
alive "$pool/run/master.pid" condor_master || { rm -f "$pool/run/master.pid"; "$cache/htcondor/sbin/condor_master" -pidfile "$pool/run/master.pid" 9>&-; }
answers() { [ -n "$("$pool/bin/condor_status" -af Name)" ] && "$pool/bin/condor_q" -allusers -json >/dev/null && "$pool/bin/condor_status" -schedd -af Name | grep -q .; }
wait_for 60 answers
echo "HTCondor $("$pool/bin/condor_version" | sed -n 's/^$CondorVersion: \([0-9.]*\).*/\1/p') is up: 32 cores, 4 GPUs; users alice, bob, carol; programs in $pool/bin"
