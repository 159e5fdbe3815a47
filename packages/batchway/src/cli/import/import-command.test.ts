import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { parseConfig } from '../../core/parse-config.ts'
import { keptCompiled } from '../testing/kept-compiled.ts'

const main = join(import.meta.dirname, '../main.ts')
const talk = join(import.meta.dirname, '../../profiles/import/testdata/founding-talk.py')
const run = (input: string, ...args: string[]) =>
  spawnSync(process.execPath, ['--conditions=source', main, 'import', 'profiles', ...args], {
    input,
    encoding: 'utf8',
    env: { ...process.env, ...keptCompiled },
  })

describe('batchway import profiles', () => {
  it('prints profiles that a configuration takes as they are, and reports each setting', () => {
    const { status, stdout, stderr } = run(
      '',
      talk,
      '--application',
      'lab',
      '--cluster',
      'batchspawner.TorqueSpawner=mesabi:slurm',
      '--queue',
      'ram256g=batch',
    )
    assert.equal(status, 0)
    const { profiles } = parseConfig(
      {
        stateDirectory: '/s',
        clusters: { local: { driver: 'local' }, mesabi: { driver: 'slurm' }, labhost: { driver: 'torque' } },
        applications: { lab: { kind: 'jupyter' } },
        ...parse(stdout),
      },
      'test',
    )
    assert.deepEqual(
      profiles.map(({ key, options }) => [key, options]),
      [
        ['local', {}],
        ['mesabi2c4g12h', { partition: 'mesabi' }],
        ['mesabi128gb', { partition: 'batch' }],
        ['small', { queue: 'small' }],
      ],
    )
    assert.match(stdout, /^#\s+labhost:\n#\s+driver: torque$/m)
    assert.match(stderr, /req_queue = "ram256g": maps to options\.partition, as batch/)
    assert.match(stderr, /^4 whole, 0 in part, 0 not at all$/m)
  })

  it('reads standard input, as Python unless told otherwise', () => {
    assert.equal(run(readFileSync(talk, 'utf8'), '-', '--quiet').status, 0)
    const yaml = run(
      '[[T, t, batchspawner.SlurmSpawner, {req_nprocs: 2}]]',
      '-',
      '--format',
      'yaml',
      '--json',
      '--quiet',
    )
    assert.equal(yaml.stderr, '')
    assert.equal(JSON.parse(yaml.stdout).profiles[0].profile.resources.cores, 2)
  })

  it('ends with 2 where something has to be decided, and keeps it as a comment that is only one', () => {
    const list = `profiles = [
      ('A', 'a', 'batchspawner.SlurmSpawner', dict(req_prologue='x\\u2028y: [z')),
      ('B: [\\u202e', 'b', 'docker.Spawner', {})]`
    const { status, stdout, stderr } = run(list, '-')
    assert.equal(status, 2)
    assert.match(stdout, /# DOES NOT MAP: req_prologue/)
    assert.match(stdout, /# NOT TAKEN OVER: docker\.Spawner: Batchway has no driver for containers/)
    assert.deepEqual(
      parse(stdout).profiles.map(({ key }: { key: string }) => key),
      ['a'],
    )
    assert.doesNotMatch(stderr, /[\u2028\u202e]/)
    assert.match(stderr, /^0 whole, 1 in part, 1 not at all$/m)
  })

  for (const [input, args, words] of [
    ['x = 1', ['-'], /standard input: there is no list of profiles/],
    ['profiles = [f()]', ['-'], /standard input: line 1, column 13: f\(…\): nothing is called here/],
    ['', ['/nowhere/x.py'], /there is no such file/],
    ['', ['-', '--cluster', 'x'], /write CLASS=KEY/],
    ['', ['-', '--format', 'toml'], /write "python" or "yaml"/],
  ] as const)
    it(`ends with 1 and words for ${JSON.stringify(input || args)}`, () => {
      const { status, stdout, stderr } = run(input, ...args)
      assert.deepEqual([status, stdout], [1, ''])
      assert.match(stderr, words)
    })
})
