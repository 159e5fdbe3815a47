import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openCollector, reportsOnly, type Served, serve, standIn } from './collector.ts'
import { findReport, type JobReport } from './job-report.ts'
import { type ProbeOrder, renderProbeScript } from './probe-script.ts'

describe('the script of the probe job', { concurrency: true }, () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchway-probe-'))
    mkdirSync(join(folder, 'agent/dist'), { recursive: true })
    writeFileSync(join(folder, 'agent/dist/bin.js'), '')
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const orderOf = (change: Partial<ProbeOrder>): ProbeOrder => ({
    agentDir: join(folder, 'agent'),
    node: process.execPath,
    hubUrl: 'http://127.0.0.1:9/hub/api',
    collectors: [],
    log: null,
    staySeconds: 0,
    notAfter: 4_000_000_000,
    applications: [],
    inComment: false,
    ...change,
  })
  interface Ran {
    readonly code: number | null
    readonly stdout: string
    readonly report: JobReport | null
  }
  async function run(change: Partial<ProbeOrder>, environment: Record<string, string> = {}): Promise<Ran> {
    const child = spawn('/bin/sh', [], { cwd: '/', env: { PATH: process.env.PATH, HOME: folder, ...environment } })
    let stdout = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stdin.end(renderProbeScript(orderOf(change)))
    const [code] = await once(child, 'close')
    return { code, stdout, report: findReport(stdout) }
  }

  async function openHub(): Promise<{ url: string; seen: () => JobReport | null; served: Served }> {
    const collector = openCollector('/hub/api/doctor/n', Date.now)
    const served = await serve(
      '127.0.0.1',
      0,
      standIn(collector, { apiPath: '/hub/api', version: '0.1.0', site: 'k3fzzzzzz' }),
    )
    return { url: `http://127.0.0.1:${served.port}`, seen: () => collector.latest()?.facts ?? null, served }
  }

  it('is a script, whole or cut anywhere', () => {
    const script = renderProbeScript(orderOf({ collectors: ['http://h:1/x'], log: '/home/a b/log', inComment: true }))
    assert.equal(spawnSync('/bin/sh', ['-n'], { input: script }).status, 0)
    for (const part of [0.3, 0.7, 0.99]) {
      const cut = script.slice(0, Math.floor(script.length * part))
      const { status, stdout } = spawnSync('/bin/sh', [], { input: cut, encoding: 'utf8' })
      assert.notEqual(status, 0)
      assert.equal(stdout, '')
    }
  })

  it('tells what it sees, by the first way that leads there', async () => {
    const hub = await openHub()
    await using _ = hub.served
    const { report } = await run({
      hubUrl: `${hub.url}/hub/api`,
      collectors: ['http://127.0.0.1:9/nobody', `${hub.url}/hub/api/doctor/n`],
    })

    assert.ok(report)
    assert.deepEqual(hub.seen(), report)
    assert.equal(report.homeState, 'ok')
    assert.equal(report.home, folder)
    assert.equal(report.seesAgent, true)
    assert.deepEqual(report.runtime, { starts: true, words: process.version })
    assert.deepEqual(report.hub, {
      by: 'node',
      status: 200,
      version: '0.1.0',
      site: 'k3fzzzzzz',
      error: null,
      address: '127.0.0.1',
    })
    assert.ok(report.clock !== null && Math.abs(report.clock - Date.now() / 1_000) < 120)
    assert.equal(report.isComplete, true)
  })

  it('asks by bash where the runtime does not start', async () => {
    const hub = await openHub()
    await using _ = hub.served
    const { report } = await run({
      node: '/bin/false',
      hubUrl: `${hub.url}/hub/api`,
      collectors: [`${hub.url}/hub/api/doctor/n`],
    })

    assert.equal(report?.runtime.starts, false)
    assert.deepEqual(report?.hub, {
      by: 'bash',
      status: 200,
      version: '0.1.0',
      site: 'k3fzzzzzz',
      error: null,
      address: null,
    })
    assert.deepEqual(hub.seen(), report)
    const refused = await run({ node: '/bin/false' })
    assert.match(refused.report?.hub.error ?? '', /Connection refused/)
  })

  it('tells how the hub could not be reached', async () => {
    const other = await serve('127.0.0.1', 0, reportsOnly(openCollector('/x', Date.now)))
    await using _ = other
    const ask = async (hubUrl: string) => (await run({ hubUrl })).report?.hub
    assert.equal((await ask('http://127.0.0.1:9/hub/api'))?.error, 'ECONNREFUSED')
    assert.match((await ask('http://no-such-host.invalid/hub/api'))?.error ?? '', /ENOTFOUND|EAI_AGAIN|ETIMEDOUT/)
    const elsewhere = await ask(`http://127.0.0.1:${other.port}/hub/api`)
    assert.deepEqual([elsewhere?.status, elsewhere?.version], [404, null])
  })

  it('tells homes that are missing or cannot be written', async () => {
    const { report } = await run({}, { HOME: '/nowhere' })
    assert.equal(report?.homeState, 'missing')
    assert.equal((await run({}, { HOME: '/proc' })).report?.homeState, 'not-writable')
  })

  it('names proxies without their values, and knows whom no_proxy exempts', async () => {
    const hubUrl = 'http://login1.cluster.example:9/hub/api'
    const proxy = { http_proxy: 'http://user:secret@proxy:3128' }
    const { report, stdout } = await run({ hubUrl }, proxy)
    assert.deepEqual(report?.proxies, ['http_proxy'])
    assert.equal(report?.isHubExempt, false)
    assert.doesNotMatch(Buffer.from(stdout.split(':')[1] ?? '', 'base64').toString(), /secret/)
    for (const exempt of ['localhost,login1.cluster.example', '.cluster.example', 'cluster.example', '*'])
      assert.equal((await run({ hubUrl }, { ...proxy, no_proxy: exempt })).report?.isHubExempt, true, exempt)
  })

  it('looks for applications behind their modules and prologues, whatever these print', async () => {
    const application = { key: 'a', program: 'sh', modules: [], prologue: '' }
    const { report } = await run({
      applications: [
        application,
        { ...application, key: 'b', program: 'no-such-program' },
        { ...application, key: 'c', modules: ['jupyter/4'] },
        { ...application, key: 'd', prologue: 'echo ok /forged\nfalse' },
        { ...application, key: 'e', program: 'onlyhere', prologue: `onlyhere() { :; }\necho "it's noisy"` },
        { ...application, key: 'f', prologue: 'exit 3' },
      ],
    })

    const { a = '', ...rest } = Object.fromEntries(report?.applications ?? [])
    assert.match(a, /^ok \/.*\/sh$/)
    assert.deepEqual(rest, { b: 'missing', c: 'module jupyter/4', d: 'prologue', e: 'ok onlyhere', f: '' })
    assert.equal(report?.isComplete, true)
  })

  it('ends at once when it starts too late, and removes its log in the end', async () => {
    const log = join(folder, 'late.log')
    writeFileSync(log, 'x')
    const { code, stdout } = await run({ notAfter: 1, log })
    assert.deepEqual([code, stdout], [0, ''])
    assert.equal(existsSync(log), false)
  })

  it('stays until it is cancelled, and then removes its log', async () => {
    const log = join(folder, 'cancelled.log')
    writeFileSync(log, 'x')
    const child = spawn('/bin/sh', [], { cwd: '/', env: { PATH: process.env.PATH, HOME: folder }, detached: true })
    child.stdin.end(renderProbeScript(orderOf({ log, staySeconds: 300 })))
    let told = ''
    for await (const chunk of child.stdout) {
      told += chunk
      if (findReport(told)?.isComplete) break
    }
    assert.equal(existsSync(log), true)
    const ended = child.exitCode === null ? once(child, 'exit') : null
    // As a scheduler does it: to the whole job. Its sleep must not keep it.
    process.kill(-(child.pid ?? Number.NaN), 'SIGTERM')
    await ended
    assert.equal(child.exitCode, 0)
    assert.equal(existsSync(log), false)
  })
})

describe('the collector', () => {
  const post = async (url: string, body: string): Promise<number> => (await fetch(url, { method: 'POST', body })).status
  it('takes reports at its secret path alone, and nothing that is none', async () => {
    const collector = openCollector('/secret', () => 5)
    await using served = await serve('127.0.0.1', 0, reportsOnly(collector))
    const url = `http://127.0.0.1:${served.port}`

    assert.equal(await post(`${url}/guess`, 'batchway-doctor=1\n'), 404)
    assert.equal(await post(`${url}/secret`, 'hello'), 400)
    assert.equal(collector.latest(), null)
    assert.equal(await post(`${url}/secret`, 'batchway-doctor=1\nhost=n1\ncomplete=1\n'), 204)
    assert.equal(await post(`${url}/secret`, 'batchway-doctor=1\nhost=late\n'), 204)
    assert.deepEqual([collector.latest()?.facts.host, collector.latest()?.at], ['n1', 5])
  })
  it('keeps agents waiting when it stands in for a hub', async () => {
    const listener = standIn(openCollector('/secret', Date.now), {
      apiPath: '/hub/api',
      version: '0.1.0',
      site: 'k3fzzzzzz',
    })
    await using served = await serve('127.0.0.1', 0, listener)
    const url = `http://127.0.0.1:${served.port}`

    assert.equal(await post(`${url}/hub/api/agent/claim`, '{}'), 503)
    assert.equal(await post(`${url}/hub/api/agent/report`, '{}'), 503)
    const version = await fetch(`${url}/hub/api`)
    assert.deepEqual([version.status, version.headers.get('x-batchway-version')], [200, '0.1.0'])
    assert.equal((await fetch(`${url}/jupyter/hub/api`)).status, 404)
  })
})
