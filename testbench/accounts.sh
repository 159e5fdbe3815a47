#!/bin/bash
# accounts.sh: the people of the bench: alice, bob and carol (group batchway-users), and the system user batchway that runs the hub.
source "$(dirname "$0")/common.sh"
need_root

getent group batchway-users >/dev/null || groupadd --system batchway-users
for name in alice bob carol; do
  id -u "$name" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$name"
  id -nG "$name" | grep -qw batchway-users || usermod --append --groups batchway-users "$name"
  # Homes are private: that no neighbour reads them is part of what the tests look at.
  chmod 700 "$(getent passwd "$name" | cut -d: -f6)"
done
id -u batchway >/dev/null 2>&1 ||
  useradd --system --user-group --home-dir "$bench/batchway" --no-create-home --shell /usr/sbin/nologin batchway
install -d -o batchway -g batchway -m 750 "$(getent passwd batchway | cut -d: -f6)"
