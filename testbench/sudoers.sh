#!/bin/bash
# sudoers.sh [--shepherd PATH]… [--remove]: the sudo rule under which the user batchway submits, cancels and reads logs as the bench's people.
# The log reader that was installed beside a shepherd is allowed too; neither takes arguments.
# The file is checked by visudo before it is installed: a broken rule would lock sudo for the whole machine.
source "$(dirname "$0")/common.sh"
need_root
need_commands visudo
target=/etc/sudoers.d/batchway-bench
first_line='# made by the test bench of Batchway: sudoers.sh'

if [ -e "$target" ] && [ "$(head -n1 "$target")" != "$first_line" ]; then die "$target was not made by this bench: left alone"; fi
commands=()
while [ $# -gt 0 ]; do
  case $1 in
    --remove) rm -f "$target"; exit 0 ;;
    --shepherd)
      [ $# -ge 2 ] || die "--shepherd needs a path"
      commands+=("$2")
      [ ! -e "$(dirname "$2")/batchway-read-log" ] || commands+=("$(dirname "$2")/batchway-read-log")
      shift 2
      ;;
    *) die "unknown option $1" ;;
  esac
done
for c in sbatch scancel; do
  path=$(command -v "$c" || true)
  [ -z "$path" ] || commands+=("$path")
done
[ ${#commands[@]} -gt 0 ] || die "nothing to allow: no sbatch, no scancel, no --shepherd"

list=
for c in "${commands[@]}"; do
  # No wildcard, no blank, no list sign: a path means one program.
  [[ $c =~ ^/[A-Za-z0-9._/+-]+$ && $c != *..* ]] || die "not a plain absolute path: $c"
  [ -f "$c" ] && [ -x "$c" ] || die "not a program: $c"
  # Whoever can write the program, or replace it, could run anything as the bench's people.
  where=$c
  while :; do
    [ -L "$where" ] && owner_mode="$(stat -Lc '%u %a' "$where")" || owner_mode="$(stat -c '%u %a' "$where")"
    [ "${owner_mode%% *}" = 0 ] || die "$where does not belong to root"
    mode=${owner_mode##* }
    [ $((8#$mode & 8#0022)) = 0 ] || [ $((8#$mode & 8#1000)) != 0 ] || die "$where can be written by others than root"
    [ "$where" = / ] && break
    where=$(dirname "$where")
  done
  case $c in */batchway-*) c+=' ""' ;; esac
  list+="${list:+, }$c"
done

new=$(mktemp)
trap 'rm -f "$new"' EXIT
cat >"$new" <<SUDOERS
$first_line
Defaults:batchway env_keep += "SLURM_CONF", !lecture
batchway ALL=(%batchway-users) NOPASSWD: $list
SUDOERS
visudo -cqf "$new" || die "visudo refuses the generated file; nothing was installed"
# In place at once: sudo reads it at any moment, and leaves out names with a dot.
install -o root -g root -m 440 "$new" "$target.new.$$"
mv -f "$target.new.$$" "$target"
