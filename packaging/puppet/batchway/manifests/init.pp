# @summary What the other classes share: where releases lie, and which accounts there are.
#
# @param prefix where releases lie side by side
# @param account login name of the hubs, and of its group
# @param group those who may use Batchway: the sudo rule lets hubs act for its members, and for nobody else
# @param manage_accounts make account and group here; false where a directory service has them
class batchway (
  Batchway::Path $prefix = '/opt/batchway',
  Batchway::Account $account = 'batchway',
  Batchway::Account $group = 'batchway-users',
  Boolean $manage_accounts = true,
) {
  # Its whole path in every unit: whatever the version, services find it there.
  $installed = "${prefix}/current"
  $program = "${prefix}/bin/batchway"

  if $manage_accounts {
    group { [$account, $group]:
      ensure => present,
      system => true,
    }
    -> user { $account:
      ensure     => present,
      system     => true,
      gid        => $account,
      comment    => 'Batchway',
      home       => "/var/lib/${account}",
      managehome => false,
      shell      => '/usr/sbin/nologin',
    }
  }
}
