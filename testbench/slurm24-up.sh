#!/bin/bash
# slurm24-up.sh: the programs of Debian trixie's Slurm 24.11, made to run on this machine beside its own: each carries the path of trixie's C library
# and libraries in itself (patchelf), so that nothing else on the machine changes. Made once (half a minute), then kept. `private-slurm.sh --slurm 24.11`
# puts them where the machine's Slurm is; they run at $place alone, which the jobs' own trees see as well.
source "$(dirname "$0")/common.sh"
need_root

packages=base-files,dash,slurmctld,slurmd,slurm-client,slurm-wlm-basic-plugins,slurmdbd,slurm-wlm-mysql-plugin,patchelf
tree=$cache/slurm-24.11
stamp=$cache/slurm-24.11.stamp
place=/var/tmp/batchway-bench/slurm-24.11
claim_folder "$cache"
chmod 755 "$cache"
wanted="1 $packages $(uname -m)"
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then exit; fi
need_commands mmdebstrap
exec 9>"$cache/.slurm24-lock"
flock -w 600 9 || die "another build of the tree has run for ten minutes"
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then exit; fi

say "unpacking Debian trixie's Slurm into $tree (about 30 MB) …"
rm -rf "$tree" "$tree.new" "$tree.all" "$stamp"
mmdebstrap --quiet --variant=extract --components=main --aptopt='APT::Install-Recommends "false"' \
  --include="$packages" trixie "$tree.all" "$("$here/mirror.sh")"
libraries=usr/lib/$(uname -m)-linux-gnu
# chroot changes the root alone: the paths below are the tree's.
mkdir -p "$tree.new"/{bin,lib,plugins}
for c in sacct sacctmgr salloc sbatch sbcast scancel scontrol sinfo squeue srun; do cp "$tree.all/usr/bin/$c" "$tree.new/bin/"; done
for c in slurmctld-wlm slurmd-wlm slurmstepd-wlm slurmdbd; do cp "$tree.all/usr/sbin/$c" "$tree.new/bin/"; done
cp -a "$tree.all/$libraries"/*.so* "$tree.new/lib/"
cp -L "$tree.all/$libraries"/ld-linux-*.so.* "$tree.new/lib/"
cp "$tree.all/$libraries"/slurm-wlm/*.so "$tree.new/plugins/"
loader=$(cd "$tree.new/lib" && echo ld-linux-*.so.*)
mv "$tree.new" "$tree.all/new"
# A run path in the program (not RUNPATH) is also that of what it loads later, if that has none of its own.
chroot "$tree.all" /bin/sh -euc '
  patchelf --force-rpath --set-rpath "$1/plugins:$1/lib" /new/bin/* /new/plugins/*
  patchelf --set-interpreter "$1/lib/$2" /new/bin/*
' sh "$place" "$loader"
mv "$tree.all/new" "$tree"
rm -rf "$tree.all"
echo "$wanted" >"$stamp"
