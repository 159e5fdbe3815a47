#!/bin/bash
# systemctl where no systemd runs, for documents that are run: the few calls that they make. Starts a service of /etc/systemd/system as its
# account with its environment, and nothing of what else its unit says: that is tried with a real systemd, elsewhere.
set -euo pipefail
units=/etc/systemd/system
pids=/srv/programs/running
mkdir -p $pids

value() { sed -n "s/^$2=//p" "$units/$1.service"; } # UNIT KEY
wanted() { sed -n 's/^Wants=//p' "$units/$1" | tr ' ' '\n' | sed -n 's/\.service$//p'; } # TARGET; nobody waits for the midnight of a timer
start() { # UNIT
  local account assignments
  [ ! -e "$pids/$1" ] || ! kill -0 "$(cat "$pids/$1")" 2>/dev/null || return 0
  account=$(value "$1" User)
  install -d -o "$account" -g "$account" -m "$(value "$1" StateDirectoryMode)" "/var/lib/$(value "$1" StateDirectory)"
  mapfile -t assignments < <(value "$1" Environment | sed 's/^"\(.*\)"$/\1/')
  # shellcheck disable=SC2086,SC2046
  setsid setpriv --reuid "$account" --regid "$account" --init-groups env -i "${assignments[@]}" $(value "$1" ExecStart) \
    >>"$pids/$1.log" 2>&1 </dev/null &
  echo $! >"$pids/$1"
}
stop() { # UNIT: until it is gone
  local pid
  pid=$(cat "$pids/$1" 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  rm -f "$pids/$1"
}

verb=$1
shift
names=()
for name in "$@"; do
  case $name in
    --*) ;;
    *.target) mapfile -t -O "${#names[@]}" names < <(wanted "$name") ;;
    *) names+=("${name%.service}") ;;
  esac
done
case "$verb ${names[*]}" in
  daemon-reload*) ;;
  "reload apache2" | "restart apache2") apachectl -k graceful ;;
  enable\ * | start\ *) for name in "${names[@]}"; do start "$name"; done ;;
  restart\ *) for name in "${names[@]}"; do stop "$name"; start "$name"; done ;;
  stop\ *) for name in "${names[@]}"; do stop "$name"; done ;;
  *) echo "plain-systemctl: no $verb" >&2; exit 1 ;;
esac
