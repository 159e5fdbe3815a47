import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseConfig } from '../../core/parse-config.ts'
import { type ImportNames, isWhole, mapProfileList } from './map-list.ts'
import { knownSettings } from './map-setting.ts'
import type { PythonValue } from './python-literal.ts'
import { ListProblem, readPythonList, readYamlList } from './read-profile-list.ts'
import { knownClasses } from './spawner-classes.ts'
import { toProfile } from './to-profile.ts'

/** The founding talk's list, to the letter. */
const talk = readFileSync(join(import.meta.dirname, 'testdata/founding-talk.py'), 'utf8')
const names: ImportNames = { application: 'lab', clusters: new Map(), queues: new Map(), accounts: new Map() }
const inYaml = `
- [Local server, local, jupyterhub.spawner.LocalProcessSpawner, { ip: 0.0.0.0 }]
- - Mesabi - 2 cores, 4 GB
  - mesabi2c4g12h
  - batchspawner.TorqueSpawner
  - { req_nprocs: 2, req_queue: mesabi, req_memory: 4gb }
- - Mesabi - 12 cores, 128 GB
  - mesabi128gb
  - batchspawner.TorqueSpawner
  - { req_nprocs: '12', req_queue: ram256g, req_memory: 125gb }
- - Another Cluster - 8 hours
  - small
  - batchspawner.TorqueSpawner
  - { req_nprocs: 2, req_host: labhost.xyz.edu, req_queue: small, req_runtime: 8:00:00, req_memory: 4gb, state_exechost_exp: '' }
`
const one = (className: string, settings: Record<string, PythonValue>, more: Partial<ImportNames> = {}) => {
  const [profile] = mapProfileList([['T', 'k', className, new Map(Object.entries(settings))]], { ...names, ...more })
  assert.ok(profile)
  return profile
}

describe('the list of the founding talk', () => {
  const expected = [
    { key: 'local', title: 'Local server', cluster: 'local', resources: { cores: 1, memory: '1G', walltime: '1h' } },
    {
      key: 'mesabi2c4g12h',
      title: 'Mesabi - 2 cores, 4 GB',
      cluster: 'torque',
      resources: { cores: 2, memory: '4G', walltime: '1h' },
      options: { queue: 'mesabi' },
    },
    {
      key: 'mesabi128gb',
      title: 'Mesabi - 12 cores, 128 GB',
      cluster: 'torque',
      resources: { cores: 12, memory: '125G', walltime: '1h' },
      options: { queue: 'ram256g' },
    },
    {
      key: 'small',
      title: 'Another Cluster - 8 hours',
      cluster: 'labhost',
      resources: { cores: 2, memory: '4G', walltime: '8h' },
      options: { queue: 'small' },
    },
  ].map((profile) => ({ ...profile, application: 'lab' }))

  it('is four whole profiles, and nothing is left out', () => {
    const found = readPythonList(talk)
    const profiles = mapProfileList(found.value, names)
    assert.deepEqual(profiles.map(toProfile), expected)
    assert.ok(profiles.every(isWhole))
    assert.deepEqual(found.unread, [])
    const [, , , last] = profiles
    assert.equal(last?.notes.find(({ setting }) => setting === 'state_exechost_exp')?.verdict, 'unneeded')
  })

  it('says so where Batchway’s default stands in for the scheduler’s', () => {
    const [local, mesabi, , small] = mapProfileList(readPythonList(talk).value, names)
    assert.equal(local?.remarks.length, 3)
    assert.match(mesabi?.remarks.join() ?? '', /names no time: resources.walltime is 1h, Batchway’s default/)
    assert.deepEqual(small?.remarks, [])
  })

  it('is the same in YAML, and in the middle of a configuration', () => {
    const list = mapProfileList(readPythonList(talk).value, names)
    assert.deepEqual(mapProfileList(readYamlList(inYaml).value, names).map(toProfile), list.map(toProfile))
    const whole = readPythonList(`import os\nc.JupyterHub.port = 8000\ndef f(x):\n  return x\n${talk}\nc.X.y = f(1)\n`)
    assert.deepEqual(mapProfileList(whole.value, names), list)
    assert.deepEqual(whole.unread, [
      'line 1: import',
      'line 2: c.JupyterHub.port',
      'line 3: def',
      'line 4: return',
      'line 17: c.X.y',
    ])
  })

  it('takes other names for clusters, queues and accounts', () => {
    const profiles = mapProfileList(readPythonList(talk).value, {
      ...names,
      clusters: new Map([
        ['batchspawner.TorqueSpawner', { key: 'mesabi', driver: 'slurm' }],
        ['batchspawner.TorqueSpawner@labhost.xyz.edu', { key: 'lab', driver: 'slurm' }],
      ]),
      queues: new Map([['ram256g', 'batch']]),
    })
    assert.deepEqual(
      profiles.map((profile) => [profile.cluster?.key, profile.parts.options]),
      [
        ['local', {}],
        ['mesabi', { partition: 'mesabi' }],
        ['mesabi', { partition: 'batch' }],
        ['lab', { partition: 'small' }],
      ],
    )
  })
})

describe('what maps', () => {
  for (const [className, settings, part, value] of [
    ['batchspawner.SlurmSpawner', { req_memory: '4096' }, 'memoryMiB', 4_096],
    ['batchspawner.TorqueSpawner', { req_memory: '4096' }, 'memoryMiB', 1],
    ['batchspawner.TorqueSpawner', { req_memory: '500mb' }, 'memoryMiB', 500],
    ['batchspawner.TorqueSpawner', { req_memory: '2000kw' }, 'memoryMiB', 16],
    ['batchspawner.PBSSpawner', { req_memory: '1.5GB' }, 'memoryMiB', 1_536],
    ['batchspawner.SlurmSpawner', { req_memory: '8G' }, 'memoryMiB', 8_192],
    ['batchspawner.SlurmSpawner', { req_runtime: '90' }, 'wallSeconds', 5_400],
    ['batchspawner.SlurmSpawner', { req_runtime: '90:30' }, 'wallSeconds', 5_430],
    ['batchspawner.SlurmSpawner', { req_runtime: '1-12' }, 'wallSeconds', 129_600],
    ['batchspawner.TorqueSpawner', { req_runtime: '90' }, 'wallSeconds', 90],
    ['batchspawner.LsfSpawner', { req_runtime: '8:30' }, 'wallSeconds', 30_600],
    ['batchspawner.TorqueSpawner', { req_runtime: '100:00:00' }, 'wallSeconds', 360_000],
    ['batchspawner.SlurmSpawner', { req_gres: 'gpu:a100:2' }, 'gpus', 2],
    ['batchspawner.SlurmSpawner', { req_gres: 'gpu:a100:2' }, 'gpuType', 'a100'],
    ['batchspawner.SlurmSpawner', { req_gres: 'gpu:3' }, 'gpus', 3],
    ['batchspawner.SlurmSpawner', { req_ngpus: 1 }, 'gpus', 1],
    ['batchspawner.SlurmSpawner', { http_timeout: 120 }, 'readySeconds', 120],
    ['systemdspawner.SystemdSpawner', { mem_limit: '2G' }, 'memoryMiB', 2_048],
  ] as const)
    it(`${className} ${JSON.stringify(settings)} is ${part} ${value}`, () => {
      const profile = one(className, settings)
      assert.equal(profile.parts[part], value)
      assert.ok(isWhole(profile))
    })

  it('options of the driver are named as the driver names them', () => {
    const settings = { req_partition: 'p', req_account: 'a', req_qos: 'q', req_reservation: 'r' }
    assert.deepEqual(one('batchspawner.SlurmSpawner', settings).parts.options, {
      partition: 'p',
      account: 'a',
      qos: 'q',
      reservation: 'r',
    })
    const pbs = one('batchspawner.PBSSpawner', settings)
    assert.deepEqual(pbs.parts.options, { queue: 'p', account: 'a' })
    assert.equal(isWhole(pbs), false)
  })

  it('an empty value says nothing, as it did there', () => {
    const profile = one('batchspawner.TorqueSpawner', {
      req_queue: '',
      req_account: '',
      req_runtime: '',
      req_memory: '',
    })
    assert.ok(isWhole(profile))
    assert.deepEqual(profile.parts, { cores: 1, memoryMiB: 1_024, wallSeconds: 3_600, options: {} })
    assert.equal(profile.remarks.length, 3)
  })

  for (const [className, settings, words] of [
    ['batchspawner.CondorSpawner', { req_memory: '10000000' }, /cannot be read as a size/],
    ['batchspawner.SlurmSpawner', { req_ngpus: 1_001 }, /not a whole number that fits/],
    ['batchspawner.TorqueSpawner', { req_memory: 'lots' }, /cannot be read as a size/],
    ['batchspawner.LsfSpawner', { req_memory: '4096' }, /cannot be read as a size/],
    ['batchspawner.CondorSpawner', { req_runtime: '90' }, /cannot be read as a time/],
    ['batchspawner.TorqueSpawner', { req_nprocs: '2;id' }, /not a whole number/],
    ['batchspawner.TorqueSpawner', { req_nprocs: '0' }, /not a whole number/],
    ['batchspawner.TorqueSpawner', { req_queue: 'a\nb' }, /control character/],
    ['batchspawner.TorqueSpawner', { req_queue: ['a'] }, /text or a number should stand/],
    ['batchspawner.TorqueSpawner', { req_prologue: 'module load x' }, /belongs to an application/],
    ['batchspawner.TorqueSpawner', { req_options: '-l x' }, /free options/],
    ['batchspawner.TorqueSpawner', { req_colour: 'red' }, /site’s own/],
    ['batchspawner.TorqueSpawner', { constructor: 'x' }, /no such setting/],
    ['batchspawner.TorqueSpawner', { batch_submit_cmd: 'qsub' }, /of the cluster torque/],
    ['batchspawner.SlurmSpawner', { req_gres: 'fpga:1' }, /only GPUs/],
    ['jupyterhub.spawner.LocalProcessSpawner', { req_queue: 'a' }, /the driver local has no option/],
    ['jupyterhub.spawner.LocalProcessSpawner', { cmd: ['jupyter-labhub'] }, /belongs to an application/],
  ] as const)
    it(`${JSON.stringify(settings)} of ${className} does not, and says what to do`, () => {
      const profile = one(className, settings)
      assert.equal(isWhole(profile), false)
      assert.match(profile.notes.map((note) => note.words).join(), words)
    })

  for (const [className, words] of [
    ['wrapspawner.WrapSpawner', /wrapper in a wrapper/],
    ['dockerspawner.SystemUserSpawner', /containers/],
    ['kubespawner.KubeSpawner', /Kubernetes/],
    ['oursite.OurSpawner', /--cluster "oursite.OurSpawner=KEY:DRIVER"/],
    ['__proto__', /the site’s own/],
    ['batchspawner.__proto__', /the site’s own/],
  ] as const)
    it(`a class such as ${className} does not`, () => {
      const profile = one(className, {})
      assert.equal(toProfile(profile), null)
      assert.match(profile.problems.join(), words)
    })

  it('a class of the site’s own does once its driver is named', () => {
    const clusters = new Map([['oursite.OurSpawner', { key: 'larch', driver: 'slurm' }]])
    const profile = one('oursite.OurSpawner', { req_queue: 'x', req_runtime: '2:00:00' }, { clusters })
    assert.deepEqual([profile.cluster?.key, profile.parts.options], ['larch', { partition: 'x' }])
    assert.ok(isWhole(profile))
  })

  it('is said of every class and of every setting of batchspawner', () => {
    for (const name of [
      'TorqueSpawner',
      'MoabSpawner',
      'PBSSpawner',
      'SlurmSpawner',
      'GridengineSpawner',
      'UGESpawner',
      'CondorSpawner',
      'LsfSpawner',
    ])
      assert.ok(knownClasses.includes(`batchspawner.${name}`), name)
    for (const name of 'queue host memory nprocs ngpus runtime partition account options prologue epilogue srun keepvars homedir username cluster qos reservation gres'.split(
      ' ',
    ))
      assert.ok(knownSettings.includes(`req_${name}`), name)
  })
})

describe('what is no list of profiles', () => {
  for (const [text, words] of [
    ['c.X.y = 1', /there is no list/],
    ['', /there is no list/],
    ['c.ProfilesSpawner.profiles = get()', /nothing is called/],
    ['c.ProfilesSpawner.profiles = [] + []', /nothing is computed/],
    ['c.ProfilesSpawner.profiles += [1]', /changed by a statement/],
    ['if a:\n  c.ProfilesSpawner.profiles = []', /inside a block/],
  ] as const)
    it(JSON.stringify(text), () =>
      assert.throws(
        () => readPythonList(text),
        (error: unknown) => error instanceof ListProblem && words.test(error.message),
      ),
    )

  it('says which of its entries are no profiles, and takes the others', () => {
    const entries: PythonValue = [
      3,
      ['T', 'k'],
      ['', 'k', 'x.Y', new Map()],
      ['T\n', 'k', 'x.Y', new Map()],
      ['T', 'a', 'batchspawner.SlurmSpawner', new Map()],
      ['T', 'a', 'batchspawner.SlurmSpawner', new Map()],
    ]
    const found = mapProfileList(entries, names)
    assert.deepEqual(
      found.map((each) => toProfile(each)?.key ?? null),
      [null, null, null, null, 'a', null],
    )
    assert.match(found[5]?.problems.join() ?? '', /has the key a already/)
    const hosts = ['a.x', 'a.y'].map((host, index) => [
      'T',
      `k${index}`,
      'batchspawner.SlurmSpawner',
      new Map([['req_host', host]]),
    ])
    assert.match(mapProfileList(hosts, names)[1]?.problems.join() ?? '', /another cluster is called a already/)
    assert.throws(() => mapProfileList('x', names), RangeError)
    assert.throws(() => mapProfileList([], names), RangeError)
  })

  it('whatever a tuple holds, what comes of it is a profile that the configuration takes', () => {
    const scalar = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null))
    const settings = fc
      .dictionary(fc.oneof(fc.constantFrom(...knownSettings), fc.string()), scalar)
      .map((all) => new Map(Object.entries(all)))
    const tuple = fc.tuple(fc.string(), fc.string(), fc.constantFrom(...knownClasses), settings)
    fc.assert(
      fc.property(tuple, (entry) => {
        const [found] = mapProfileList([entry], names)
        const profile = found && toProfile(found)
        if (!profile) return
        const { profiles } = parseConfig(
          {
            stateDirectory: '/s',
            clusters: { [profile.cluster]: { driver: 'local' } },
            applications: { lab: { kind: 'jupyter' } },
            profiles: [profile],
          },
          'test',
        )
        assert.equal(profiles[0]?.title, entry[0])
      }),
    )
  })
})
