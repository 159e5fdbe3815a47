#!/bin/bash
# htcondor-programs.sh: the programs of Debian trixie's HTCondor, made to run on this machine: each carries the path of trixie's C library and
# libraries in itself (patchelf), as with slurm24-up.sh, so that jobs are ordinary processes of this machine. Made once (half a minute), then kept
# in `htcondor` of the cache. `htcondor-up.sh` calls it.
source "$(dirname "$0")/common.sh"
need_root

packages=base-files,dash,htcondor,patchelf
place=$cache/htcondor
stamp=$cache/htcondor.stamp
claim_folder "$cache"
chmod 755 "$cache"
wanted="2 $packages $place $(uname -m)"
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then exit; fi
need_commands mmdebstrap
exec 9>"$cache/.htcondor-lock"
flock -w 600 9 || die "another build of the tree has run for ten minutes"
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then exit; fi

say "unpacking Debian trixie's HTCondor into $place (about 60 MB) …"
rm -rf "$place" "$place.all" "$stamp"
mmdebstrap --quiet --variant=extract --components=main --aptopt='APT::Install-Recommends "false"' \
  --include="$packages" trixie "$place.all" "$("$here/mirror.sh")"
libraries=usr/lib/$(uname -m)-linux-gnu
new=$place.all/new
mkdir -p "$new"/{bin,sbin,libexec,lib}
for c in config_val continue history hold prio q qedit release rm status submit suspend vacate_job version; do cp "$place.all/usr/bin/condor_$c" "$new/bin/"; done
for c in collector master negotiator procd schedd shadow startd starter; do cp "$place.all/usr/sbin/condor_$c" "$new/sbin/"; done
for c in kflops mips pid_ns_init shared_port; do cp "$place.all/usr/libexec/condor/condor_$c" "$new/libexec/"; done
cp -a "$place.all/$libraries"/*.so* "$place.all/usr/lib"/lib{classad,condor_utils}*.so* "$new/lib/"
cp -L "$place.all/$libraries"/ld-linux-*.so.* "$new/lib/"
loader=$(cd "$new/lib" && echo ld-linux-*.so.*)
# A run path in the program (not RUNPATH) is also that of what it loads later, if that has none of its own.
# shellcheck disable=SC2016
chroot "$place.all" /bin/sh -euc '
  patchelf --force-rpath --set-rpath "$1/lib" /new/bin/* /new/sbin/* /new/libexec/* /new/lib/libcondor_utils* /new/lib/libclassad*
  patchelf --set-interpreter "$1/lib/$2" /new/bin/* /new/sbin/* /new/libexec/*
' sh "$place" "$loader"
mv "$new" "$place"
rm -rf "$place.all"
"$place/bin/condor_version" >/dev/null || die "the programs were made but condor_version does not start"
echo "$wanted" >"$stamp"
