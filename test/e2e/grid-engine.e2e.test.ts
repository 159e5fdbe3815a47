/** Notebooks as jobs of a real Grid Engine: two people, by sudo; what stops them, what deletes them, what can never run, and a hub that dies. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext } from 'playwright-core'
import { type SessionView, sessionOf, untilState } from './support/api.ts'
import { launch, openBrowser, openPage, signIn } from './support/browser.ts'
import { type Kernel, openKernel } from './support/kernel.ts'
import { openSite, type Site } from './support/site.ts'
import { attemptsOf, claimsOf } from './support/traces.ts'
import { until } from './support/until.ts'

const commands = join(process.env.BATCHWAY_BENCH ?? '/var/tmp/batchway-bench', 'gridengine/commands')
const rules = `/etc/sudoers.d/batchway-grid-${process.pid}`
const resources = { cores: 1, memory: '1G', walltime: '20m' }

const profiles = [
  { key: 'grid-classic', resources: { ...resources, cores: 2 }, options: { queue: 'all.q' } },
  { key: 'grid-huge', resources: { ...resources, gpus: 9 }, options: {} },
  { key: 'grid-broken', resources, options: { queue: 'broken.q', resources: 'broken=TRUE' } },
  { key: 'grid-closed', resources, options: { queue: 'closed.q' } },
].map((profile) => ({ ...profile, title: profile.key, cluster: 'grid', application: 'classic' }))

interface Held {
  readonly session: SessionView
  readonly jobId: string
  readonly kernel: Kernel
}

describe('a site on Grid Engine', () => {
  let site: Site
  let browser: Browser
  const contexts = new Map<string, BrowserContext>()
  const contextOf = (user: string): BrowserContext => {
    const context = contexts.get(user)
    assert.ok(context)
    return context
  }
  before(async () => {
    const programs = ['qsub', 'qdel', 'qstat'].map((name) => join(commands, name))
    writeFileSync(rules, `batchway ALL = (alice, bob) NOPASSWD: ${programs.join(', ')}\n`, { mode: 0o440 })
    execFileSync('visudo', ['-c', '-q', '-f', rules])
    site = await openSite({
      instance: 'ga',
      change(config) {
        const { clusters } = config
        if (typeof clusters !== 'object' || clusters === null || !('slurm' in clusters))
          throw new TypeError('not the configuration of a site')
        const settings = { commandDirectory: commands, memoryResource: 'ram', verify: true }
        const grid = { ...Object(clusters.slurm), driver: 'grid-engine', title: 'Alder', settings }
        config.clusters = { ...clusters, grid }
        config.profiles = profiles
      },
    })
    browser = await openBrowser()
    for (const user of ['alice', 'bob']) contexts.set(user, await signIn(browser, site, user))
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
    rmSync(rules, { force: true })
  })

  const run = (name: string, args: readonly string[]): string =>
    execFileSync(join(commands, name), args, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', TZ: 'UTC' } })
  /** State letters and owner of a job; null where the list does not show it. */
  function jobOf(id: string): string | null {
    const list = run('qstat', ['-s', 'a', '-u', '*', '-xml'])
    const [, owner, state] =
      new RegExp(
        `<JB_job_number>${id}</JB_job_number>(?:(?!</job_list>)[^])*<JB_owner>(.*)</JB_owner>\\s*<state>(.*)</state>`,
      ).exec(list) ?? []
    return owner === undefined ? null : `${owner} ${state}`
  }
  const jobIdOf = (session: SessionView): string => {
    const [attempt, ...others] = attemptsOf(site, session.id)
    assert.equal(others.length, 0)
    assert.match(attempt?.tag ?? '', /^bga/)
    return attempt?.job_id ?? ''
  }
  async function start(user: string, profile: string, server: string): Promise<void> {
    const page = await openPage(contextOf(user))
    await launch(page, site, profile, `${user}/${server}`)
    await page.close()
  }
  const ended = (user: string, server: string): Promise<SessionView> =>
    untilState(contextOf(user), site, user, server, 'ended', 90_000)
  async function hold(user: string, server: string): Promise<Held> {
    await start(user, 'grid-classic', server)
    const session = await untilState(contextOf(user), site, user, server, 'ready', 120_000)
    const page = await openPage(contextOf(user))
    await page.goto(`${session.full_url}tree`)
    return { session, jobId: jobIdOf(session), kernel: await openKernel(page, session.url) }
  }

  it('runs each person’s notebook as a job of theirs; a hub that is killed finds them again, and no cell is cut', async () => {
    const held = await Promise.all([hold('alice', 'one'), hold('bob', 'one')])
    assert.deepEqual(
      held.map(({ jobId }) => jobOf(jobId)),
      ['alice r', 'bob r'],
    )
    const who = 'import getpass, os; kept = getpass.getuser() + " in job " + os.environ["JOB_ID"]; print(kept)'
    for (const { kernel, session, jobId } of held)
      assert.equal(await kernel.run(who), `${session.user} in job ${jobId}`)
    const [alices, bobs] = held
    assert.ok(alices && bobs)

    await site.killAndWait('hub')

    for (const { kernel, session, jobId } of held) {
      const now = await untilState(contextOf(session.user), site, session.user, 'one', 'ready')
      assert.equal(now.id, session.id)
      assert.equal(await kernel.run('print(kept)'), `${session.user} in job ${jobId}`)
      assert.equal(await kernel.closes(), 0)
      assert.equal(jobOf(jobId), `${session.user} r`)
      assert.equal(claimsOf(site, session.id), 1)
    }

    // Suspended and resumed by its owner: the warning before it goes to every process of the job.
    for (const [order, state] of [
      ['-sj', 's'],
      ['-usj', 'r'],
    ] as const) {
      execFileSync('setpriv', [
        '--reuid=bob',
        '--regid=bob',
        '--init-groups',
        join(commands, 'qmod'),
        order,
        bobs.jobId,
      ])
      await until(`his job is ${state}`, async () => jobOf(bobs.jobId)?.endsWith(` ${state}`))
      const isPaused = state === 's'
      await until(`the session is ${isPaused ? '' : 'no longer '}paused`, async () => {
        const now = await sessionOf(contextOf('bob'), site, 'bob', 'one')
        return now.paused === isPaused && now.state === 'ready'
      })
    }
    assert.equal(await bobs.kernel.run('print(kept)'), `bob in job ${bobs.jobId}`)
    await untilState(contextOf('bob'), site, 'bob', 'one', 'ready')

    // Stopped here: in order, and only hers.
    const page = await openPage(contextOf('alice'))
    await page.goto(`${site.url}hub/home`)
    await page.getByRole('button', { name: 'Stop', exact: true }).first().click()
    const stopped = await ended('alice', 'one')
    assert.equal(stopped.outcome?.code, 'stopped-by-user')
    await until('her job is over', async () => jobOf(alices.jobId) === null)
    assert.equal(jobOf(bobs.jobId), 'bob r')

    // Deleted with the scheduler's own command, as himself.
    execFileSync('setpriv', ['--reuid=bob', '--regid=bob', '--init-groups', join(commands, 'qdel'), bobs.jobId])
    const deleted = await ended('bob', 'one')
    assert.equal(deleted.outcome?.code, 'cancelled-outside')
    assert.equal(jobOf(bobs.jobId), null)
  })

  it('tells at once, in its words, what Grid Engine could not run if all were empty', async () => {
    await start('alice', 'grid-huge', 'huge')
    const { outcome } = await ended('alice', 'huge')
    assert.equal(outcome?.code, 'rejected')
    assert.match(JSON.stringify(outcome), /no suitable queues/)
  })

  it('ends a session whose job Grid Engine sets into an error state, and says why; the job is taken away', async () => {
    await start('alice', 'grid-broken', 'broken')
    const session = await ended('alice', 'broken')
    assert.equal(session.outcome?.code, 'can-never-run')
    assert.match(JSON.stringify(session.outcome), /prolog/)
    const jobId = jobIdOf(session)
    await until('the job is gone', async () => jobOf(jobId) === null)
  })

  it('waits while a queue is closed, and takes the job out of it when the person gives up', async () => {
    await start('bob', 'grid-closed', 'closed')
    const session = await until('it is in the queue', async () => {
      const now = await sessionOf(contextOf('bob'), site, 'bob', 'closed')
      return now.state === 'queued' && attemptsOf(site, now.id)[0]?.job_id ? now : null
    })
    const jobId = jobIdOf(session)
    await until('it waits', async () => jobOf(jobId) === 'bob qw')
    const page = await openPage(contextOf('bob'))
    await page.goto(`${site.url}hub/home`)
    await page
      .getByRole('button', { name: /^(Cancel|Stop)$/ })
      .first()
      .click()
    assert.equal((await ended('bob', 'closed')).outcome?.code, 'stopped-by-user')
    await until('it is gone', async () => jobOf(jobId) === null)
  })
})
