import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { keptCompiled } from './testing/kept-compiled.ts'

const run = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const argv = ['--conditions=source', join(import.meta.dirname, 'main.ts'), 'doctor', ...args]
    execFile(
      process.execPath,
      argv,
      { cwd: '/', env: { PATH: process.env.PATH, ...keptCompiled } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })

describe('batchway doctor', { concurrency: 2 }, () => {
  let folder: string
  const write = (name: string, text: string): string => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  }
  let good: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchway-doctor-'))
    good = write(
      'good.yaml',
      `stateDirectory: ${folder}/not-there
listen: ["unix:${folder}/web.sock"]
hub: { internal: ["127.0.0.1:1"] }
clusters: { here: { driver: local } }
applications: { lab: { kind: jupyter } }
profiles: [{ key: small, title: Small, cluster: here, application: lab }]
`,
    )
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const [args, words] of [
    ['--as root', /no session ever runs as root/],
    ['--as=-u', /write a login name/],
    ['--nonsense', /unknown option/],
    ['extra', /too many arguments/],
    ['', /there is no configuration/],
  ] as const)
    it(`calls "${args}" wrong use`, async () => {
      const { code, stdout, stderr } = await run(...args.split(' ').filter(Boolean))
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, words)
      assert.doesNotMatch(stderr, /\n\s+at /)
    })
  it('calls an unknown cluster wrong use, and names those that are known', async () => {
    const { code, stderr } = await run(`--config=${good}`, '--cluster=there')
    assert.equal(code, 2)
    assert.match(stderr, /no cluster there in .*good.yaml; known: here/)
  })
  it('tells every problem of a configuration, and nothing else', async () => {
    const bad = write('bad.yaml', 'stateDirectory: relative\nclusters: {}\n')
    const { code, stdout } = await run(`--config=${bad}`)
    assert.equal(code, 1)
    assert.match(stdout, /^problem {2}Configuration: stateDirectory: write an absolute path$/m)
    assert.match(stdout, /\n\n\d problem\n$/)
    const { summary, findings } = JSON.parse((await run(`--config=${bad}`, '--json')).stdout)
    assert.equal(summary.problem, findings.length)
    assert.equal((await run(`--config=${folder}/none.yaml`)).code, 1)
  })
  it('is one JSON document, also where nothing runs yet', async () => {
    const { code, stdout, stderr } = await run(`--config=${good}`, '--json', '--no-job')
    const { config, findings, interrupted } = JSON.parse(stdout)
    assert.equal(stderr, '')
    assert.deepEqual([config, interrupted], [good, false])
    assert.equal(findings[0].check, 'configuration')
    assert.equal(code, 1) // nobody answers for the local scheduler, and as root the account is a problem by itself
  })
})
