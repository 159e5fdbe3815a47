import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../../core/parse-config.ts'
import type { JupyterProgram, Machine, SlurmPartition } from './facts.ts'
import { starterConfig } from './starter-config.ts'

const choices = {
  stateDirectory: '/home/alice/.local/state/batchway',
  url: 'http://127.0.0.1:8000/',
  listen: '127.0.0.1:8000',
  internalPort: 8_001,
  instance: 'a7',
}
const singleuser: JupyterProgram = {
  kind: 'jupyterhub-singleuser',
  path: '/usr/bin/jupyterhub-singleuser',
  version: '3.0.0',
  isClassic: true,
}
const machine: Machine = { cores: 4, memoryMiB: 8_000, hostName: 'login1', jupyter: [singleuser], slurm: null }
const partition = (name: string, more: Partial<SlurmPartition> = {}): SlurmPartition => ({
  name,
  isDefault: false,
  maxWallSeconds: null,
  cores: 64,
  memoryMiB: 256_000,
  ...more,
})
/** What we write must be what the hub reads. */
const made = (change: Partial<Machine>, more: { agent?: string } = {}) =>
  parseConfig(starterConfig({ ...machine, ...change }, { ...choices, ...more }), 'made')

describe('starterConfig', () => {
  it('is this, for a machine with the classic notebook under singleuser 3', () =>
    assert.deepEqual(starterConfig(machine, choices), {
      url: 'http://127.0.0.1:8000/',
      listen: ['127.0.0.1:8000'],
      stateDirectory: '/home/alice/.local/state/batchway',
      instance: 'a7',
      hub: { internal: ['127.0.0.1:8001'], internalUrl: 'http://127.0.0.1:8001' },
      signIn: [{ type: 'link' }],
      clusters: { local: { driver: 'local', title: 'login1' } },
      applications: {
        jupyter: {
          kind: 'jupyterhub-singleuser',
          title: 'Jupyter Notebook',
          command: ['/usr/bin/jupyterhub-singleuser'],
          environment: { JUPYTERHUB_SINGLEUSER_APP: 'notebook.notebookapp.NotebookApp' },
        },
      },
      profiles: [
        {
          key: 'here',
          title: 'This machine',
          description: 'Runs on login1',
          cluster: 'local',
          application: 'jupyter',
          resources: { cores: 1, memory: '2000M', walltime: '8h' },
          choose: { cores: [1, 4], memory: ['256M', '8000M'], walltime: ['5m', '24h'] },
        },
      ],
    }))

  it('adds the partitions of a Slurm before this machine, and lets its nodes reach the hub', () => {
    const config = made({ slurm: [partition('debug', { isDefault: true, maxWallSeconds: 1_800 }), partition('long')] })
    assert.deepEqual(
      config.profiles.map(({ key, cluster }) => [key, cluster]),
      [
        ['slurm-debug', 'slurm'],
        ['slurm-long', 'slurm'],
        ['here', 'local'],
      ],
    )
    assert.equal(config.profiles[0]?.resources.walltime, 1_800)
    assert.deepEqual(config.profiles[0]?.choose.walltime, [300, 1_800])
    assert.deepEqual(config.profiles[1]?.choose.walltime, [300, 7 * 86_400])
    assert.deepEqual(config.profiles[1]?.options, { partition: 'long' })
    assert.deepEqual(config.hub, { internal: ['0.0.0.0:8001'], internalUrl: 'http://login1:8001' })
    assert.equal(config.clusters.local?.hubUrl, 'http://127.0.0.1:8001')
    assert.equal(config.clusters.slurm?.transport, 'self')
  })
  it('tells the clusters where the agent lies when it is not beside the state', () => {
    const { clusters } = made({ slurm: [partition('a')] }, { agent: '/home/alice/.local/share/batchway/agent' })
    assert.deepEqual(
      Object.values(clusters).map(({ agent }) => agent),
      ['/home/alice/.local/share/batchway/agent', '/home/alice/.local/share/batchway/agent'],
    )
  })

  for (const [why, change] of [
    ['a tiny machine', { cores: 1, memoryMiB: 200 }],
    ['a small partition', { slurm: [partition('tiny', { cores: 1, memoryMiB: 100, maxWallSeconds: 60 })] }],
    [
      'partitions with odd and clashing names',
      { slurm: ['a.b', 'a-b', 'a_b', 'x'.repeat(80), `${'x'.repeat(80)}y`].map((name) => partition(name)) },
    ],
    ['a partition of many gibibytes', { slurm: [partition('fat', { cores: 512, memoryMiB: 6_291_456 })] }],
  ] as const)
    it(`is valid for ${why}`, () => assert.ok(made(change).profiles.length > 0))

  for (const [kind, isClassic, open, prefix] of [
    ['jupyter-lab', false, 'lab', '--ServerApp.'],
    ['jupyter-notebook', true, 'tree', '--NotebookApp.'],
    ['jupyter-notebook', false, 'tree', '--ServerApp.'],
    ['jupyter-server', false, undefined, '--ServerApp.'],
  ] as const)
    it(`lets the agent guard ${kind}${isClassic ? ', classic' : ''}`, () => {
      const { jupyter } = made({ jupyter: [{ kind, path: `/opt/${kind}`, version: '1', isClassic }] }).applications
      assert.equal(jupyter?.kind, 'jupyter')
      assert.equal(jupyter?.open, open)
      assert.deepEqual(jupyter?.command?.slice(0, 2), [`/opt/${kind}`, '--no-browser'])
      assert.ok(jupyter?.command?.slice(2).every((word) => word.startsWith(prefix)))
      assert.ok(jupyter?.command?.includes(`${prefix}ip=127.0.0.1`))
    })
  it('says nothing of NotebookApp to a newer singleuser', () =>
    assert.deepEqual(
      made({ jupyter: [{ ...singleuser, version: '5.2.1', isClassic: false }] }).applications.jupyter?.environment,
      {},
    ))
  it('refuses a machine without Jupyter', () => assert.throws(() => made({ jupyter: [] }), /no Jupyter/))
})
