import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hubUnit, localUnit, proxyUnit, sysusers, tmpfiles, type UnitFacts } from './units.ts'

const facts: UnitFacts = {
  instance: null,
  account: 'batchway',
  program: ['/opt/batchway/bin/batchway'],
  configFile: '/etc/batchway/batchway.yaml',
  stateDirectory: '/var/lib/batchway',
  isTraversable: false,
  usesSudo: true,
  localScheduler: null,
  listen: ['127.0.0.1:8000'],
  hasLowPorts: { proxy: false, hub: false },
  logFolders: { hub: [], proxy: [] },
  report: { isMailed: false, timeZone: 'Europe/Berlin' },
  environment: {},
}

describe('the hub’s unit', () => {
  const noNewPrivileges =
    /^(?:NoNewPrivileges|SystemCall\w+|Restrict\w+|LockPersonality|PrivateDevices|ProtectClock|ProtectHostname|ProtectKernel\w+)=/m
  it('has nothing that sudo cannot work under, where it needs sudo', () => {
    assert.doesNotMatch(hubUnit(facts), noNewPrivileges)
    assert.match(hubUnit(facts), /^CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_KILL /m)
  })
  it('forbids all that can be, where it does not', () => {
    const text = hubUnit({ ...facts, usesSudo: false })
    assert.match(text, noNewPrivileges)
    assert.match(text, /^CapabilityBoundingSet=$/m)
  })
  it('names variables so that systemd reads them as they are', () =>
    assert.match(
      hubUnit({ ...facts, environment: { SLURM_CONF: '/a b/%h"$x' } }),
      /^Environment="SLURM_CONF=\/a b\/%%h\\"\$x"$/m,
    ))
  it('keeps it small, unless the site says otherwise', () => {
    const text = hubUnit({ ...facts, environment: { NODE_OPTIONS: '--max-semi-space-size=16' } })
    assert.ok(text.indexOf('=16') > text.indexOf('Environment=NODE_OPTIONS=--max-semi-space-size=4'))
  })
  it('lets the commands that it started come to their end', () => assert.match(hubUnit(facts), /^KillMode=process$/m))
})

describe('the proxy’s unit', () => {
  it('tells it once to stop: told by systemd and by its starter it would cut what runs', () =>
    assert.match(proxyUnit(facts), /^KillMode=mixed$/m))
  it('reloads by SIGHUP', () => assert.match(proxyUnit(facts), /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m))
})

describe('units', () => {
  it('get a capability for low ports, and only then', () => {
    assert.match(proxyUnit(facts), /^AmbientCapabilities=$/m)
    assert.match(
      proxyUnit({ ...facts, hasLowPorts: { proxy: true, hub: false } }),
      /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m,
    )
  })
  it('let systemd make the state below /var/lib, and write elsewhere only where it is', () => {
    assert.match(proxyUnit(facts), /^StateDirectory=batchway\nStateDirectoryMode=0700$/m)
    const elsewhere = proxyUnit({ ...facts, stateDirectory: '/srv/batch way' })
    assert.match(elsewhere, /^ReadWritePaths="\/srv\/batch way"$/m)
    assert.doesNotMatch(elsewhere, /StateDirectory/)
  })
  it('let hub and proxy write their logs, and let systemd make their folders below /var/log', () => {
    const hub = ['/var/log/batchway', '/var/log/site/jupyter', '/srv/my events', '/var/lib/batchway', '/var/log/../x']
    const text = hubUnit({ ...facts, logFolders: { hub, proxy: [] } })
    assert.match(text, /^LogsDirectory=batchway site\/jupyter\nLogsDirectoryMode=0750$/m)
    assert.deepEqual(text.match(/^ReadWritePaths=.*$/gm), [
      'ReadWritePaths="-/srv/my events"',
      'ReadWritePaths=-/var/log/../x',
    ])
    assert.doesNotMatch(hubUnit(facts), /LogsDirectory|ReadWritePaths/)
    const logFolders = { hub: [], proxy: ['/var/log/batchway'] }
    assert.match(proxyUnit({ ...facts, logFolders }), /^LogsDirectory=batchway$/m)
    assert.doesNotMatch(hubUnit({ ...facts, logFolders }), /LogsDirectory/)
  })
  it('do not take .. for a name below /var/lib', () =>
    assert.doesNotMatch(proxyUnit({ ...facts, stateDirectory: '/var/lib/../x' }), /StateDirectory=\.\./))
  it('quote what systemd would split or fill in', () =>
    assert.match(
      proxyUnit({ ...facts, configFile: '/etc/a b/%i$HOME.yaml' }),
      /^ExecStart=\/opt\/batchway\/bin\/batchway proxy --config "\/etc\/a b\/%%i\$\$HOME\.yaml"$/m,
    ))
  it('have one for a local cluster only, which forbids its jobs nothing', () => {
    assert.equal(localUnit(facts), null)
    const text = localUnit({ ...facts, localScheduler: ['/node', 'bin.js', 'serve'] }) ?? ''
    assert.match(text, /^ExecStart=\/node bin\.js serve$/m)
    assert.doesNotMatch(text, /Protect|Private|LimitCORE|UMask/)
  })
  it('walk through the state directory only where jobs must', () => {
    assert.match(tmpfiles(facts), /^d \/var\/lib\/batchway 0700 batchway batchway -$/m)
    assert.match(tmpfiles({ ...facts, isTraversable: true }), / 0711 /)
    assert.match(
      sysusers(facts, 'hpc'),
      /^u batchway - "Batchway" \/var\/lib\/batchway \/usr\/sbin\/nologin\ng hpc -$/m,
    )
  })
})
