import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../../core/parse-config.ts'
import { authorizedKeysLine, loginNodeSudoers, rulesFile } from './login-node.ts'
import { findLoginNode } from './login-node-facts.ts'

const config = (clusters: object) => ({
  config: parseConfig(
    {
      stateDirectory: '/var/lib/batchway',
      clusters,
      applications: { one: { kind: 'command', command: ['true', '{port}'] } },
      profiles: [{ key: 'one', title: 'One', cluster: Object.keys(clusters)[0], application: 'one' }],
    },
    'test',
  ),
  files: [],
  drivers: [],
  logins: [],
})
const ssh = { host: 'login1', identityFile: '/k', knownHostsFile: '/h', user: 'gateway' }
const asked = {
  cluster: undefined,
  group: 'hpc',
  installed: '/opt/batchway',
  commands: '/opt/slurm/bin/',
  set: { SLURM_CONF: '/etc/s.conf' },
}

describe('what a login node needs', () => {
  const facts = findLoginNode(config({ larch: { driver: 'slurm', transport: 'ssh', ssh } }), asked)

  it('is a file of rules: what submits runs as users alone', () => {
    const lines = rulesFile(facts)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    assert.deepEqual(lines, [
      'users /opt/batchway/batchway-read-log',
      'users /opt/slurm/bin/sbatch',
      'users /opt/slurm/bin/scancel',
      'users /opt/slurm/bin/squeue',
      'itself /opt/slurm/bin/sacct',
      'itself /opt/slurm/bin/sinfo',
      'itself /opt/slurm/bin/squeue',
      'variable SLURM_TIME_FORMAT',
      'set SLURM_CONF=/etc/s.conf',
      'holds /var/lib/batchway/holds',
    ])
  })

  it('is a sudo rule for the same programs', () => {
    const text = loginNodeSudoers(facts)
    assert.match(text, /^Defaults:gateway env_reset, env_keep = "SLURM_CONF SLURM_TIME_FORMAT", !setenv$/m)
    assert.match(text, /gateway ALL = \(%hpc, !#0\) NOPASSWD: \/opt\/batchway\/batchway-read-log ""/)
    assert.doesNotMatch(text, /sinfo|sacct/)
  })

  it('is a key that can do nothing else', () => {
    assert.equal(
      authorizedKeysLine(facts, 'ssh-ed25519 AAAA gw\n', '10.0.0.1'),
      'from="10.0.0.1",command="/opt/batchway/batchway-commands",restrict ssh-ed25519 AAAA gw\n',
    )
  })

  it('is asked of a cluster that has one', () => {
    assert.throws(
      () => findLoginNode(config({ larch: { driver: 'slurm', transport: 'sudo' } }), asked),
      /no cluster has/,
    )
    const two = config({
      a: { driver: 'slurm', transport: 'ssh', ssh },
      b: { driver: 'slurm', transport: 'ssh', ssh },
    })
    assert.throws(() => findLoginNode(two, asked), /--cluster a\|b/)
    assert.equal(findLoginNode(two, { ...asked, cluster: 'b' }).account, 'gateway')
  })
})

describe('a configuration with ssh', () => {
  for (const [what, cluster, words] of [
    ['no login node', { transport: 'ssh' }, /clusters\.larch\.ssh: is missing: "transport: ssh" needs the login node/],
    ['a login node nobody asks', { ssh }, /clusters\.larch\.ssh: is not used with "transport: self"/],
    ['an agent', { transport: 'ssh', ssh, agent: '/opt' }, /clusters\.larch\.agent: leave it out/],
    ['this machine', { driver: 'local', transport: 'ssh', ssh }, /need no login node/],
    [
      'an option for a host',
      { transport: 'ssh', ssh: { ...ssh, host: '-oProxyCommand=id' } },
      /ssh\.host: write the name/,
    ],
    ['an account in the host', { transport: 'ssh', ssh: { ...ssh, host: 'root@h' } }, /ssh\.host: write the name/],
    ['an option for a user', { transport: 'ssh', ssh: { ...ssh, user: '-x' } }, /ssh\.user: write a login name/],
    [
      'a key that ssh reads otherwise',
      { transport: 'ssh', ssh: { ...ssh, identityFile: '/k%h' } },
      /ssh replaces them/,
    ],
    ['a key from here', { transport: 'ssh', ssh: { ...ssh, identityFile: 'k' } }, /write an absolute path/],
    ['a misspelt key', { transport: 'ssh', ssh: { ...ssh, identityfile: '/k' } }, /identityFile/],
  ] as const)
    it(`is refused with ${what}`, () => assert.throws(() => config({ larch: { driver: 'slurm', ...cluster } }), words))
})
