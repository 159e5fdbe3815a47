/**
 * The Puppet module, applied for real into a scratch root: this machine seen through an overlay, whose changes are gone with the namespace.
 * The release in it is a stand-in with the layout of a real one, whose program is this checkout's: what is tried is the module.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const module = join(root, 'packaging/puppet/batchway')

/** As `batchway install` and `versions use` lay it out; all else is the real program. */
const standIn = `#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
case "$1" in
install)
  [ "$2" = --prefix ] || exit 2
  mkdir -p "$3/versions" && cp -a "$here" "$3/versions/9.9.9" ;;
versions)
  mkdir -p "$5/bin" && ln -sfn ../current/bin/batchway "$5/bin/batchway" && ln -sfn "versions/$3" "$5/current" ;;
*) exec ${root}/packages/batchway/bin/batchway "$@" ;;
esac
`

const config = (title: string, port: number, instance: string) => `{
  'url'            => 'https://jupyter.example.edu/',
  'listen'         => ['127.0.0.1:${port}'],
  'proxy'          => { 'trustedFronts' => ['127.0.0.1', '::1'], 'frontSecretFile' => '/etc/batchway${title}/front.secret' },
  'stateDirectory' => '/var/lib/batchway${title}',
  'instance'       => '${instance}',
  'hub'            => { 'internal' => ['127.0.0.1:${port + 81}'] },
  'signIn'         => [{ 'type' => 'header', 'header' => 'Remote_User' }],
  'clusters'       => { 'larch' => { 'driver' => 'slurm', 'transport' => 'sudo', 'agent' => '/opt/bw' } },
  'applications'   => { 'lab' => { 'kind' => 'jupyterhub-singleuser' } },
  'profiles'       => [{ 'key' => 'small', 'title' => 'Small', 'cluster' => 'larch', 'application' => 'lab' }],
}`

const manifest = `
class { 'batchway':
  prefix  => '/opt/bw',
  account => 'bwpuppet',
  group   => 'bwpuppet-users',
}
class { 'batchway::install':
  version => '9.9.9',
  archive => '/srv/batchway-9.9.9.tar.gz',
  sha256  => 'SHA256',
}
class { 'batchway::services':
  manage_services => false,
  gateways        => {
    'main'    => { 'config' => ${config('', 8000, 'p0')}, 'environment' => { 'SLURM_CONF' => '/etc/slurm/slurm.conf' } },
    'physics' => { 'config' => ${config('-physics', 8100, 'p1')} },
  },
}
class { 'batchway::front':
  fqdn           => 'jupyter.example.edu',
  sign_on        => 'openidc',
  issuer         => 'https://sso.example.edu/realms/hpc',
  client_id      => 'batchway',
  client_secret  => Sensitive('nobody-may-see-this'),
  certificate    => '/srv/cert.pem',
  key            => '/srv/cert.key',
  port           => 8443,
  manage_package => false,
  manage_service => false,
}
`

/** Puppet's own words of a run: exit status 0 nothing to do, 2 changes, 4 and 6 failures. */
const apply = 'puppet apply --detailed-exitcodes --color=false --modulepath /srv/modules'

/** What happens in the scratch root, in order; each part writes its words and its status. */
const steps: Readonly<Record<string, string>> = {
  first: `${apply} /srv/site.pp`,
  second: `${apply} /srv/site.pp`,
  files:
    'cd / && for f in etc/batchway/batchway.yaml etc/batchway/front.secret etc/batchway-physics/batchway.yaml etc/sudoers.d/batchway etc/sudoers.d/batchway-physics etc/systemd/system/batchway-hub.service etc/systemd/system/batchway-hub@physics.service etc/logrotate.d/batchway etc/apache2/batchway-front.secret etc/apache2/batchway-openid.secret opt/bw/current; do stat -c "%n %U %a" $f; done',
  secrets: 'cat /etc/batchway/front.secret; echo; cut -d " " -f 2 /etc/apache2/batchway-openid.passphrase',
  hub: 'cat /etc/systemd/system/batchway-hub.service /etc/sudoers.d/batchway',
  verify: 'cd /etc/systemd/system && systemd-analyze verify $(ls -d $PWD/batchway*)',
  visudo: 'visudo -c',
  // What somebody edited by hand is put right, and told.
  drift: `echo "Nice=5" >>/etc/systemd/system/batchway-hub.service; sed -i s/8000/8001/ /etc/batchway/batchway.yaml; ${apply} /srv/site.pp`,
  // A configuration that Batchway would not take does not take the place of the one before.
  wrong: `sed "s/'stateDirectory' => '.var.lib.batchway'/'stateDirectoy' => '\\/var\\/lib\\/batchway'/" /srv/site.pp >/srv/wrong.pp; ${apply} /srv/wrong.pp`,
  kept: 'grep -c "^stateDirectory:" /etc/batchway/batchway.yaml',
  damaged: `echo x >>/srv/batchway-9.9.9.tar.gz; rm -r /opt/bw/versions /var/cache/batchway; sed "/services/,\\$d" /srv/site.pp >/srv/install.pp; ${apply} /srv/install.pp`,
  changed: 'cd /scratch/up && find . -type f -newer /srv/begin -o -type l -newer /srv/begin',
}

describe('the Puppet module', () => {
  let folder: string
  const words: Record<string, { readonly status: number; readonly text: string }> = {}
  before(() => {
    folder = mkdtempSync('/var/tmp/batchway-puppet-')
    chmodSync(folder, 0o755)
    const srv = join(folder, 'srv')
    mkdirSync(join(srv, 'modules'), { recursive: true })
    cpSync(module, join(srv, 'modules/batchway'), { recursive: true })
    const release = join(folder, 'batchway-9.9.9')
    mkdirSync(join(release, 'bin'), { recursive: true })
    mkdirSync(join(release, 'share/packaging/logrotate.d'), { recursive: true })
    writeFileSync(join(release, 'bin/batchway'), standIn, { mode: 0o755 })
    writeFileSync(join(release, 'release.json'), '{"version":"9.9.9"}\n')
    writeFileSync(
      join(release, 'share/packaging/logrotate.d/batchway'),
      '/var/log/batchway/*.jsonl {\n    weekly\n    missingok\n}\n',
    )
    const archive = join(srv, 'batchway-9.9.9.tar.gz')
    execFileSync('tar', ['-czf', archive, '-C', folder, 'batchway-9.9.9'])
    const [sha256 = ''] = execFileSync('sha256sum', [archive], { encoding: 'utf8' }).split(' ')
    writeFileSync(join(srv, 'site.pp'), manifest.replace('SHA256', sha256))
    writeFileSync(join(srv, 'begin'), '')
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=jupyter.example.edu',
        '-keyout',
        join(srv, 'cert.key'),
        '-out',
        join(srv, 'cert.pem'),
      ],
      { stdio: 'ignore' },
    )
    const out = join(folder, 'out')
    mkdirSync(out)
    for (const [name, script] of Object.entries(steps)) writeFileSync(join(srv, `${name}.sh`), `${script}\n`)
    // A tmpfs for the changes: whatever this machine's own root is made of, an overlay may lie over it.
    const scratch = join(folder, 'scratch')
    mkdirSync(scratch)
    const script = `set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs ${scratch}
mkdir ${scratch}/up ${scratch}/work ${scratch}/root
mount -t overlay overlay -o lowerdir=/,upperdir=${scratch}/up,workdir=${scratch}/work ${scratch}/root
cd ${scratch}/root
mkdir -p scratch srv out .${root}
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
mount -t tmpfs tmpfs run
mkdir -m 1777 run/lock
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p .${root}
mount --rbind ${root} .${root}
mount --bind ${scratch} scratch
mount --bind ${srv} srv
mount --bind ${out} out
for step in ${Object.keys(steps).join(' ')}; do
  set +e
  chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 NODE_COMPILE_CACHE=/tmp/compiled sh /srv/$step.sh >out/$step 2>&1
  echo $? >out/$step.status
done`
    const { status, stderr } = spawnSync(
      'unshare',
      ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script],
      { encoding: 'utf8', timeout: 400_000 },
    )
    assert.equal(status, 0, stderr)
    for (const name of Object.keys(steps))
      words[name] = {
        status: Number(readFileSync(join(out, `${name}.status`), 'utf8')),
        text: readFileSync(join(out, name), 'utf8'),
      }
  })
  after(() => {
    if (folder) rmSync(folder, { recursive: true, force: true })
  })
  const of = (name: string) => words[name] ?? assert.fail(name)

  it('is Puppet, as are its examples', () => {
    const files = globSync(['manifests/*.pp', 'types/*.pp', 'examples/*.pp'], { cwd: module }).map((file) =>
      join(module, file),
    )
    assert.ok(files.length > 10)
    execFileSync('puppet', ['parser', 'validate', ...files], { stdio: 'pipe' })
  })
  it('is applied without a warning', () => {
    assert.equal(of('first').status, 2, of('first').text)
    assert.doesNotMatch(of('first').text, /^(?:Warning|Error)/m)
  })
  it('changes nothing when it is applied again', () => {
    assert.equal(of('second').status, 0, of('second').text)
    assert.doesNotMatch(of('second').text, /^(?:Warning|Error)/m)
  })
  it('writes each file for whom it is', () =>
    assert.deepEqual(of('files').text.trim().split('\n'), [
      'etc/batchway/batchway.yaml root 644',
      'etc/batchway/front.secret bwpuppet 600',
      'etc/batchway-physics/batchway.yaml root 644',
      'etc/sudoers.d/batchway root 440',
      'etc/sudoers.d/batchway-physics root 440',
      'etc/systemd/system/batchway-hub.service root 644',
      'etc/systemd/system/batchway-hub@physics.service root 644',
      'etc/logrotate.d/batchway root 644',
      'etc/apache2/batchway-front.secret root 600',
      'etc/apache2/batchway-openid.secret root 600',
      'opt/bw/current root 777',
    ]))
  it('tells no secret', () => {
    const made = of('secrets').text.trim().split('\n')
    assert.equal(made.length, 2)
    for (const secret of made) assert.match(secret, /^[0-9a-f]{64}$/)
    for (const name of Object.keys(steps).filter((each) => each !== 'secrets'))
      for (const secret of ['nobody-may-see-this', ...made]) assert.equal(of(name).text.includes(secret), false, name)
  })
  it('writes units and rules of the release that is in use', () => {
    assert.match(
      of('hub').text,
      /^ExecStart=\/opt\/bw\/current\/bin\/batchway hub --config \/etc\/batchway\/batchway\.yaml$/m,
    )
    assert.match(of('hub').text, /^User=bwpuppet$/m)
    assert.match(of('hub').text, /^Environment="SLURM_CONF=\/etc\/slurm\/slurm\.conf"$/m)
    assert.match(of('hub').text, /^bwpuppet ALL = \(%bwpuppet-users, !#0\) NOPASSWD: \/usr\/bin\/sbatch/m)
  })
  it('writes what systemd and visudo take', () => {
    assert.deepEqual(of('verify'), { status: 0, text: '' })
    assert.equal(of('visudo').status, 0, of('visudo').text)
    assert.match(of('visudo').text, /\/etc\/sudoers\.d\/batchway-physics: parsed OK/)
  })
  it('puts right what somebody edited, and tells it', () => {
    assert.equal(of('drift').status, 2, of('drift').text)
    assert.match(of('drift').text, /batchway main: services and sudo rule/)
    assert.match(of('drift').text, /batchway\.yaml\]\/content: content changed/)
  })
  it('leaves the configuration alone where Batchway would not take the new one', () => {
    assert.ok(of('wrong').status >= 4, of('wrong').text)
    assert.match(of('wrong').text, /stateDirectoy.*did you mean/i)
    assert.equal(of('kept').text, '1\n')
  })
  it('installs no archive with another checksum', () => {
    assert.ok(of('damaged').status >= 4, of('damaged').text)
    assert.doesNotMatch(of('changed').text, /\.\/opt\/bw\/versions\/9\.9\.9\/bin/)
  })
  it('changes nothing else, and nothing of this machine', () => {
    const ours =
      /^\.\/(etc\/(batchway|sudoers\.d\/batchway|systemd\/system\/batchway|logrotate\.d\/batchway|apache2\/|passwd|group|g?shadow|sub[ug]id|puppet)|opt\/bw\/|var\/(lib|cache)\/(puppet|batchway|apache2)|var\/log\/(faillog|lastlog|apt|puppet)|root\/)/
    assert.deepEqual(
      of('changed')
        .text.split('\n')
        .filter((line) => line !== '' && !ours.test(line)),
      [],
    )
    for (const path of [
      '/opt/bw',
      '/etc/sudoers.d/batchway',
      '/etc/sudoers.d/batchway-physics',
      '/etc/logrotate.d/batchway',
      '/etc/apache2/sites-available/batchway.conf',
      '/etc/systemd/system/batchway-hub@physics.service',
    ])
      assert.equal(existsSync(path), false, path)
    assert.notEqual(spawnSync('getent', ['passwd', 'bwpuppet']).status, 0)
  })
})
