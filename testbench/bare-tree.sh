#!/bin/bash
# bare-tree.sh --where: makes the bare machine if there is none, and prints where it lies.
# bare-tree.sh [--as root|user|both] [--with PACKAGE]… [--from CLONE] [--keep] [--ready URL|TEXT] [--limit SECONDS] -- COMMAND…
# Runs COMMAND in a fresh clone of this repository on a bare machine: Debian bookworm minbase with Node 20 and npm 12, no compiler, no
# libatomic, no sudo; once as root and once as a normal user. Prints how long each took.
#   --with   a Debian package that an administrator had installed before, e.g. python3-venv: a user can add no Python to a machine
#   --ready  COMMAND is a server: it is ready when URL answers below 500, or when TEXT stands in its output; it is then stopped with SIGINT
# Apt sources, settings of npm and pip and certificates are copied from this machine at run time; nothing of them is stored here.
source "$(dirname "$0")/common.sh"
need_root
need_commands debootstrap unshare git curl
where=no who=both with=() from=$(dirname "$here") keep=no ready='' limit=1800
while [ $# -gt 0 ]; do
  case $1 in
    --as) who=$2; shift 2 ;;
    --with) with+=("$2"); shift 2 ;;
    --from) from=$2; shift 2 ;;
    --keep) keep=yes; shift ;;
    --where) where=yes; shift ;;
    --ready) ready=$2; shift 2 ;;
    --limit) limit=$2; shift 2 ;;
    --) shift; break ;;
    *) die "unknown option $1" ;;
  esac
done
[ $# -gt 0 ] || [ $where = yes ] || die "say what to run: bare-tree.sh -- npm test -- --help"
case $who in both) accounts='root user' ;; root | user) accounts=$who ;; *) die "--as is root, user or both" ;; esac

suite=bookworm
base=$cache/bare-$suite
claim_folder "$cache"
if [ ! -e "$base.stamp" ]; then
  say "making a minimal Debian $suite in $base …"
  mirror=$("$here/mirror.sh")
  rm -rf "$base"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$base" "$mirror" >"$base.log" 2>&1 || { tail -n 5 "$base.log" >&2; die "debootstrap failed: see $base.log"; }
  # Node 20 by npm, as a newcomer's machine might have it from anywhere; npm 12 runs on it.
  arch=$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
  node=$(mktemp -d)
  npm install --prefix "$node" --no-save --ignore-scripts --silent "node-linux-$arch@20" npm@12 || npm install --prefix "$node" --no-save --ignore-scripts --silent --force "node-linux-$arch@20" npm@12
  install -m 755 "$node/node_modules/node-linux-$arch/bin/node" "$base/usr/local/bin/node"
  mkdir -p "$base/usr/local/lib/node_modules"
  cp -r "$node/node_modules/npm" "$base/usr/local/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$base/usr/local/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$base/usr/local/bin/npx"
  rm -rf "$node"
  chroot "$base" useradd --create-home --shell /bin/bash user
  date >"$base.stamp"
fi
for missing in gcc make python3 sudo git; do
  [ ! -e "$base/usr/bin/$missing" ] || die "$base is not bare: it has $missing"
done
[ -z "$(find "$base" -xdev -name 'libatomic.so*' -print -quit)" ] || die "$base is not bare: it has libatomic"

if [ $where = yes ]; then echo "$base"; exit 0; fi

# Each run gets a copy of the base of its own, so that what the first installs does not help the second.
run_as() {
  local account=$1 home=/root seconds status=0
  shift
  [ "$account" = root ] || home=/home/user
  tree=$(mktemp -d "$cache/bare-run.XXXXXX")
  cp -a --reflink=auto "$base/." "$tree"
  chmod 755 "$tree"
  # The machine's settings: mirrors with their keys, npm's, certificates, name resolution.
  rm -rf "$tree/etc/apt/sources.list" "$tree"/etc/apt/sources.list.d
  cp -a /etc/apt/sources.list.d "$tree/etc/apt/"
  [ ! -e /etc/apt/sources.list ] || cp /etc/apt/sources.list "$tree/etc/apt/"
  cp -a /usr/share/keyrings/. "$tree/usr/share/keyrings/"
  local conf
  for conf in /etc/apt/apt.conf /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf.d/99* /etc/apt/auth.conf /etc/apt/auth.conf.d/*; do
    [ ! -f "$conf" ] || install -D -m 644 "$conf" "$tree$conf"
  done
  for conf in /etc/hosts /etc/resolv.conf; do cp -L "$conf" "$tree$conf"; done
  cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"
  local rc
  for rc in "$HOME/.npmrc" /etc/npmrc; do [ ! -f "$rc" ] || sed '/^nodedir/d' "$rc" >>"$tree$home/.npmrc"; done
  # pip's settings; an index that is a folder of this machine is shown at the same place.
  local pip=("$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf" /etc/pip.conf)
  for conf in "${pip[@]}"; do [ ! -f "$conf" ] || { cp "$conf" "$tree/etc/pip.conf" && break; }; done
  local folders
  folders=$({ env | grep ^PIP_ || true; cat "$tree/etc/pip.conf" 2>/dev/null || true; } | sed -nE 's,file://,,gp; s,^(PIP_FIND_LINKS|find-links) *=,,p' | tr ' =' '\n\n' | sed -n 's,/simple/*$,,; /^\//p' | sort -u || true)
  if [ ${#with[@]} -gt 0 ]; then
    say "── installing beforehand: ${with[*]}"
    chroot "$tree" /bin/sh -c 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"' sh "${with[@]}" >"$tree/var/log/with.log" 2>&1 || { tail -n 5 "$tree/var/log/with.log" >&2; die "could not install ${with[*]}"; }
    cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt" # a package may have made it anew
  fi
  git clone --quiet --no-hardlinks "$from" "$tree$home/batchway"
  [ "$account" = root ] || chroot "$tree" chown -R user: /home/user
  local proxies
  # An index that cannot be reached is asked once more per package, not five times, before the next one.
  proxies=$(env PIP_RETRIES="${PIP_RETRIES:-1}" | grep -iE '^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|BATCHWAY_[A-Z_]*|PIP_[A-Z_]*)=' || true)

  say "── as $account: $*"
  seconds=$(date +%s.%N)
  RUN_TREE=$tree RUN_ACCOUNT=$account RUN_HOME=$home RUN_READY=$ready RUN_LIMIT=$limit RUN_ENV=$proxies RUN_FOLDERS=$folders \
    unshare --mount --pid --fork --kill-child --propagation private "$here/bare-run.sh" "$@" || status=$?
  seconds=$(echo "$(date +%s.%N) $seconds" | awk '{ printf "%.1f", $1 - $2 }')
  if [ $status = 0 ]; then say "── as $account: ok, $seconds s"; else say "── as $account: FAILED (exit status $status), $seconds s"; fi
  if [ $keep = yes ]; then say "   kept: $tree"; else rm -rf --one-file-system "$tree"; fi
  return $status
}
tree=
trap '[ -z "$tree" ] || [ $keep = yes ] || rm -rf --one-file-system "$tree"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
failed=0
for account in $accounts; do run_as "$account" "$@" || failed=1; done
exit $failed
