# @summary The gateways of a host: configuration, services, sudo rules, rotation of logs, the nightly report.
#
# @param gateways name (`main` for the one without a name) → parameters of `batchway::gateway`; one host may have several
# @param manage_services start them, now and at each boot; false where there is no systemd, as in an image that is being made
# @param manage_logrotate rotate the files that "events" of configurations name below /var/log/batchway
class batchway::services (
  Hash[Batchway::Name, Hash[String[1], Any], 1] $gateways,
  Boolean $manage_services = true,
  Boolean $manage_logrotate = true,
) {
  include batchway

  $gateways.each |$name, $parameters| {
    batchway::gateway { $name:
      * => { 'manage_services' => $manage_services } + $parameters,
    }
  }

  if $manage_services {
    exec { 'batchway: systemd reads its units anew':
      command     => ['systemctl', 'daemon-reload'],
      path        => ['/usr/bin', '/bin'],
      refreshonly => true,
    }
  }

  if $manage_logrotate {
    file { '/etc/logrotate.d/batchway':
      ensure  => file,
      source  => "file://${batchway::installed}/share/packaging/logrotate.d/batchway",
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      require => Class['batchway'],
    }
    if defined(Class['batchway::install']) {
      Class['batchway::install'] -> File['/etc/logrotate.d/batchway']
    }
  }
}
