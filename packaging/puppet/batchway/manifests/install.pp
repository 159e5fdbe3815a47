# @summary A release: from its archive into PREFIX/versions/VERSION, and the link that says which version is used.
#
# Other versions are left alone: sessions that run, and jobs that wait, keep the files of theirs. `batchway versions remove` takes one away
# when nobody uses it any more.
#
# @param version the release to use; an earlier one goes back to it, unless a database is too new for it
# @param archive its file: a path on the host, `puppet:///…` or `https://…`
# @param sha256 its checksum, from the place that you trust
# @param cache where the archive is kept on the host
class batchway::install (
  Batchway::Version $version,
  Variant[Batchway::Path, Pattern[/\A(puppet|https):\/\/\/?[^\s']+\z/]] $archive,
  Optional[Pattern[/\A[0-9a-f]{64}\z/]] $sha256 = undef,
  Batchway::Path $cache = '/var/cache/batchway',
) {
  include batchway
  $prefix = $batchway::prefix
  $file = "${cache}/batchway-${version}.tar.gz"

  $checksum = $sha256 ? {
    undef   => {},
    default => { 'checksum' => 'sha256', 'checksum_value' => $sha256 },
  }

  file { $cache:
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }
  file { $file:
    ensure => file,
    source => $archive,
    owner  => 'root',
    group  => 'root',
    mode   => '0644',
    *      => $checksum,
  }

  # The release knows how it is put in place: whole, compared with its own list of checksums, or not at all.
  $unpack = 'set -e; made=$(mktemp -d); trap "rm -rf $made" EXIT; tar -xzf "$1" -C "$made" --strip-components=1; "$made/bin/batchway" install --prefix "$2"'
  exec { "batchway ${version} in ${prefix}":
    command => ['/bin/sh', '-c', $unpack, 'sh', $file, $prefix],
    path    => ['/usr/bin', '/bin'],
    creates => "${prefix}/versions/${version}/release.json",
    timeout => 900,
    require => File[$file],
  }
  -> exec { "use batchway ${version}":
    command => ["${prefix}/versions/${version}/bin/batchway", 'versions', 'use', $version, '--prefix', $prefix],
    unless  => [['/bin/sh', '-c', 'test "$(readlink "$1/current")" = "versions/$2"', 'sh', $prefix, $version]],
    path    => ['/usr/bin', '/bin'],
  }

  Class['batchway'] -> Class['batchway::install']
  Class['batchway::install'] -> Batchway::Gateway <| |>
}
