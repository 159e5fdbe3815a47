/** Every way in which a session ends by itself, on real Slurm, and what a person is told: on its page, on Home, in the history, by the API. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type SessionView, sessionOf, sessionsOf, untilState } from './support/api.ts'
import { launch, openBrowser, openPage, signIn } from './support/browser.ts'
import { openSite, type Site } from './support/site.ts'
import { assertTold, type Told } from './support/told.ts'
import { nothing, slurmJobs, tracesOf } from './support/traces.ts'
import { until } from './support/until.ts'

/** Read by jobs of every account. */
const fate = '/var/tmp/batchway-bench/fate.py'
const fateOf = (...words: string[]) => ({
  kind: 'command',
  title: 'Fate',
  command: ['/usr/bin/python3', fate, '{port}', ...words],
})

const applications = {
  'fate-leave': fateOf('leave'),
  'fate-crash': fateOf('crash'),
  'fate-stay': fateOf('stay'),
  'fate-eat': fateOf('eat', '600'),
  'fate-mute': fateOf('mute'),
}

const profileOf = (application: string, resources: object = {}, more: object = {}) => ({
  title: `${application} on Larch`,
  cluster: 'slurm',
  application,
  resources: { cores: 1, memory: '300M', walltime: '10m', ...resources },
  options: { partition: 'debug' },
  ...more,
})

const profiles: Readonly<Record<string, object>> = {
  leave: profileOf('fate-leave'),
  crash: profileOf('fate-crash'),
  stay: profileOf('fate-stay'),
  minute: profileOf('fate-stay', { walltime: '1m' }),
  hungry: profileOf('fate-eat'),
  fed: profileOf('fate-eat', { memory: '900M' }),
  mute: profileOf('fate-mute', {}, { limits: { ready: '8s' } }),
  patient: profileOf('fate-mute'),
}

const scancel = (account: string, session: SessionView): void => {
  execFileSync('setpriv', [
    `--reuid=${account}`,
    `--regid=${account}`,
    '--init-groups',
    'scancel',
    session.job_id ?? '',
  ])
}

interface Case extends Told {
  readonly server: string
  readonly profile: string
  /** What somebody does to the session once it is in this state. */
  readonly act?: readonly [SessionView['state'], (session: SessionView, page: Page) => unknown]
  /** What “Used and asked” says. */
  readonly meter?: RegExp
}

const cases: readonly Case[] = [
  {
    server: 'nowhere',
    profile: 'slurm-nowhere',
    code: 'rejected',
    chip: 'Rejected',
    sentence: /^Larch did not accept the job at \d\d:\d\d\.$/,
    cause: /breaks a rule of the scheduler/,
    next: /Change what you ask for, then start it again\./,
    words: /invalid partition/i,
    log: null,
    shot: true,
  },
  {
    server: 'missing',
    profile: 'slurm-missing',
    code: 'application-not-found',
    chip: 'Application not found',
    sentence: /^Not there was not found on the node\.$/,
    cause: /program is missing there, or a module/,
    next: /Choose another profile, or tell your support\./,
    words: /\/opt\/nowhere\/server was not found/,
    log: /^batchway: \/opt\/nowhere\/server was not found on this node$/m,
  },
  {
    server: 'minute',
    profile: 'minute',
    code: 'walltime',
    chip: 'Walltime reached',
    sentence: /^Its time of 1 min was over at \d\d:\d\d\.$/,
    cause: /at most for the time it asked for/,
    next: /with more time if the profile allows it/,
    log: /fate: stay/,
  },
  {
    server: 'hungry',
    profile: 'hungry',
    code: 'out-of-memory',
    chip: 'Out of memory',
    sentence: /^It needed more than the 300 MB it had, so the node stopped it at \d\d:\d\d\.$/,
    cause: /A table or array larger than the memory/,
    next: /or read the data in pieces/,
    log: /fate: eat/,
    meter: /Memory, peak\s+300 MB of 300 MB: at the limit/,
    shot: true,
  },
  {
    server: 'by-herself',
    profile: 'stay',
    act: ['ready', (session) => scancel('alice', session)],
    code: 'cancelled-outside',
    chip: 'Cancelled',
    sentence: /^alice cancelled its job on Larch at \d\d:\d\d\.$/,
    cause: /with the scheduler’s own command, not on this page/,
    next: /^Start it again/,
    log: /fate: stay/,
  },
  {
    server: 'by-root',
    profile: 'stay',
    act: ['ready', (session) => scancel('root', session)],
    code: 'cancelled-outside',
    chip: 'Cancelled',
    sentence: /^root cancelled its job on Larch at \d\d:\d\d\.$/,
    cause: /with the scheduler’s own command, not on this page/,
    next: /^Start it again/,
    log: /fate: stay/,
  },
  {
    server: 'by-button',
    profile: 'stay',
    act: [
      'ready',
      async (session, page) => {
        await page.goto(`${new URL(session.full_url).origin}/hub/sessions/${session.id}`)
        await page.getByRole('button', { name: /^Stop/ }).first().click()
      },
    ],
    code: 'stopped-by-user',
    chip: 'Stopped',
    sentence: /^You stopped it at \d\d:\d\d\.$/,
    cause: /pressed Stop or Cancel/,
    next: /^Start it again/,
    log: /fate: stay/,
  },
  {
    server: 'mute',
    profile: 'mute',
    code: 'never-ready',
    chip: 'Never ready',
    sentence: /^Fate did not answer within 8 s\.$/,
    cause: /It hung while starting/,
    next: /Read the last log lines below/,
    words: /did not answer within 8 s/,
    log: /fate: mute/,
  },
  {
    server: 'leave',
    profile: 'leave',
    code: 'finished',
    chip: 'Finished',
    sentence: /^Fate ended by itself at \d\d:\d\d\.$/,
    cause: /shut down from inside/,
    next: /^Start it again/,
    log: /fate: leave\nall done/,
  },
  {
    server: 'crash',
    profile: 'crash',
    code: 'application-failed',
    chip: 'Application failed',
    sentence: /^Fate ended with an error \(exit code 3\) at \d\d:\d\d\.$/,
    cause: /It crashed, or its set-up is broken/,
    next: /Read the last log lines below/,
    words: /ended with status 3/,
    log: /reading settings\nKeyError: 'colour <of> the "sea" & sky'/,
    shot: true,
  },
]

/** The same programs and limits but for the one thing: these must go on. */
const controls = [
  { server: 'fed', profile: 'fed', state: 'ready' },
  { server: 'patient', profile: 'patient', state: 'starting' },
  { server: 'long', profile: 'stay', state: 'ready' },
] as const

describe('how sessions end on Slurm', { concurrency: true }, () => {
  let site: Site
  let browser: Browser
  let context: BrowserContext
  const over: Promise<unknown>[] = []
  before(async () => {
    copyFileSync(join(import.meta.dirname, 'support/fate.py'), fate)
    site = await openSite({
      instance: 'f1',
      change(config) {
        Object.assign(config.applications as object, applications)
        const own = Object.entries(profiles).map(([key, profile]) => ({ key, ...profile }))
        config.profiles = [...(config.profiles as object[]), ...own]
      },
    })
    browser = await openBrowser()
    context = await signIn(browser, site, 'alice')
    const page = await openPage(context)
    for (const { server, profile } of [...cases, ...controls]) await launch(page, site, profile, `alice/${server}`)
    await page.close()
  })
  after(async () => {
    await Promise.allSettled(over)
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
  })

  async function ends(expected: Case): Promise<void> {
    const { server, act } = expected
    const page = await openPage(context)
    if (act) await act[1](await untilState(context, site, 'alice', server, act[0]), page)
    else await page.goto(`${site.url}hub/spawn-pending/alice/${server}`)
    const session = await untilState(context, site, 'alice', server, 'ended', 130_000)

    await assertTold(context, site, session, expected)
    // A page that waited goes to its session's end by itself, at a moment of its own.
    await page.close()
    if (expected.meter) {
      const page = await openPage(context)
      await page.goto(`${site.url}hub/sessions/${session.id}`)
      // Accounting is the last to speak.
      await until(
        `the page says ${expected.meter}`,
        async () => {
          await page.reload()
          return expected.meter?.test(await page.locator('section[aria-labelledby=h-used]').innerText())
        },
        40_000,
      )
      await page.close()
    }

    const ref = { id: session.id, url: session.url, cluster: 'slurm' }
    await until(
      `nothing is left of ${server}`,
      async () => {
        const traces = await tracesOf(site, ref)
        assert.deepEqual(traces, nothing)
        return true
      },
      30_000,
    )
    assert.equal((await context.request.get(session.full_url)).status(), 424)
  }

  for (const expected of cases) {
    it(`says “${expected.chip}” (${expected.server})`, async () => {
      const end = ends(expected)
      over.push(end)
      await end
    })
  }

  for (const { server, state } of controls) {
    it(`goes on without the cause (${server})`, async () => {
      if (state === 'ready') await untilState(context, site, 'alice', server, state)
      await until('the others are over', () => over.length === cases.length, 5_000)
      await Promise.allSettled(over)
      const session = await sessionOf(context, site, 'alice', server)
      assert.equal(session.state, state, JSON.stringify(session))
      const traces = await tracesOf(site, { id: session.id, url: session.url, cluster: 'slurm' })
      const { processes, ...others } = traces
      assert.deepEqual(others, { routes: state === 'ready' ? 1 : 0, tokens: 1, liveClaims: 1, jobs: 1 })
      assert.ok(processes >= 2, `${processes} processes`)
    })
  }

  it('shows the latest ends on Home', async () => {
    await until('the others are over', () => over.length === cases.length, 5_000)
    await Promise.allSettled(over)
    const latest = (await sessionsOf(context, site, 'alice')).filter(({ state }) => state === 'ended').slice(0, 5)
    const page = await openPage(context)
    await page.goto(`${site.url}hub/home`)
    const rows = await page.locator('#home-ended tbody tr').allInnerTexts()
    assert.equal(rows.length, 5)
    for (const [index, { outcome, server }] of latest.entries()) {
      const chip = cases.find((expected) => expected.server === server)?.chip ?? ''
      assert.ok(rows[index]?.includes(chip), `${rows[index]} says ${chip} (${outcome?.code})`)
    }
    await page.close()
  })

  it('submitted each once', async () => {
    await until('the others are over', () => over.length === cases.length, 5_000)
    await Promise.allSettled(over)
    for (const session of await sessionsOf(context, site, 'alice')) {
      const jobs = slurmJobs([`bf1${session.id}01`, `bf1${session.id}02`])
      assert.equal(jobs.length, session.server === 'nowhere' ? 0 : 1, session.server)
    }
  })
})
