import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineDriver, SchedulerError } from '@batchway/schedulers'
import fc from 'fast-check'
import { z } from 'zod'
import { parseConfig } from '../core/parse-config.ts'
import { openCatalogue, optionProblems } from './catalogue.ts'
import { InvalidChoices, type Person } from './launch-model.ts'

const never = (): never => {
  throw new SchedulerError('unavailable', 'not in this test')
}
const driver = defineDriver({
  id: 'paper',
  title: 'Paper',
  secretChannel: 'script',
  settings: z.strictObject({}),
  jobOptions: z.strictObject({ partition: z.string().regex(/^\w+$/, 'not a partition').optional() }),
  submit: never,
  parseSubmit: never,
  list: never,
  parseList: never,
  cancel: never,
  parseCancel: never,
})
const raw = {
  stateDirectory: '/s',
  clusters: { larch: { driver: 'paper', title: 'Larch' } },
  applications: { lab: { kind: 'jupyter', title: 'JupyterLab' } },
  profiles: [
    {
      key: 'small',
      title: 'Small',
      cluster: 'larch',
      application: 'lab',
      resources: { cores: 2, memory: '4G', walltime: '4h' },
      choose: { cores: [1, 8], memory: ['1G', '16G'], walltime: ['10m', '8h'] },
      options: { partition: 'batch' },
    },
    { key: 'fixed', title: 'Fixed', cluster: 'larch', application: 'lab' },
  ],
}
const config = parseConfig(raw, 'test')
const sites = new Map([['larch', { cluster: { key: 'larch', driver }, title: 'Larch' }]])
const catalogue = openCatalogue(config, sites)
const alice: Person = { name: 'alice', isAdmin: false, groups: [] }

describe('openCatalogue', () => {
  it('lists profiles in the site’s order with their size', async () => {
    const [first, second] = await catalogue.list(alice)

    assert.deepEqual([first?.key, second?.key], ['small', 'fixed'])
    assert.deepEqual(first?.resources, { cores: 2, memoryMiB: 4_096, gpus: 0, wallSeconds: 14_400 })
    assert.equal(first?.place, 'batch')
  })

  it('offers a profile to those it is for, in lists, forms and starts alike', async () => {
    const [small, fixed] = raw.profiles
    const given = { profile: 'small', fields: {} }
    const offeredTo = { users: ['carol'], groups: ['hpc'], claims: { project: ['p1'] } }
    const some = openCatalogue(parseConfig({ ...raw, profiles: [{ ...small, offeredTo }, fixed] }, 'test'), sites)
    const spec = await catalogue.choose(alice, given)
    for (const [person, isOffered] of [
      [alice, false],
      [{ ...alice, isAdmin: true }, false],
      [{ ...alice, claims: { project: ['p2'], hpc: ['hpc'] } }, false],
      [{ ...alice, name: 'carol' }, true],
      [{ ...alice, groups: ['x', 'hpc'] }, true],
      [{ ...alice, claims: { project: ['p0', 'p1'] } }, true],
    ] as const) {
      assert.deepEqual(
        (await some.list(person)).map(({ key }) => key),
        isOffered ? ['small', 'fixed'] : ['fixed'],
      )
      assert.equal((await some.form(person, 'small')) !== null, isOffered)
      assert.equal((await some.recall(person, spec)) !== null, isOffered)
      if (isOffered) assert.equal((await some.choose(person, given)).profile.key, 'small')
      else await assert.rejects(some.choose(person, given), InvalidChoices)
    }
  })

  it('freezes a choice into a spec with the origin of each field', async () => {
    const spec = await catalogue.choose(alice, {
      profile: 'small',
      fields: { cores: '4', memory: '8', walltime: '1:30' },
    })

    assert.deepEqual(spec.resources, { cores: 4, memoryMiB: 8_192, gpus: 0, wallSeconds: 5_400 })
    assert.equal(spec.origin['resources.cores'], 'user')
    assert.equal(spec.origin['jobOptions.partition'], 'profile')
  })

  for (const [fields, words] of [
    [{ cores: '9' }, /9 cores is more than 8 cores. Ask for 8 cores or less/],
    [{ cores: '0' }, /0 cores is less than 1 core/],
    [{ cores: '2; rm -rf /' }, /cannot be read/],
    [{ memory: '32G' }, /32 GB is more than 16 GB. Ask for 16 GB or less/],
    [{ walltime: 'for ever' }, /cannot be read/],
  ] as const) {
    it(`refuses ${JSON.stringify(fields)} with what fits`, async () => {
      await assert.rejects(catalogue.choose(alice, { profile: 'small', fields }), (error: unknown) => {
        assert.ok(error instanceof InvalidChoices)
        assert.match(error.message, words)
        return true
      })
      const form = await catalogue.form(alice, 'small', fields)
      assert.match(form?.fields.find(({ error }) => error !== null)?.error ?? '', words)
    })
  }

  it('ends idle sessions only where the profile says so, and warns first', async () => {
    const limitsOf = async (limits: object) => {
      const profiles = [{ key: 'small', title: 'Small', cluster: 'larch', application: 'lab', limits }]
      const own = openCatalogue(parseConfig({ ...raw, profiles }, 'test'), sites)
      return (await own.choose(alice, { profile: 'small', fields: {} })).limits
    }
    assert.equal('idle' in (await limitsOf({})), false)
    assert.deepEqual((await limitsOf({ idle: '2h' })).idle, { seconds: 7_200, warnSeconds: 600, counts: 'all' })
    assert.deepEqual((await limitsOf({ idle: '4m' })).idle, { seconds: 240, warnSeconds: 120, counts: 'all' })
    assert.deepEqual((await limitsOf({ idle: '2h', idleWarning: '30m', idleCounts: 'browser' })).idle, {
      seconds: 7_200,
      warnSeconds: 1_800,
      counts: 'browser',
    })
    for (const [limits, words] of [
      [{ idle: '10m', idleWarning: '10m' }, /profiles\[0\]\.limits\.idleWarning.*must be shorter than "idle"/],
      [{ idle: '0s' }, /limits\.idle.*leave it out for no limit/],
      [{ idle: '2h', idleWarning: '0s' }, /people must be warned/],
      [{ idle: '2h', idleCounts: 'cpu' }, /limits\.idleCounts/],
    ] as const)
      await assert.rejects(limitsOf(limits), words)
  })

  it('knows who tells of each kind of application whether it is used', async () => {
    for (const [kind, activity] of [
      ['jupyterhub-singleuser', 'jupyter'],
      ['jupyter', 'jupyter'],
      ['command', 'traffic'],
    ] as const) {
      const applications = { lab: { kind, command: ['x', '{port}'] } }
      const own = openCatalogue(parseConfig({ ...raw, applications }, 'test'), sites)
      assert.equal((await own.choose(alice, { profile: 'fixed', fields: {} })).application.activity, activity)
    }
  })

  // batchspawner: what a user posted changed attributes of the spawner, and its templates. ProfilesSpawner: an unknown key was the default.
  for (const [profile, fields, words] of [
    ['fixed', { cores: '64' }, /^This profile has no option "cores". It has: none.$/],
    ['small', { core: '4' }, /^This profile has no option "core". Did you mean "cores"\?$/],
    ['small', { gpus: '4' }, /^This profile has no option "gpus". It has: cores, memory, walltime.$/],
    ['small', { constructor: 'x' }, /no option "constructor"/],
    ['small', { cores: '9', bogus: 'x' }, /no option "bogus".* Cores: 9 cores is more than 8 cores/],
  ] as const)
    it(`refuses ${JSON.stringify(fields)} for ${profile}, which it does not offer`, async () => {
      await assert.rejects(catalogue.choose(alice, { profile, fields }), (error: unknown) => {
        assert.ok(error instanceof InvalidChoices)
        assert.match(error.message, words)
        return true
      })
    })

  it('refuses a profile that is not offered, and says which are', async () => {
    for (const profile of ['__proto__', 'gone', '', 'Small'])
      await assert.rejects(
        catalogue.choose(alice, { profile, fields: {} }),
        new InvalidChoices({
          profile: `The profile ${JSON.stringify(profile)} is not offered to you. Choose one of: small, fixed.`,
        }),
      )
    assert.equal(await catalogue.form(alice, 'gone'), null)
  })

  it('recalls what to ask for to get the same again', async () => {
    const given = { profile: 'small', fields: { cores: '3', memory: '2', walltime: '2:00' } }
    assert.deepEqual(await catalogue.recall(alice, await catalogue.choose(alice, given)), given)
  })
})

describe('memory and time in a form', () => {
  it('come back to the same value, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1_024, max: 16_384 }),
        fc.integer({ min: 600, max: 28_800 }),
        async (memory, seconds) => {
          const spec = await catalogue.choose(alice, {
            profile: 'small',
            fields: { cores: '1', memory: `${memory}M`, walltime: `${seconds}s` },
          })
          const given = await catalogue.recall(alice, spec)
          assert.ok(given)
          assert.deepEqual((await catalogue.choose(alice, given)).resources, spec.resources)
        },
      ),
    )
  })
})

describe('optionProblems', () => {
  it('names profile and option', () => {
    const [profile] = config.profiles
    assert.ok(profile)
    const wrong = { ...profile, options: { partition: 'a b', quue: 'x' } }
    const problems = optionProblems([wrong], () => driver)

    assert.deepEqual(problems.map(({ path }) => path).sort(), [
      'profiles[0].options.partition',
      'profiles[0].options.quue',
    ])
  })
  it('says which options there are', () => {
    const [profile] = config.profiles
    assert.ok(profile)
    const wrong = { ...profile, options: { queue: 'batch' } }
    const asked = { ...profile, choose: { ...profile.choose, options: { queue: '{groups}' as const } } }

    for (const [one, path] of [
      [wrong, 'profiles[0].options.queue'],
      [asked, 'profiles[0].choose.options.queue'],
    ] as const)
      assert.deepEqual(
        optionProblems([one], () => driver),
        [{ path, message: 'unknown key; known here: partition' }],
      )
  })
})
