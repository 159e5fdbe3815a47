import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { siteProblems } from '../../app/site-problems.ts'
import { ConfigError } from '../../core/config-error.ts'
import { parseConfig } from '../../core/parse-config.ts'
import { type Asked, choose } from './choices.ts'
import { commentedYaml } from './commented-yaml.ts'
import { configText } from './config-text.ts'
import type { Recorded } from './recorded.ts'
import { siteSections } from './site-config.ts'
import { bare, everyHost, founding, gridEngine, htcondor, nothingAsked, slurm } from './testing-hosts.ts'

const made = (host: Recorded, asked: Partial<Asked> = {}) => choose(host, { ...nothingAsked, ...asked }, [])

describe('configText', () => {
  for (const [name, host] of Object.entries(everyHost))
    for (const asked of [
      {},
      { instance: 'physics' },
      { front: 'apache', signOn: 'openidc' },
      { front: 'nginx' },
    ] as const)
      it(`is a configuration that the hub takes, and so is each proposal in it: ${name} ${JSON.stringify(asked)}`, () => {
        const choices = made(host, asked)
        const { config, text } = configText(choices)
        assert.equal(config.instance, choices.letters)
        // What is written as a comment is as right as what stands there.
        for (const { instead = [] } of siteSections(choices).sections)
          for (const { value, words } of instead) {
            const other = { ...parse(text), ...value }
            parseConfig(other, words, (parts) => siteProblems(parts, []))
          }
      })

  it('would not be taken with a key that nobody knows: what is read back is the real schema', () => {
    const { text } = configText(made(slurm))
    assert.throws(() => parseConfig({ ...parse(text), clusterz: {} }, 'made'), ConfigError)
  })

  it('offers each queue with its limits', () => {
    const { profiles, clusters } = configText(made(slurm)).config
    assert.deepEqual(
      profiles.map(({ key, resources, choose: chosen, options }) => [
        key,
        resources.walltime,
        chosen.walltime?.[1],
        resources.gpus,
        options,
      ]),
      [
        ['larch-debug', 1_800, 1_800, 0, { partition: 'debug' }],
        ['larch-gpu', 14_400, 86_400, 1, { partition: 'gpu' }],
      ],
    )
    assert.deepEqual([clusters.larch?.driver, clusters.larch?.transport], ['slurm', 'sudo'])
    assert.deepEqual(configText(made(gridEngine)).config.clusters.alder?.settings, { parallelEnvironment: 'shm' })
    assert.deepEqual(configText(made(htcondor)).config.profiles[0]?.options, {})
  })
  it('is a site of this host alone, without a scheduler', () => {
    const { config } = configText(made(bare))
    assert.deepEqual(Object.keys(config.clusters), ['local'])
    assert.deepEqual(config.hub.internal, ['127.0.0.1:8081'])
  })
  it('believes Apache by a secret, and lets people in by links beside it', () => {
    const { config, text } = configText(made(founding))
    assert.deepEqual(
      config.signIn.map(({ type }) => type),
      ['header', 'link'],
    )
    assert.deepEqual(
      [config.proxy.trustedFronts, config.proxy.frontSecretFile],
      [['127.0.0.1', '::1'], '/etc/batchway/front.secret'],
    )
    assert.match(text, /# How people sign in: by apache, which has mod_shib \(Shibboleth\)/)
    assert.match(text, /# Also here: nginx/)
  })
  it('holds no secret', () => assert.doesNotMatch(configText(made(founding)).text, /[0-9a-f]{32}/))
  it('is the same for the same host', () =>
    assert.equal(configText(made(founding)).text, configText(made(founding)).text))

  it('is taken whatever queues are called, and whatever they allow', () => {
    const row = fc.tuple(
      fc.string({ minLength: 1, maxLength: 30 }),
      fc.constantFrom('30:00', '0:01', 'infinite', '7-00:00:00', '400-00:00:00', '1:00'),
      fc.integer({ min: 1, max: 4_096 }),
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.constantFrom('(null)', 'gpu:4', 'gpu:a100:4,gpu:v100:2', 'gpu:a b:1'),
    )
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), fc.string(), (rows, name) => {
        const stdout = rows
          .map(
            ([queue, limit, cores, memory, gres]) =>
              `${[queue, 'up', limit, cores, memory, gres, '0/1/0/1'].join('\x1f')}\x1f\n`,
          )
          .join('')
        const answers = {
          ...slurm.answers,
          'slurm partitions': { code: 0, stdout, stderr: '' },
          'slurm settings': { code: 0, stdout: `ClusterName = ${name}\n`, stderr: '' },
        }
        const { config } = configText(made({ ...slurm, answers }))
        assert.ok(config.profiles.length >= 1)
      }),
      { numRuns: 25 },
    )
  })
})

describe('commentedYaml', () => {
  it('lets no text out of its comment', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (why, words) => {
        const text = commentedYaml(
          [why],
          [{ why: [words], value: { admins: ['alice'] }, instead: [{ words, value: { admins: [why] } }] }],
        )
        assert.deepEqual(parse(text), { admins: ['alice'] })
      }),
    ))
})
