#!/bin/bash
# postgres-up.sh: a private PostgreSQL on loopback port 17832; prints the URL of an empty database. What is up already is used again,
# emptied. Root runs it as the user postgres, anyone else as oneself. No fsync: the data are worth nothing.
source "$(dirname "$0")/common.sh"
port=${BATCHWAY_BENCH_POSTGRES_PORT:-17832}
claim_folder "$bench"
lock_bench
claim_folder "$bench/postgres"
dir=$bench/postgres
bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | sort -V | tail -n1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb || true)")
[ -x "$bin/initdb" ] || die "PostgreSQL's initdb is missing; run: node scripts/setup-tests.mjs"
as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  as() { setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$dir" "$@"; }
  chown -R postgres: "$dir"
  chmod 755 "$bench"
fi
cd "$dir"
chmod 700 "$dir"
if [ ! -s password ]; then (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >password); [ "$(id -u)" != 0 ] || chown postgres: password; fi
# A cluster whose initdb was interrupted, or of another major version, is made anew.
if [ ! -e data/complete ] || [ "$(cat data/PG_VERSION)" != "$("$bin/initdb" --version | grep -oE '[0-9]+' | head -n1)" ]; then
  [ ! -s data/postmaster.pid ] || as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf data
  as "$bin/initdb" -D "$dir/data" --username=batchway --pwfile=password --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >initdb.log 2>&1 || { cat initdb.log >&2; die "initdb failed"; }
  as touch data/complete
fi
if ! as "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; then
  rm -f data/postmaster.pid
  as "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 30 -s \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=200" \
    start </dev/null 9>&- >&2 || { tail -n 20 "$dir/server.log" >&2; die "PostgreSQL did not start"; }
fi
PGPASSWORD=$(cat password)
export PGPASSWORD
"$bin/psql" -qX -h 127.0.0.1 -p "$port" -U batchway -d postgres -v ON_ERROR_STOP=1 \
  -c 'drop database if exists batchway_test with (force)' -c 'create database batchway_test' >&2 2>/dev/null || die "the database could not be made anew: see $dir/server.log"
echo "postgres://batchway:$PGPASSWORD@127.0.0.1:$port/batchway_test"
