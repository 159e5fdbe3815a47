# @summary One gateway. Its units and its sudo rule are what `batchway setup all` makes of its configuration, and of nothing else.
#
# @param config what batchway.yaml says (docs/reference/config.md); Batchway checks it whole before it takes the place of the one before
# @param account login name of the hub; that of class batchway if absent
# @param group those who may use it; that of class batchway if absent
# @param environment variables of the schedulers' commands, such as SLURM_CONF
# @param agent folder that the compute nodes see, for what jobs run, where they do not see the releases
# @param manage_services start it, now and at each boot
# @param restart_proxy start the proxy anew when a version or the configuration changes: that cuts connections, and ends no session.
#   A hub that is started anew cuts none
define batchway::gateway (
  Hash[String[1], Any] $config,
  Optional[Batchway::Account] $account = undef,
  Optional[Batchway::Account] $group = undef,
  Hash[Pattern[/\A[A-Za-z_]\w*\z/], Pattern[/\A[\x20-\x7e]*\z/]] $environment = {},
  Optional[Batchway::Path] $agent = undef,
  Boolean $manage_services = true,
  Boolean $restart_proxy = false,
) {
  require batchway

  if $title !~ Batchway::Name {
    fail("batchway::gateway: ${title}: write a name of lower-case letters, digits and \"-\"; \"main\" for the one without a name")
  }
  $is_main = $title == 'main'
  $folder = $is_main ? { true => '/etc/batchway', default => "/etc/batchway-${title}" }
  $suffix = $is_main ? { true => '', default => "@${title}" }
  $file = "${folder}/batchway.yaml"
  $program = $batchway::program
  $hub = $account ? { undef => $batchway::account, default => $account }
  $people = $group ? { undef => $batchway::group, default => $group }

  file { $folder:
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }
  file { $file:
    ensure       => file,
    content      => inline_template("# Written by Puppet: change it there.\n<%= require 'yaml'; @config.to_yaml.sub(/\\A---\\n/, '') %>"),
    owner        => 'root',
    group        => 'root',
    mode         => '0644',
    validate_cmd => "${program} config check --config %",
  }

  $state = $config['stateDirectory']
  # Below /var/lib systemd makes it, as the units say.
  if $state =~ Batchway::Path and $state !~ /\A\/var\/lib\/[^\/]+\z/ {
    file { $state:
      ensure => directory,
      owner  => $hub,
      group  => $hub,
    }
  }

  # Made here, so that it is in no catalog: the front server's half comes from this one (class batchway::front).
  $secret = $config.dig('proxy', 'frontSecretFile')
  if $secret =~ Batchway::Path {
    exec { "batchway ${title}: secret of the front server":
      command => ['/bin/sh', '-c', 'umask 077; head -c 32 /dev/urandom | od -An -v -tx1 | tr -d " \n" >"$1"', 'sh', $secret],
      creates => $secret,
      path    => ['/usr/bin', '/bin'],
      require => File[$folder],
    }
    -> file { $secret:
      ensure => file,
      owner  => $hub,
      group  => $hub,
      mode   => '0600',
    }
  }

  if $agent {
    exec { "batchway ${title}: what jobs run":
      command => [$program, 'agent', 'install', $agent],
      creates => "${agent}/current",
      timeout => 900,
      require => File[$file],
      before  => Exec["batchway ${title}: services and sudo rule"],
    }
  }

  $variables = $environment.map |$name, $value| { ['--environment', "${name}=${value}"] }
  $instance = $is_main ? { true => [], default => ['--instance', $title] }
  $all = flatten(
    $program, 'setup', 'all', '--config', $file, '--installed', $batchway::installed,
    '--user', $hub, '--group', $people, $instance, $variables,
  )
  exec { "batchway ${title}: services and sudo rule":
    command => $all,
    unless  => [$all + ['--check']],
    path    => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
    require => File[$file],
  }

  if $manage_services {
    $needs_local = $config['clusters'] =~ Hash and $config['clusters'].any |$key, $cluster| { $cluster['driver'] == 'local' }
    $local = $needs_local ? { true => ["batchway-local${suffix}.service"], default => [] }

    Exec["batchway ${title}: services and sudo rule"] ~> Exec['batchway: systemd reads its units anew']
    service { ["batchway-proxy${suffix}.service", "batchway-hub${suffix}.service", "batchway-report${suffix}.timer"] + $local:
      ensure  => running,
      enable  => true,
      require => Exec['batchway: systemd reads its units anew'],
    }
    [File[$file], Exec["batchway ${title}: services and sudo rule"]] ~> Service["batchway-hub${suffix}.service"]
    if defined(Class['batchway::install']) {
      Class['batchway::install'] ~> Service["batchway-hub${suffix}.service"]
    }
    if $restart_proxy {
      [File[$file], Exec["batchway ${title}: services and sudo rule"]] ~> Service["batchway-proxy${suffix}.service"]
    }
  }
}
