import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { stringify } from 'yaml'
import { loadConfig } from '../../core/load-config.ts'
import { expandProfiles } from './expand-profiles.ts'

describe('a configuration with profiles of ProfilesSpawner', () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-expand-'))
  after(() => rmSync(folder, { recursive: true }))
  copyFileSync(join(import.meta.dirname, 'testdata/founding-talk.py'), join(folder, 'talk.py'))
  const base = {
    stateDirectory: '/s',
    clusters: { local: { driver: 'local' }, larch: { driver: 'slurm' }, lab: { driver: 'pbs' } },
    applications: { notebook: { kind: 'jupyter' } },
    tuples: {
      application: 'notebook',
      clusters: { 'batchspawner.TorqueSpawner': 'larch', 'batchspawner.TorqueSpawner@labhost.xyz.edu': 'lab' },
      queues: { ram256g: 'batch' },
      walltime: '12h',
    },
  }
  const own = { key: 'own', title: 'Own', cluster: 'local', application: 'notebook' }
  const load = async (more: object) => {
    const file = join(folder, 'batchway.yaml')
    writeFileSync(file, stringify({ ...base, ...more }))
    return loadConfig(file, undefined, expandProfiles)
  }

  it('takes the list of the talk as it is, in a Python file beside it', async () => {
    const { config, files } = await load({ profiles: [own], profileFiles: ['talk.py'] })
    assert.deepEqual(
      config.profiles.map(({ key, cluster, application, resources, options }) => [
        key,
        cluster,
        application,
        resources.cores,
        resources.memory,
        resources.walltime,
        options,
      ]),
      [
        ['own', 'local', 'notebook', 1, 1_024, 3_600, {}],
        ['local', 'local', 'notebook', 1, 1_024, 43_200, {}],
        ['mesabi2c4g12h', 'larch', 'notebook', 2, 4_096, 43_200, { partition: 'mesabi' }],
        ['mesabi128gb', 'larch', 'notebook', 12, 128_000, 43_200, { partition: 'batch' }],
        ['small', 'lab', 'notebook', 2, 4_096, 28_800, { queue: 'small' }],
      ],
    )
    assert.deepEqual(files, [join(folder, 'batchway.yaml'), join(folder, 'talk.py')])
  })

  it('takes tuples among its own profiles, and files of both', async () => {
    const tuple = ['Two', 'two', 'batchspawner.TorqueSpawner', { req_nprocs: 2 }]
    writeFileSync(
      join(folder, 'more.yaml'),
      stringify({ profiles: [['Three', 'three', ...tuple.slice(2)], { ...own, key: 'four' }] }),
    )
    const { config } = await load({ profiles: [own, tuple], profileFiles: ['more.yaml'] })
    assert.deepEqual(
      config.profiles.map(({ key, resources }) => [key, resources.cores]),
      [
        ['own', 1],
        ['two', 2],
        ['three', 2],
        ['four', 1],
      ],
    )
  })

  for (const [name, more, words] of [
    [
      'a setting that does not map',
      { profiles: [['T', 't', 'batchspawner.TorqueSpawner', { req_prologue: 'x' }]] },
      /profiles\[0\]\.req_prologue: belongs to an application/,
    ],
    [
      'a class that nobody knows',
      { profiles: [own, ['T', 't', 'a.B', {}]] },
      /profiles\[1\]: a\.B: a class of the site’s own/,
    ],
    [
      'a file that is not there',
      { profiles: [own], profileFiles: ['gone.py'] },
      /profileFiles\[0\]: there is no file .*gone\.py/,
    ],
    ['two profiles of one key', { profiles: [{ ...own, key: 'small' }], profileFiles: ['talk.py'] }, /small/],
    ['a cluster that is not there', { profiles: [['T', 't', 'batchspawner.SlurmSpawner', {}]] }, /slurm/],
  ] as const)
    it(`refuses ${name}, naming the place`, async () => assert.rejects(load(more), words))

  it('tells problems of a file’s profiles by the file', async () => {
    writeFileSync(join(folder, 'bad.yaml'), stringify([own, { ...own, key: 'x', resources: { cores: 0 } }]))
    await assert.rejects(
      load({ profiles: [{ ...own, key: 'y' }], profileFiles: ['bad.yaml'] }),
      /bad\.yaml\[1\]\.resources\.cores/,
    )
  })

  it('never runs a Python file', async () => {
    const mark = join(folder, 'ran')
    writeFileSync(
      join(folder, 'evil.py'),
      `open(${JSON.stringify(mark)}, 'w').write('x')\nprofiles = [__import__('os').system('true')]\n`,
    )
    await assert.rejects(load({ profiles: [own], profileFiles: ['evil.py'] }), /nothing is called here/)
    assert.throws(() => rmSync(mark))
  })
})
