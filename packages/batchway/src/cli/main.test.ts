import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { keptCompiled } from './testing/kept-compiled.ts'

const run = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const argv = ['--conditions=source', join(import.meta.dirname, 'main.ts'), ...args]
    execFile(
      process.execPath,
      argv,
      { cwd: '/', env: { PATH: process.env.PATH, ...keptCompiled } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })

describe('the command batchway', { concurrency: 2 }, () => {
  it('tells what the system refused, without its own sentence', async () => {
    const { code, stderr } = await run('report', '--from-log', '/none/events.jsonl')
    assert.equal(code, 1)
    assert.equal(stderr, 'batchway: cannot open /none/events.jsonl: there is no such file or folder [ENOENT]\n')
  })

  it('lists its commands', async () => {
    const { code, stdout } = await run('--help')
    assert.equal(code, 0)
    for (const name of [
      'agent',
      'audit',
      'config',
      'doctor',
      'front-config',
      'hub',
      'import',
      'init',
      'link',
      'proxy',
      'start',
      'who',
      'user',
      'group',
      'token',
      'server',
      'service',
    ])
      assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'))
  })
  for (const command of [
    'start',
    'hub',
    'proxy',
    'link',
    'audit',
    'agent install',
    'config check',
    'config show',
    'config schema',
    'config drivers',
    'doctor',
    'front-config',
    'import profiles',
    'init',
    'setup all',
    'who',
    'user list',
    'server start',
  ])
    it(`explains ${command}`, async () => {
      const { code, stdout } = await run(...command.split(' '), '--help')
      assert.equal(code, 0)
      assert.match(stdout, new RegExp(`^Usage: batchway ${command}`))
      assert.doesNotMatch(stdout, /report-missing/)
    })
  for (const [args, words] of [
    ['strat', /unknown command 'strat'.*Did you mean start/s],
    ['start --prot 1', /unknown option '--prot'.*Did you mean --port/s],
    ['start extra', /too many arguments/],
    ['start --port 0', /write a port from 1 to 65535/],
    ['start --base-path a/../b', /write a path of letters/],
    ['init --instance Physics.1', /write a name of lower-case letters, digits and "-", such as "physics"/],
    ['init --scheduler slurmy', /Allowed choices are slurm, pbs, torque/],
    ['init --url hpc.example.edu', /write a full address such as/],
    ['init --letters abc', /write two characters of 0-9 and a-z/],
    ['link', /missing required argument 'user'/],
    ['link alice --valid 5d', /write a duration from 10s to 24h/],
    ['audit --since yesterday', /write a duration such as "2d", or a time such as 2026-01-31T12:00/],
    ['audit --action sing-in', /there is no action of this name; there are: admin-granted, /],
    ['audit --limit 0', /write a number from 1 to 100000/],
    ['hub', /there is no configuration: write batchway.yaml, or give --config FILE/],
    ['config check --config=/nowhere.yaml', /\/nowhere.yaml has 1 problem:\n.*there is no such file/],
  ] as const)
    it(`refuses "${args}" in words`, async () => {
      const { code, stdout, stderr } = await run(...args.split(' '))
      assert.equal(code, 1)
      assert.equal(stdout, '')
      assert.match(stderr, words)
      assert.doesNotMatch(stderr, /\n\s+at /)
    })
  it('says which drivers have not met a real server, in their list and of a site that uses one', async () => {
    const { stdout } = await run('config', 'drivers')
    assert.match(stdout, /^slurm +Slurm\n(?! )/m)
    assert.match(stdout, /^lsf +IBM Spectrum LSF\n +Not run against a real server/m)

    const folder = mkdtempSync(join(tmpdir(), 'batchway-drivers-'))
    const file = join(folder, 'batchway.yaml')
    const clusters = `clusters: { birch: { driver: pbs, agent: /opt/agent }, larch: { driver: slurm, agent: /opt/agent } }`
    const offers = `applications: { lab: { kind: jupyterhub-singleuser } }\nprofiles: [{ key: lab, title: Lab, cluster: birch, application: lab, resources: { cores: 1, memory: 1G, walltime: 1h } }]`
    writeFileSync(file, `stateDirectory: ${folder}\n${clusters}\n${offers}\n`, { mode: 0o600 })
    const checked = await run('config', 'check', `--config=${file}`)
    rmSync(folder, { recursive: true })
    assert.equal(checked.stderr, '')
    assert.match(
      checked.stdout,
      /^clusters\.birch: driver pbs: Not run against a real server[^\n]*\n[^\n]*: no problems\n$/,
    )
  })
  it('ends as the commands over the API say', async () => {
    const { code, stdout, stderr } = await run('user', 'list')
    assert.deepEqual([code, stdout], [3, ''])
    assert.match(stderr, /^batchway: which hub\? Give --url https:/)
  })
})
