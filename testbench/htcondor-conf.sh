#!/bin/bash
# htcondor-conf.sh DIR: writes condor_config of the one-machine pool, and the programs that people call, into DIR. HTCONDOR_EXTRA: further lines,
# which win. Every value that is not a default says why.
source "$(dirname "$0")/common.sh"
dir=$1
programs=$cache/htcondor
account=$(id -u condor).$(id -g condor)

cat >"$dir/condor_config" <<CONF
# made by the test bench of Batchway: htcondor-conf.sh
CONDOR_IDS = $account
RELEASE_DIR = $programs
BIN = $programs/bin
SBIN = $programs/sbin
LIB = $programs/lib
LIBEXEC = $programs/libexec
LOCAL_DIR = $dir
LOG = $dir/log
SPOOL = $dir/spool
EXECUTE = $dir/execute
LOCK = $dir/lock
RUN = $dir/run

# Loopback only. Behind a shared port the collector does not start here.
CONDOR_HOST = 127.0.0.1
COLLECTOR_HOST = 127.0.0.1:${HTCONDOR_PORT:-17840}
NETWORK_INTERFACE = 127.0.0.1
BIND_ALL_INTERFACES = False
USE_SHARED_PORT = False
DAEMON_LIST = MASTER COLLECTOR NEGOTIATOR SCHEDD STARTD

# A job runs as who submitted it; who that is, the file system says.
UID_DOMAIN = bench
FILESYSTEM_DOMAIN = bench
TRUST_UID_DOMAIN = True
STARTER_ALLOW_RUNAS_OWNER = True
SEC_DEFAULT_AUTHENTICATION_METHODS = FS
SEC_CLIENT_AUTHENTICATION_METHODS = FS
SEC_READ_AUTHENTICATION = OPTIONAL
SEC_WRITE_AUTHENTICATION = REQUIRED
# The daemons, and root for the tests that hold and suspend.
ALLOW_READ = *
ALLOW_WRITE = *@bench/127.0.0.1
ALLOW_DAEMON = condor@bench/127.0.0.1, root@bench/127.0.0.1
ALLOW_NEGOTIATOR = condor@bench/127.0.0.1, root@bench/127.0.0.1
ALLOW_ADMINISTRATOR = condor@bench/127.0.0.1, root@bench/127.0.0.1

# 32 cores, 64 GB and four GPUs are claimed, whatever the machine has.
NUM_CPUS = 32
MEMORY = 64000
MACHINE_RESOURCE_GPUs = g0, g1, g2, g3
NUM_SLOTS_TYPE_1 = 1
SLOT_TYPE_1 = 100%
SLOT_TYPE_1_PARTITIONABLE = True
use policy: always_run_jobs
use policy: hold_if_memory_exceeded

# Something that the schedd itself refuses.
SUBMIT_REQUIREMENT_NAMES = Memory
SUBMIT_REQUIREMENT_Memory = RequestMemory <= 500000
SUBMIT_REQUIREMENT_Memory_REASON = "No job may ask for more than 500000 MB of memory here"

# Answers within a second or two.
NEGOTIATOR_INTERVAL = 2
NEGOTIATOR_MIN_INTERVAL = 1
NEGOTIATOR_CYCLE_DELAY = 1
SCHEDD_INTERVAL = 2
SCHEDD_MIN_INTERVAL = 1
UPDATE_INTERVAL = 5
PERIODIC_EXPR_INTERVAL = 5
SHADOW_QUEUE_UPDATE_INTERVAL = 5
STARTER_UPDATE_INTERVAL = 5
STARTER_INITIAL_UPDATE_INTERVAL = 2
MachineMaxVacateTime = 10

# No systemd, no control groups, no folders of its own over /tmp; the machine's shells have no session key rings.
BASE_CGROUP =
CGROUP_MEMORY_LIMIT_POLICY = none
MOUNT_UNDER_SCRATCH =
DISCARD_SESSION_KEYRING_ON_STARTUP = False
STARTER_LOCAL_LOGGING = True
MAIL =
# New programs are for a new start.
MASTER_NEW_BINARY_RESTART = NEVER
${HTCONDOR_EXTRA:-}
CONF

mkdir -p "$dir/bin"
for program in "$programs"/bin/*; do
  name=${program##*/}
  printf '#!/bin/sh\nCONDOR_CONFIG=%s/condor_config exec %s "$@"\n' "$dir" "$program" >"$dir/bin/$name.new"
  chmod 755 "$dir/bin/$name.new"
  mv "$dir/bin/$name.new" "$dir/bin/$name"
done
