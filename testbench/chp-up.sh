#!/bin/bash
# chp-up.sh: configurable-http-proxy as npm has it, with the versions of chp/package-lock.json: the peer of the proxy. Prints its command.
# Made once (some seconds), then kept: a second call is instant. Nothing of ours needs it to run.
source "$(dirname "$0")/common.sh"

chp=$cache/chp
wanted=$(sha256sum <"$here/chp/package-lock.json")
if [ "$(cat "$chp/.stamp" 2>/dev/null)" != "$wanted" ]; then
  need_commands npm flock
  claim_folder "$cache"
  exec 9>"$cache/.chp.lock"
  flock -w 600 9 || die "another installation has run for ten minutes"
  if [ "$(cat "$chp/.stamp" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$chp.new"
    mkdir -p "$chp.new"
    cp "$here/chp/package.json" "$here/chp/package-lock.json" "$chp.new/"
    npm ci --prefix "$chp.new" --ignore-scripts --no-audit --no-fund --silent >&2 || die "npm could not install it"
    printf '%s\n' "$wanted" >"$chp.new/.stamp"
    rm -rf "$chp"
    mv "$chp.new" "$chp"
  fi
fi
printf '%s\n' "$chp/node_modules/configurable-http-proxy/bin/configurable-http-proxy"
