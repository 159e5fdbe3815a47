#!/bin/bash
# bare-run.sh COMMAND…: the inner half of bare-tree.sh, in namespaces of its own: mounts go with it, and so does every process it leaves.
set -euo pipefail
# A machine's root is a mount, or unshare(1) in it fails.
mount --bind "$RUN_TREE" "$RUN_TREE"
mount -t proc proc "$RUN_TREE/proc"
mount --rbind /dev "$RUN_TREE/dev"
mount --rbind /sys "$RUN_TREE/sys"
mount -t tmpfs -o mode=1777 tmpfs "$RUN_TREE/tmp"
mount -t tmpfs -o mode=755 tmpfs "$RUN_TREE/run"
for folder in $RUN_FOLDERS; do
  [ -d "$folder" ] || continue
  mkdir -p "$RUN_TREE$folder"
  mount --bind -o ro "$folder" "$RUN_TREE$folder"
done
mapfile -t settings <<<"$RUN_ENV"
[ -n "${settings[0]}" ] || settings=()
log=$RUN_TREE/tmp/output
: >"$log"
chmod 666 "$log"
inside() {
  chroot "$RUN_TREE" /usr/bin/setpriv --reuid="$RUN_ACCOUNT" --regid="$RUN_ACCOUNT" --init-groups \
    /usr/bin/env -i ${settings[@]+"${settings[@]}"} PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$RUN_HOME" USER="$RUN_ACCOUNT" LANG=C.UTF-8 \
    /bin/sh -c 'cd "$HOME/batchway" && exec "$@"' sh "$@"
}
if [ -z "$RUN_READY" ]; then
  RUN_STATUS=0
  export -f inside
  inside /usr/bin/timeout --kill-after=10 "$RUN_LIMIT" "$@" </dev/null || RUN_STATUS=$?
  exit $RUN_STATUS
fi

# A server: in the background, its output shown and searched.
set -m
inside "$@" </dev/null >"$log" 2>&1 &
server=$!
set +m
tail -f "$log" --pid=$server &
is_ready() {
  case $RUN_READY in
    http*) [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 "$RUN_READY")" -lt 500 ] 2>/dev/null && [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 "$RUN_READY")" != 000 ] ;;
    *) grep -qF -- "$RUN_READY" "$log" ;;
  esac
}
end=$((SECONDS + RUN_LIMIT))
until is_ready; do
  kill -0 $server 2>/dev/null || { echo "the command ended before it was ready" >&2; exit 1; }
  [ $SECONDS -lt $end ] || { echo "not ready after $RUN_LIMIT s" >&2; exit 1; }
  sleep 0.2
done
echo "── ready after $SECONDS s; stopping it" >&2
kill -INT -- -$server
for _ in $(seq 150); do
  kill -0 $server 2>/dev/null || { echo "── stopped" >&2; exit 0; }
  sleep 0.1
done
echo "it did not stop within 15 s of SIGINT" >&2
exit 1
