#!/bin/bash
# trixie-up.sh [--where]: a tree of Debian trixie with JupyterLab 4, jupyterhub-singleuser 5 and a Python kernel, beside the machine's own packages.
# Made once (one to two minutes), then kept: a second call is instant. Programs run in it by the trixie-run that is put beside the tree (--where names it).
source "$(dirname "$0")/common.sh"
if [ "${1:-}" = --where ]; then
  echo "$cache/trixie-run"
  exit
fi
need_root

packages=base-files,bash,dash,coreutils,grep,sed,gawk,findutils,util-linux,ca-certificates,procps,python3,jupyterhub,jupyterlab,jupyter-core,jupyter-client,python3-ipykernel,python3-terminado,git,libmunge2,liblz4-1
tree=$cache/trixie
stamp=$cache/trixie.stamp
claim_folder "$cache"
chmod 755 "$cache"
install -m 755 "$here/trixie-run" "$cache/trixie-run"
wanted="4 $packages $(uname -m)"
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
  echo "trixie tree is ready: $cache/trixie-run"
  exit
fi
need_commands mmdebstrap unshare
exec 9>"$cache/.lock"
flock -w 600 9 || die "another build of the tree has run for ten minutes"
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then exit; fi

mirror=$("$here/mirror.sh")
say "unpacking Debian trixie with JupyterLab into $tree (about 750 MB, one to two minutes) …"
rm -rf "$tree" "$tree.new" "$stamp"
# extract: no maintainer script runs and nothing is configured; Python needs none of it.
mmdebstrap --quiet --variant=extract --components=main --aptopt='APT::Install-Recommends "false"' \
  --include="$packages" trixie "$tree.new" "$mirror"
# Build dependencies of the jupyterlab package, not needed to serve it; a node without its modules only crashes with noise.
rm -rf "$tree.new"/usr/share/{nodejs,doc,man,locale} "$tree.new"/usr/bin/node{,js} "$tree.new"/var/{lib/apt/lists,cache/apt}/*
# Mount points and links for trixie-run: what is under /host is the machine itself.
lib=usr/lib/$(uname -m)-linux-gnu/slurm-wlm
mkdir -p "$tree.new"/{host,dev,proc,sys,tmp,home,run,var/tmp,usr/local/bin,etc/ssl/certs}
for f in hosts passwd group resolv.conf localtime slurm ssl/certs/ca-certificates.crt; do ln -sfn "/host/etc/$f" "$tree.new/etc/$f"; done
ln -sfn "/host/$lib" "$tree.new/$lib"
for c in sacct salloc sbatch scancel scontrol sinfo squeue srun; do ln -sfn "/host/usr/bin/$c" "$tree.new/usr/local/bin/$c"; done
# Nobody may write .pyc files into the tree later: without them every start takes fifteen seconds.
chroot "$tree.new" /usr/bin/python3 -W ignore -m compileall -q -j2 /usr/lib/python3/dist-packages /usr/lib/python3.13 >/dev/null || true
mv "$tree.new" "$tree"
"$cache/trixie-run" jupyterhub-singleuser --version >/dev/null || die "the tree was made but jupyterhub-singleuser does not start in it"
echo "$wanted" >"$stamp"
echo "trixie tree is ready: $cache/trixie-run"
