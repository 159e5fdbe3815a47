/** `kill -9` of every part of the running product, with sessions in every state: what goes on, what comes back, what is not cut. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openControlClient } from '@batchway/proxy'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type SessionView, untilState } from './support/api.ts'
import { launch, openBrowser, signIn } from './support/browser.ts'
import { isAlive } from './support/is-alive.ts'
import { type Kernel, openKernel } from './support/kernel.ts'
import { openSite, type Site } from './support/site.ts'
import { attemptsOf, claimsOf, processesOfJob, routePath, routesOf, slurmJobs } from './support/traces.ts'
import { until } from './support/until.ts'

const classic = {
  kind: 'jupyterhub-singleuser',
  title: 'Jupyter Notebook',
  environment: { JUPYTERHUB_SINGLEUSER_APP: 'notebook.notebookapp.NotebookApp' },
}
const singleuser = '/usr/bin/jupyterhub-singleuser'
const resources = { cores: 1, memory: '1G', walltime: '20m' }

/** Takes cores of the only node of the partition `gpu`, as carol; it has 32. */
async function fillNode(cores: number): Promise<AsyncDisposable> {
  const asCarol = ['--reuid=carol', '--regid=carol', '--init-groups']
  const words = ['sbatch', '--parsable', '--partition=gpu', `--cpus-per-task=${cores}`, '--mem=1G', '--time=10']
  const files = ['--chdir=/', '--output=/dev/null', '--wrap=sleep 600']
  const job = execFileSync('setpriv', [...asCarol, ...words, ...files], { encoding: 'utf8' }).trim()
  const state = () => execFileSync('squeue', ['-h', '-t', 'all', '-j', job, '-o', '%T'], { encoding: 'utf8' }).trim()
  const filler = {
    async [Symbol.asyncDispose]() {
      execFileSync('scancel', [job])
      await until('the node is free', () => state() === 'CANCELLED')
    },
  }
  try {
    await until('carol has the node', () => state() === 'RUNNING')
    return filler
  } catch (error) {
    await filler[Symbol.asyncDispose]()
    throw error
  }
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await until(`process ${pid} is gone`, () => !isAlive(pid))
}

interface Held {
  readonly user: string
  readonly server: string
  readonly session: SessionView
  readonly page: Page
  readonly kernel: Kernel
}

describe('faults', () => {
  let site: Site
  let browser: Browser
  let filler: AsyncDisposable
  let gate: string
  const contexts = new Map<string, BrowserContext>()
  const contextOf = (user: string): BrowserContext => {
    const context = contexts.get(user)
    assert.ok(context)
    return context
  }
  /** A session on Slurm and one on the local cluster, each with an open kernel. */
  const held: Held[] = []

  async function hold(user: string, server: string): Promise<Held> {
    const session = await untilState(contextOf(user), site, user, server, 'ready', 90_000)
    const page = await contextOf(user).newPage()
    await page.goto(`${session.full_url}tree`)
    return { user, server, session, page, kernel: await openKernel(page, session.url) }
  }

  /** Exactly one application was ever started for this session. */
  function assertOneApplication({ id, cluster, server }: SessionView): void {
    const [attempt, ...others] = attemptsOf(site, id)
    assert.equal(others.length, 0, `${server}: one attempt`)
    assert.equal(claimsOf(site, id), 1, `${server}: one claim`)
    if (cluster === 'slurm') assert.equal(slurmJobs([`bf2${id}01`, `bf2${id}02`]).length, 1, `${server}: one job`)
    const processes = processesOfJob(cluster, attempt?.job_id ?? '')
    const servers = processes.filter(({ argv }) => argv.includes(singleuser) && argv[0] !== '/bin/sh')
    assert.equal(servers.length, 1, `${server}: one application among ${JSON.stringify(processes)}`)
  }

  async function assertUntouched(): Promise<void> {
    for (const { user, server, session, page, kernel } of held) {
      assert.equal(await kernel.run('print(remembered)'), `of ${user}`)
      assert.equal(await kernel.closes(), 0, `the WebSocket of ${user} was cut`)
      const now = await untilState(contextOf(user), site, user, server, 'ready')
      assert.equal(now.id, session.id)
      assertOneApplication(now)
      const tree = await page.context().request.get(`${session.full_url}tree`)
      assert.equal(tree.status(), 200)
      assert.match(await tree.text(), /Jupyter Notebook/)
    }
  }

  before(async () => {
    gate = join(mkdtempSync('/var/tmp/batchway-gate-'), 'open')
    execFileSync('chmod', ['755', join(gate, '..')])
    filler = await fillNode(32)
    site = await openSite({
      instance: 'f2',
      change(config) {
        Object.assign(config.applications as object, {
          plain: { ...classic, command: [singleuser] },
          // Starts for as long as the test wants it to.
          gated: {
            ...classic,
            command: ['/bin/sh', '-c', `until [ -e ${gate} ]; do sleep 0.1; done; exec "$0" "$@"`, singleuser],
          },
        })
        config.profiles = [
          {
            key: 'open',
            title: 'Open',
            cluster: 'slurm',
            application: 'plain',
            resources,
            options: { partition: 'debug' },
          },
          {
            key: 'slow',
            title: 'Slow',
            cluster: 'slurm',
            application: 'gated',
            resources,
            options: { partition: 'debug' },
          },
          {
            key: 'full',
            title: 'Full',
            cluster: 'slurm',
            application: 'plain',
            resources,
            options: { partition: 'gpu' },
          },
          { key: 'here', title: 'Here', cluster: 'local', application: 'plain', resources },
        ]
      },
    })
    browser = await openBrowser()
    for (const user of ['alice', 'bob']) contexts.set(user, await signIn(browser, site, user))
    const page = await contextOf('alice').newPage()
    for (const profile of ['open', 'slow', 'full']) await launch(page, site, profile, `alice/${profile}`)
    await page.close()
    const other = await contextOf('bob').newPage()
    await launch(other, site, 'here', 'bob/here')
    await other.close()
    held.push(await hold('alice', 'open'), await hold('bob', 'here'))
    for (const { user, kernel } of held) await kernel.run(`remembered = 'of ${user}'`)
  })
  after(async () => {
    await filler?.[Symbol.asyncDispose]()
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
    rmSync(join(gate, '..'), { recursive: true, force: true })
  })

  it('lets every session go on when the hub is killed while they are queued, starting and ready', async () => {
    const [open] = held
    assert.ok(open)
    const full = await untilState(contextOf('alice'), site, 'alice', 'full', 'queued')
    const slow = await until('the slow one is being started', async () => {
      const session = await untilState(contextOf('alice'), site, 'alice', 'slow', 'starting')
      return claimsOf(site, session.id) === 1 ? session : null
    })
    const before = site.pidOf('hub')

    process.kill(site.starter, 'SIGSTOP') // nobody starts the hub again before we say so
    try {
      await kill(before)
      for (const { kernel, user } of held) assert.equal(await kernel.run('print(remembered)'), `of ${user}`)
      assert.equal((await open.page.context().request.get(`${site.url}hub/home`)).status(), 503)
      // While there is no hub: one job leaves the queue, and one application begins to answer.
      await filler[Symbol.asyncDispose]()
      writeFileSync(gate, '')
      await until('the queued job runs', () => processesOfJob('slurm', full.job_id ?? '').length > 0)
      assert.equal(isAlive(before), false)
    } finally {
      process.kill(site.starter, 'SIGCONT')
    }

    await until('another hub listens', () => site.pidOf('hub') !== before)
    for (const { server, id } of [full, slow]) {
      const ready = await untilState(contextOf('alice'), site, 'alice', server, 'ready', 90_000)
      assert.equal(ready.id, id)
      assertOneApplication(ready)
    }
    await assertUntouched()
  })

  it('finds a job that is queued before and after the hub is killed', async () => {
    await using refilled = await fillNode(31) // the session that runs there by now has the last one
    assert.ok(refilled)
    const page = await contextOf('alice').newPage()
    await launch(page, site, 'full', 'alice/second')
    const queued = await untilState(contextOf('alice'), site, 'alice', 'second', 'queued')
    await site.killAndWait('hub')
    await page.goto(`${site.url}hub/sessions/${queued.id}`)
    const still = await untilState(contextOf('alice'), site, 'alice', 'second', 'queued')
    assert.equal(still.job_id, queued.job_id)
    assert.equal(claimsOf(site, queued.id), 0)
    await page
      .getByRole('button', { name: /^(Cancel|Stop)/ })
      .first()
      .click()
    const ended = await untilState(contextOf('alice'), site, 'alice', 'second', 'ended')
    assert.equal(ended.outcome?.code, 'stopped-by-user')
    await page.close()
  })

  it('has the routes back from the snapshot alone when the proxy is killed, and from the hub without it', async () => {
    const paths = held.map(({ session }) => routePath(session))
    const areThere = async (): Promise<boolean> => {
      const routes = await routesOf(site)
      return paths.every((path) => routes.includes(path))
    }
    assert.ok(await areThere())

    // The hub is silent: what comes back comes from the snapshot.
    process.kill(site.pidOf('hub'), 'SIGSTOP')
    try {
      await site.killAndWait('proxy')
      assert.ok(await areThere())
      for (const { session, page } of held) {
        const version = await page.context().request.get(`${session.full_url}api`)
        assert.equal(version.status(), 200)
      }
      // The same without the snapshot: nothing.
      rmSync(join(site.stateDirectory, 'proxy-routes.json'))
      await site.killAndWait('proxy')
      const routes = await routesOf(site)
      assert.deepEqual(
        routes.filter((path) => paths.includes(path)),
        [],
      )
    } finally {
      process.kill(site.pidOf('hub'), 'SIGCONT')
    }

    await until('the hub mended the routes', areThere)
    for (const one of held) {
      assert.equal(await one.kernel.closes(), 1, 'a killed proxy does cut connections: the watch sees it')
      await one.page.goto(`${one.session.full_url}tree`)
      const kernel = await openKernel(one.page, one.session.url)
      assert.equal(await kernel.run('print(6 * 7)'), '42')
      assertOneApplication(await untilState(contextOf(one.user), site, one.user, one.server, 'ready'))
      await kernel.run(`remembered = 'of ${one.user}'`)
      held[held.indexOf(one)] = { ...one, kernel }
    }
  })

  it('reaches nobody through a route with another key, until the hub has put it right', async () => {
    const [{ session, page }] = held as [Held, ...Held[]]
    const status = async (): Promise<number> => (await page.context().request.get(`${session.full_url}api`)).status()
    assert.equal(await status(), 200)
    using proxy = openControlClient({
      address: `unix:${join(site.stateDirectory, 'proxy.sock')}`,
      token: readFileSync(join(site.stateDirectory, 'proxy.token'), 'utf8').trim(),
    })
    const route = (await proxy.listRoutes()).get(routePath(session))
    assert.ok(route?.psk)
    const { target, user, server_name } = route
    const psk = { identity: route.psk.identity, key: 'ab'.repeat(32) }
    await proxy.addRoute(routePath(session), { target, user, server_name, jupyterhub: true, psk })
    assert.equal(await status(), 503)
    await until('the route has its key again', async () => (await status()) === 200)
  })

  it('outlives the command that started it, and obeys the next one', async () => {
    const [hub, proxy] = [site.pidOf('hub'), site.pidOf('proxy')]
    const words = await site.killStarterAndStart()
    assert.match(words, /proxy goes on with all connections/)
    assert.ok(isAlive(proxy), 'the proxy goes on')
    assert.equal(site.pidOf('proxy'), proxy)
    await assertUntouched()
    await site.killAndWait('hub')
    assert.notEqual(site.pidOf('hub'), hub)
    await assertUntouched()
    await site.killAndWait('proxy')
    for (const { page, session } of held)
      assert.equal((await page.context().request.get(`${session.full_url}api`)).status(), 200)
  })
})
