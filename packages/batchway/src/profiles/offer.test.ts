import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drivers, type JobRequest, openCluster, selfTransport } from '@batchway/schedulers'
import fc from 'fast-check'
import { parseConfig } from '../core/parse-config.ts'
import { openCatalogue, optionProblems } from './catalogue.ts'
import { InvalidChoices, type Person } from './launch-model.ts'

const slurm = drivers.find(({ id }) => id === 'slurm')
assert.ok(slurm)
const raw = {
  stateDirectory: '/s',
  clusters: { larch: { driver: 'slurm', limits: { cores: 16, memory: '64G', gpus: 2, walltime: '12h' } } },
  applications: { lab: { kind: 'jupyter', title: 'JupyterLab' } },
  profiles: [
    {
      key: 'free',
      title: 'Free',
      cluster: 'larch',
      application: 'lab',
      resources: { cores: 2, memory: '4G', walltime: '4h' },
      choose: {
        cores: [1, 64],
        memory: ['1G', '16G'],
        gpus: [0, 4],
        gpuType: ['a100', 'v100'],
        walltime: ['10m', '8h'],
        options: { partition: ['batch', 'debug'], account: '{claim.projects}', qos: '{groups}' },
      },
      options: { partition: 'debug', constraint: 'ib' },
    },
    {
      key: 'huge',
      title: 'Huge',
      cluster: 'larch',
      application: 'lab',
      resources: { cores: 99, memory: '1T', walltime: '9d' },
    },
  ],
}
const config = parseConfig(raw, 'test')
const cluster = openCluster({ key: 'larch', driver: slurm, transport: selfTransport('alice'), environment: {} })
const catalogue = openCatalogue(config, new Map([['larch', { cluster, title: 'Larch' }]]))
const alice: Person = {
  name: 'alice',
  isAdmin: false,
  groups: ['normal', 'not a word'],
  claims: { projects: ['hydro', 'soil', '$(id)'] },
}
const choose = (fields: Record<string, string>, person = alice) => catalogue.choose(person, { profile: 'free', fields })

describe('what a user may choose', () => {
  it('is frozen with the origin of each field', async () => {
    const { resources, jobOptions, origin } = await choose({
      cores: '4',
      gpus: '1',
      gpuType: 'v100',
      account: 'soil',
      walltime: '4:00',
    })
    assert.deepEqual(resources, { cores: 4, memoryMiB: 4_096, gpus: 1, gpuType: 'v100', wallSeconds: 14_400 })
    assert.deepEqual(jobOptions, { partition: 'debug', constraint: 'ib', account: 'soil', qos: 'normal' })
    assert.deepEqual(origin, {
      cluster: 'profile',
      application: 'profile',
      requeue: 'profile',
      limits: 'profile',
      'resources.cores': 'user',
      'resources.memoryMiB': 'profile',
      'resources.gpus': 'user',
      'resources.gpuType': 'user',
      'resources.wallSeconds': 'profile',
      'jobOptions.partition': 'profile',
      'jobOptions.constraint': 'profile',
      'jobOptions.account': 'user',
      'jobOptions.qos': 'profile',
    })
  })

  it('stays within the limits of the cluster, which the spec tells', async () => {
    const { resources, origin } = await catalogue.choose(alice, { profile: 'huge', fields: {} })
    assert.deepEqual(resources, { cores: 16, memoryMiB: 65_536, gpus: 0, wallSeconds: 43_200 })
    assert.deepEqual([origin['resources.cores'], origin['resources.gpus']], ['limit', 'profile'])
    const card = (await catalogue.list(alice)).find(({ key }) => key === 'huge')
    assert.deepEqual(card?.resources, resources)
    await assert.rejects(
      choose({ cores: '17' }),
      /^InvalidChoices: Cores: 17 cores is more than 16 cores\. Ask for 16 cores or less\.$/,
    )
    await assert.rejects(choose({ gpus: '3' }), /GPUs: 3 GPUs is more than 2 GPUs/)
    const form = await catalogue.form(alice, 'free')
    const hints = form?.fields.map(({ hint }) => hint)
    assert.deepEqual(hints?.slice(0, 3), [
      '1 to 16 cores. The cluster gives no more.',
      '1 to 16 GB.',
      '0 to 2 GPUs. The cluster gives no more.',
    ])
  })

  it('is what the sign-in told, where the profile says so, and only what the driver takes', async () => {
    const form = await catalogue.form(alice, 'free')
    const values = Object.fromEntries(
      form?.fields.map(({ name, choices }) => [name, choices.map(({ value }) => value)]) ?? [],
    )
    assert.deepEqual(
      [values.partition, values.account, values.qos],
      [['batch', 'debug'], ['hydro', 'soil'], ['normal']],
    )
    await assert.rejects(
      choose({ account: '$(id)' }),
      /Account: "\$\(id\)" is not offered. Choose one of: hydro, soil\./,
    )
    await assert.rejects(choose({}, { ...alice, claims: {} }), /Account: There is none for you/)
  })

  it('comes back as it was asked for', async () => {
    const given = {
      profile: 'free',
      fields: {
        cores: '3',
        memory: '2',
        gpus: '2',
        walltime: '2:00',
        gpuType: 'v100',
        partition: 'batch',
        account: 'soil',
        qos: 'normal',
      },
    }
    assert.deepEqual(await catalogue.recall(alice, await catalogue.choose(alice, given)), given)
  })

  it('is shown as chosen: the place is the partition', async () => {
    assert.equal((await catalogue.form(alice, 'free', { partition: 'batch' }))?.profile.place, 'batch')
    assert.equal((await catalogue.form(alice, 'free'))?.profile.place, 'debug')
  })

  it('is checked with the configuration', () => {
    const [free] = config.profiles
    assert.ok(free)
    const withChoices = (options: Record<string, string[] | string>) => [{ ...free, choose: { options } }]
    const problems = (options: Record<string, string[] | string>) =>
      optionProblems(withChoices(options), () => slurm).map(({ path }) => path)
    assert.deepEqual(problems({ partition: ['batch', 'a b'] }), ['profiles[0].choose.options.partition'])
    assert.deepEqual(problems({ quue: ['x'] }), ['profiles[0].choose.options.quue'])
    assert.deepEqual(problems({ quue: '{groups}' }), ['profiles[0].choose.options.quue'])
    assert.deepEqual(problems({ account: '{claim.projects}' }), [])
    const wrong =
      (choose: object, options = {}) =>
      () =>
        parseConfig({ ...raw, profiles: [{ ...raw.profiles[0], choose, options }] }, 'test')
    assert.throws(wrong({ options: { cores: ['1'] } }), /means something else in a form/)
    assert.throws(
      wrong({ options: { partition: 'batch' } }),
      /write a list of values, "\{groups\}", or "\{claim\.NAME\}"/,
    )
    assert.throws(
      wrong({ options: { partition: ['batch'] } }, { partition: 'debug' }),
      /lies outside what a user may choose/,
    )
    assert.throws(wrong({ cores: [17, 20] }), /lies outside|begins above clusters\.larch\.limits\.cores/)
  })
})

/** What shells, schedulers, templates and terminals make something of, alone and around an honest value. */
const weapons = [
  ...[
    '; id',
    '$(id)',
    '`id`',
    '| id',
    '& id',
    '> /tmp/x',
    '< /etc/passwd',
    '\n#SBATCH --uid=0',
    '\r\n',
    '\0',
    '\u001b[2J',
    '%j',
    '%(id)s',
    '{cmd}',
    '{{ 7*7 }}',
    '$' + '{HOME}',
    '~root',
    '*',
    '?',
    '[a-z]',
  ],
  ...[
    "'",
    '"',
    '\\',
    "' --wrap='id",
    '" --wrap="id',
    ' --wrap=id',
    '--uid=0',
    '-',
    '=',
    '#',
    '!!',
    '\u2028',
    '\u202e',
    '\u00a0',
    'é',
    '٣',
    '１',
    '1e3',
    '0x10',
    '+4',
    '-1',
    '4.5',
    '1_000',
    'Infinity',
    'NaN',
    '',
    ' ',
    'null',
    '__proto__',
    'constructor',
  ],
]
const honest: Readonly<Record<string, string>> = {
  cores: '4',
  memory: '8',
  gpus: '1',
  gpuType: 'v100',
  walltime: '2:00',
  partition: 'batch',
  account: 'soil',
  qos: 'normal',
}
/** At least 500 for each field: every weapon before, behind, within and instead of it, and random text. */
function hostile(value: string): string[] {
  const placed = weapons.flatMap((weapon) => [
    weapon,
    value + weapon,
    weapon + value,
    `${value} ${weapon}`,
    `${value.slice(0, 1)}${weapon}${value.slice(1)}`,
  ])
  const random = fc.sample(fc.string({ unit: 'binary', maxLength: 200 }), { numRuns: 360, seed: 7 })
  return [...new Set([...placed, ...random])]
}

describe('hostile text in a field of the form', () => {
  const request = (resources: JobRequest['resources'], options: unknown): JobRequest => ({
    name: 'b00abcdefghi01',
    account: 'alice',
    script: '#!/bin/sh\ntrue\n',
    resources,
    workdir: '/home/alice',
    outputPath: '/dev/null',
    requeue: false,
    options,
  })
  const submitted = async (fields: Record<string, string>) => {
    const { resources, jobOptions } = await choose(fields)
    return slurm.submit(request(resources, slurm.jobOptions.parse(jobOptions)), slurm.settings.parse({}))
  }
  const isClean = /^--[a-z-]+(=[A-Za-z0-9_.:/-]+)?$/

  for (const [name, value] of Object.entries(honest))
    it(`of ${name} is refused in words, or is the amount that it says`, async () => {
      const texts = hostile(value)
      assert.ok(texts.length >= 500, String(texts.length))
      const usual = await submitted({})
      let refused = 0
      for (const text of texts) {
        try {
          const command = await submitted({ [name]: text })
          assert.equal(command.stdin, usual.stdin, 'the script is the same, byte for byte')
          for (const word of command.args) assert.match(word, isClean, JSON.stringify(text))
          assert.deepEqual(
            command.args.map((word) => word.split('=')[0]),
            (await submitted({ [name]: value })).args.map((word) => word.split('=')[0]),
          )
        } catch (error) {
          assert.ok(error instanceof InvalidChoices, String(error))
          assert.doesNotMatch(error.message, /[\x00-\x1f]/)
          refused += 1
        }
      }
      assert.ok(refused > 400, `${refused} were refused`)
      const honestly = await submitted({ [name]: value })
      assert.notDeepEqual(
        name === 'gpuType' || name === 'qos' ? [] : honestly.args,
        usual.args,
        'control: an honest value does change the command',
      )
    })

  it('would reach the command line if nobody looked (control)', () => {
    const { args } = slurm.submit(
      request({ cores: 1, memoryMiB: 1, gpus: 0, wallSeconds: 60 }, { partition: 'a; id' }),
      slurm.settings.parse({}),
    )
    assert.ok(args.some((word) => !isClean.test(word)))
  })
})
