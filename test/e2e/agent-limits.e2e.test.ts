/** What ends because time passes: on real Slurm and on `local`, told on pages and by the API. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext } from 'playwright-core'
import { type SessionView, sessionOf, untilState } from './support/api.ts'
import { launch, openBrowser, openPage, signIn } from './support/browser.ts'
import { openKernel } from './support/kernel.ts'
import { openSite, type Site } from './support/site.ts'
import { assertTold } from './support/told.ts'
import { nothing, tracesOf } from './support/traces.ts'
import { until } from './support/until.ts'

const saver = '/var/tmp/batchway-bench/saver.py'
const home = '/home/alice'
/** Files of this test in her home. */
const mark = '.batchway-test-q1'
const saved = { plain: `${mark}-plain`, suspended: `${mark}-suspended` }
const notes = ['all', 'browser'].flatMap((counts) => [`${mark}-${counts}-begun`, `${mark}-${counts}-done`])

const size = { cores: 1, memory: '300M', walltime: '10m' }
const idle = { idle: '30s', idleWarning: '15s' }
const saverOf = (file: string) => ({
  kind: 'command',
  title: 'Saver',
  command: ['/usr/bin/python3', saver, '{port}', file],
})
const onLarch = (application: string, more: object = {}) => ({
  title: application,
  cluster: 'slurm',
  application,
  resources: size,
  options: { partition: 'debug' },
  ...more,
})
const twoMinutes = { resources: { ...size, walltime: '2m' } }

const applications = {
  'saver-plain': saverOf(saved.plain),
  'saver-suspended': saverOf(saved.suspended),
}
const profiles: Readonly<Record<string, object>> = {
  plain: onLarch('saver-plain', twoMinutes),
  suspended: onLarch('saver-suspended', twoMinutes),
  unused: onLarch('classic', { resources: { ...size, memory: '1G' }, limits: idle }),
  'unused-here': {
    title: 'Here',
    cluster: 'local',
    application: 'saver-plain',
    resources: size,
    limits: idle,
  },
  all: {
    title: 'Kernel counts',
    cluster: 'local',
    application: 'lab',
    resources: { ...size, memory: '2G' },
    limits: idle,
  },
  browser: {
    title: 'Browser counts',
    cluster: 'local',
    application: 'lab',
    resources: { ...size, memory: '2G' },
    limits: { ...idle, idleCounts: 'browser' },
  },
}

const jobState = (job: string | null): string =>
  /JobState=(\w+)/.exec(execFileSync('scontrol', ['show', 'job', job ?? ''], { encoding: 'utf8' }))?.[1] ?? ''
const removeFiles = (): void => {
  for (const file of [...Object.values(saved), ...notes]) rmSync(join(home, file), { force: true })
}

describe('sessions that end because time passes', { concurrency: true }, () => {
  let site: Site
  let browser: Browser
  let context: BrowserContext
  before(async () => {
    copyFileSync(join(import.meta.dirname, 'support/saver.py'), saver)
    removeFiles()
    site = await openSite({
      instance: 'q1',
      change(config) {
        Object.assign(config.applications as object, applications)
        const own = Object.entries(profiles).map(([key, profile]) => ({ key, ...profile }))
        config.profiles = [...(config.profiles as object[]), ...own]
      },
    })
    browser = await openBrowser()
    context = await signIn(browser, site, 'alice')
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
    removeFiles()
  })

  /** Each test starts its own: an idle limit waits for nobody. */
  async function started(server: string): Promise<void> {
    const page = await openPage(context)
    await launch(page, site, server, `alice/${server}`)
    await page.close()
  }

  const ended = async (server: string, limitMs: number): Promise<SessionView> => {
    const session = await untilState(context, site, 'alice', server, 'ended', limitMs)
    const { cluster, url, id } = session
    await until(
      `nothing is left of ${server}`,
      async () => {
        assert.deepEqual(await tracesOf(site, { id, url, cluster }), nothing)
        return true
      },
      60_000,
    )
    return session
  }

  /** The first warning that the API tells, and the same on the session's page and in its history. */
  async function warned(server: string, about: string, limitMs: number): Promise<SessionView> {
    const session = await until(
      `a warning of ${server}`,
      async () => {
        const now = await sessionOf(context, site, 'alice', server)
        return now.warnings.length > 0 ? now : null
      },
      limitMs,
    )
    assert.deepEqual(
      session.warnings.map((warning) => warning.about),
      [about],
      JSON.stringify(session),
    )
    const cookies = await context.cookies(`${site.url}hub/`)
    const token = cookies.find(({ name, path }) => name === '_xsrf' && path === `${site.base}hub/`)?.value ?? ''
    const answer = await context.request.get(`${site.url}hub/api/users/alice/sessions/${session.id}/events`, {
      headers: { 'X-XSRFToken': token },
    })
    const events: { type: string }[] = await answer.json()
    assert.ok(
      events.some(({ type }) => type === 'warning'),
      JSON.stringify(events),
    )
    return session
  }

  const savedAt = (file: string): number => Number(readFileSync(join(home, file), 'ascii')) * 1000

  it('are warned, and closed in order before their walltime is over', async () => {
    await started('plain')
    await untilState(context, site, 'alice', 'plain', 'ready', 120_000)
    const { warnings, id, ends } = await warned('plain', 'walltime', 180_000)
    assert.match(warnings[0]?.sentence ?? '', /^Saver is closed at \d\d:\d\d UTC: its time of 2 min is nearly over\.$/)
    const page = await openPage(context)
    await page.goto(`${site.url}hub/sessions/${id}`)
    assert.match(await page.locator('#ready-notices').innerText(), /\d\d:\d\d/)
    await page.close()

    const session = await ended('plain', 180_000)
    const { outcome, job_id: job } = session
    await assertTold(context, site, session, {
      code: 'walltime',
      chip: 'Walltime reached',
      sentence: /^Its time of 2 min was over at \d\d:\d\d\.$/,
      cause: /at most for the time it asked for/,
      next: /with more time if the profile allows it/,
      words: /^ended in order: the walltime is over in \d+ s$/,
      log: /^serving\nsaved$/m,
    })
    assert.equal(outcome?.code, 'walltime', JSON.stringify(outcome))
    assert.match(outcome?.words ?? '', /^ended in order: the walltime is over in \d+ s$/)
    assert.deepEqual(outcome?.log.slice(-1), ['saved'])
    assert.ok(savedAt(saved.plain) < Date.parse(ends ?? ''), 'saved before the scheduler would have killed it')
    assert.notEqual(jobState(job), 'TIMEOUT')
    assert.ok((outcome?.use?.memory_peak_mib ?? 0) > 1, JSON.stringify(outcome))
  })

  it('are not closed too early when they were suspended', async () => {
    await started('suspended')
    const { ends, job_id: job } = await until(
      'the end is known',
      async () => {
        const session = await sessionOf(context, site, 'alice', 'suspended')
        return session.state === 'ready' && session.ends !== null ? session : null
      },
      120_000,
    )
    execFileSync('scontrol', ['suspend', job ?? ''])
    await until('the end that was told has passed', () => Date.now() > Date.parse(ends ?? ''), 180_000)
    execFileSync('scontrol', ['resume', job ?? ''])
    const { outcome } = await ended('suspended', 300_000)
    assert.equal(outcome?.code, 'walltime', JSON.stringify(outcome))
    assert.ok(savedAt(saved.suspended) > Date.parse(ends ?? ''), 'after the end that was told before the suspension')
    assert.notEqual(jobState(job), 'TIMEOUT')
  })

  for (const server of ['unused', 'unused-here'])
    it(`are warned and stopped when nobody uses them (${server})`, async () => {
      await started(server)
      await untilState(context, site, 'alice', server, 'ready', 180_000)
      const { warnings } = await warned(server, 'idle', 120_000)
      assert.match(warnings[0]?.next ?? '', /use it, and it goes on/)
      await assertTold(context, site, await ended(server, 120_000), {
        code: 'idle',
        chip: 'Stopped, idle',
        sentence: /^Nobody used it for 30 s, so it was stopped at \d\d:\d\d\.$/,
        cause: /stops sessions that nobody uses/,
        next: /^Start it again/,
        words: /nobody used it for \d+ s/,
        log: server === 'unused' ? /NotebookApp/ : /^serving\nsaved$/m,
      })
    })

  /** Start a computation of a minute and a half, and close the page. */
  async function compute(counts: 'all' | 'browser'): Promise<void> {
    await started(counts)
    const { url, full_url } = await untilState(context, site, 'alice', counts, 'ready', 180_000)
    const page = await openPage(context)
    await page.goto(`${full_url}lab`)
    // The page that waits for it may have come first, and goes on by itself; and JupyterLab may choose another workspace, and load itself anew.
    await page.locator('#jp-main-dock-panel').waitFor({ timeout: 120_000 })
    const kernel = await openKernel(page, url)
    const code = [
      'import time',
      `open('${home}/${mark}-${counts}-begun', 'w').close()`,
      'time.sleep(90)',
      `open('${home}/${mark}-${counts}-done', 'w').close()`,
    ].join('\n')
    const running = kernel.run(code).catch(() => 'the page was closed')
    await until('the kernel computes', () => existsSync(join(home, `${mark}-${counts}-begun`)), 60_000)
    await page.close()
    await running
  }
  const isDone = (counts: string): boolean => existsSync(join(home, `${mark}-${counts}-done`))

  it('are not idle while a kernel computes, though nobody looks', async () => {
    await compute('all')
    const { outcome } = await ended('all', 300_000)
    assert.deepEqual([outcome?.code, isDone('all')], ['idle', true], JSON.stringify(outcome))
  })

  it('are idle all the same where only the browser counts', async () => {
    await compute('browser')
    const { outcome } = await ended('browser', 300_000)
    assert.deepEqual([outcome?.code, isDone('browser')], ['idle', false], JSON.stringify(outcome))
  })
})
