#!/bin/bash
# mirror.sh: prints the machine's own Debian mirror: the first in its apt sources with a component main. BATCHWAY_MIRROR names another.
set -euo pipefail
if [ -n "${BATCHWAY_MIRROR:-}" ]; then
  echo "$BATCHWAY_MIRROR"
  exit
fi
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(CREATED_BY) $(COMPONENT) $(REPO_URI)' 2>/dev/null |
  awk '$1 == "Packages" && $2 == "main" && $3 ~ /debian/ && $3 !~ /security/ && !found { print $3; found = 1 }')
[ -n "$mirror" ] || { echo "mirror.sh: no Debian mirror in the machine's apt sources; set BATCHWAY_MIRROR" >&2; exit 1; }
echo "$mirror"
