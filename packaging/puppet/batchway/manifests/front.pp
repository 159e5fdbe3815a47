# @summary Apache before a gateway: TLS, single sign-on, headers, WebSockets. The site file is what `batchway front-config` makes.
#
# @param fqdn host name that people type; that of "url" of the configuration if absent
# @param sign_on what signs people in
# @param issuer provider, with `openidc`
# @param client_id name of the client there
# @param client_secret its secret, which goes into a file that root alone reads
# @param config_file configuration of the gateway that it stands before
# @param certificate file with the certificate and its chain
# @param key file with its private key
# @param port of https
# @param site name of the site file
# @param manage_package install Apache, and its module for the sign-on
# @param manage_service run it, and let it read its files anew
class batchway::front (
  Optional[Pattern[/\A[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\z/]] $fqdn = undef,
  Batchway::Signon $sign_on = 'basic',
  Optional[Pattern[/\Ahttps?:\/\/[^\s"'{}<>\\]+\z/]] $issuer = undef,
  Optional[Pattern[/\A[\w.:\/-]{1,255}\z/]] $client_id = undef,
  Optional[Sensitive[Pattern[/\A[^\s"\\]{1,512}\z/]]] $client_secret = undef,
  Batchway::Path $config_file = '/etc/batchway/batchway.yaml',
  Optional[Batchway::Path] $certificate = undef,
  Optional[Batchway::Path] $key = undef,
  Integer[1, 65535] $port = 443,
  Pattern[/\A[\w-]+\z/] $site = 'batchway',
  Boolean $manage_package = true,
  Boolean $manage_service = true,
) {
  include batchway
  $program = $batchway::program

  if $sign_on == 'openidc' and !($issuer and $client_id and $client_secret) {
    fail('batchway::front: sign_on => openidc needs issuer, client_id and client_secret')
  }
  case $facts['os']['family'] {
    'Debian': {
      $service = 'apache2'
      $folder = '/etc/apache2/sites-available'
      $test = ['apache2ctl', 'configtest']
      $packages = $sign_on ? {
        'openidc'    => ['apache2', 'libapache2-mod-auth-openidc'],
        'shibboleth' => ['apache2', 'libapache2-mod-shib'],
        default      => ['apache2'],
      }
      $modules = ['ssl', 'headers', 'proxy', 'proxy_http', 'proxy_wstunnel', 'setenvif'] + ($sign_on ? {
          'openidc'    => ['auth_openidc'],
          'shibboleth' => ['shib'],
          'basic'      => ['auth_basic', 'authn_file'],
          default      => [],
      })
      $modules.each |$module| {
        exec { "batchway: a2enmod ${module}":
          command => ['a2enmod', $module],
          creates => "/etc/apache2/mods-enabled/${module}.load",
          path    => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
          before  => Exec['batchway: Apache reads its site'],
        }
        if $manage_package {
          Package[$packages] -> Exec["batchway: a2enmod ${module}"]
        }
      }
      file { "/etc/apache2/sites-enabled/${site}.conf":
        ensure  => link,
        target  => "../sites-available/${site}.conf",
        require => Exec['batchway: site file'],
        notify  => Exec['batchway: Apache reads its site'],
      }
    }
    'RedHat': {
      $service = 'httpd'
      $folder = '/etc/httpd/conf.d'
      $test = ['httpd', '-t']
      $packages = $sign_on ? {
        'openidc'    => ['httpd', 'mod_ssl', 'mod_auth_openidc'],
        'shibboleth' => ['httpd', 'mod_ssl', 'shibboleth'],
        default      => ['httpd', 'mod_ssl'],
      }
    }
    default: {
      fail("batchway::front: ${facts['os']['family']} is not known here: print the file with \"batchway front-config\"")
    }
  }

  if $manage_package {
    package { $packages:
      ensure => installed,
      before => Exec['batchway: site file'],
    }
  }

  $given = {
    '--fqdn'        => $fqdn,
    '--issuer'      => $issuer,
    '--client-id'   => $client_id,
    '--certificate' => $certificate,
    '--key'         => $key,
  }.filter |$option, $value| { $value =~ NotUndef }
  $words = flatten(
    $program, 'front-config', 'apache', '--config', $config_file, '--sign-on', $sign_on, '--port', "${port}",
    $given.map |$option, $value| { [$option, $value] },
  )
  $file = "${folder}/${site}.conf"
  # Whole or not at all. What it warns of is for whoever sets it up by hand.
  $write = 'file=$1; shift; umask 077; "$@" >"$file.new" && chmod 644 "$file.new" && mv "$file.new" "$file"'
  exec { 'batchway: site file':
    command => ['/bin/sh', '-c', $write, 'sh', $file] + $words,
    unless  => [$words + ['--check', $file]],
    path    => ['/usr/bin', '/bin'],
    notify  => Exec['batchway: Apache reads its site'],
  }

  # The front server's half of the secret: never on a command line, never in a catalog.
  $secret_file = '/etc/apache2/batchway-front.secret'
  $secret = ['/bin/sh', '-c']
  $secret_words = [$program, 'front-config', 'apache', '--config', $config_file, '--secret']
  $copy = 'file=$1; shift; umask 077; "$@" >"$file.new" && mv "$file.new" "$file"'
  $same = 'file=$1; shift; test -f "$file" && "$@" | cmp -s - "$file"'
  exec { 'batchway: secret of the front server':
    command => $secret + [$copy, 'sh', $secret_file] + $secret_words,
    onlyif  => [['grep', '-q', 'frontSecretFile', $config_file]],
    unless  => [$secret + [$same, 'sh', $secret_file] + $secret_words],
    path    => ['/usr/bin', '/bin'],
    before  => Exec['batchway: site file'],
    notify  => Exec['batchway: Apache reads its site'],
  }

  # What the site file includes: the client's secret, and one by which mod_auth_openidc seals its sessions, made here.
  if $sign_on == 'openidc' {
    $passphrase = '/etc/apache2/batchway-openid.passphrase'
    exec { 'batchway: passphrase of mod_auth_openidc':
      command => ['/bin/sh', '-c', 'umask 077; { printf "OIDCCryptoPassphrase "; head -c 32 /dev/urandom | od -An -v -tx1 | tr -d " \n"; echo; } >"$1"', 'sh', $passphrase],
      creates => $passphrase,
      path    => ['/usr/bin', '/bin'],
      require => Exec['batchway: site file'],
    }
    -> file { '/etc/apache2/batchway-openid.secret':
      ensure  => file,
      content => Sensitive("# Written by Puppet: change it there.\nOIDCClientSecret \"${client_secret.unwrap}\"\nInclude ${passphrase}\n"),
      owner   => 'root',
      group   => 'root',
      mode    => '0600',
      notify  => Exec['batchway: Apache reads its site'],
    }
  }

  exec { 'batchway: Apache reads its site':
    command     => $test,
    path        => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
    refreshonly => true,
  }
  if $manage_service {
    service { $service:
      ensure    => running,
      enable    => true,
      restart   => "systemctl reload ${service}",
      subscribe => Exec['batchway: Apache reads its site'],
    }
  }

  Batchway::Gateway <| |> -> Class['batchway::front']
}
