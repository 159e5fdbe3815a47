#!/bin/bash
# sudoers.sh [--shepherd PATH]… [--remove]: the sudo rule under which the user batchway submits, cancels and reads logs as the bench's people,
# as `batchway setup sudoers` makes it for a site: every test behind sudo tries that file, too. The log reader lies beside a shepherd.
# The file is checked by visudo before it is installed: a broken rule would lock sudo for the whole machine.
source "$(dirname "$0")/common.sh"
need_root
need_commands visudo
target=/etc/sudoers.d/batchway-bench
first_line='# made by the test bench of Batchway: sudoers.sh'

if [ -e "$target" ] && [ "$(head -n1 "$target")" != "$first_line" ]; then die "$target was not made by this bench: left alone"; fi
clusters=
reader=
while [ $# -gt 0 ]; do
  case $1 in
    --remove) rm -f "$target"; exit 0 ;;
    --shepherd)
      [ $# -ge 2 ] || die "--shepherd needs a path"
      [[ $2 =~ ^/[A-Za-z0-9._/+-]+/batchway-local-shepherd$ ]] || die "not the path of a shepherd: $2"
      reader=${2%/*}
      clusters+="  here${#clusters}: { driver: local, transport: sudo, agent: $reader }
"
      shift 2
      ;;
    *) die "unknown option $1" ;;
  esac
done
keep=()
if command -v sbatch >/dev/null; then
  keep=(--keep SLURM_CONF)
  clusters+="  slurm: { driver: slurm, transport: sudo${reader:+, agent: $reader} }
"
fi
[ -n "$clusters" ] || die "nothing to allow: no sbatch, no --shepherd"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
  printf 'stateDirectory: /var/lib/batchway-bench\nclusters:\n%s' "$clusters"
  printf 'applications: { none: { kind: command, command: ["true", "{port}"] } }\n'
  printf 'profiles: [{ key: none, title: None, cluster: %s, application: none }]\n' "$(printf '%s' "$clusters" | tail -n1 | sed 's/^ *//; s/:.*//')"
} >"$work/site.yaml"
{
  printf '%s\n' "$first_line"
  "$here/../node_modules/.bin/node" --conditions=source "$here/../packages/batchway/src/cli/main.ts" setup sudoers \
    --config "$work/site.yaml" ${keep[@]+"${keep[@]}"}
} >"$work/sudoers" || die "the rule could not be made; nothing was installed"
visudo -cqf "$work/sudoers" || die "visudo refuses the generated file; nothing was installed"
# In place at once: sudo reads it at any moment, and leaves out names with a dot.
install -o root -g root -m 440 "$work/sudoers" "$target.new.$$"
mv -f "$target.new.$$" "$target"
