/** Two commands: from a fresh clone, `npm start`, sign in by the link, start, open the notebook, run a cell, stop. In a real browser. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { launch, openBrowser, shoot, shots, signIn, stopFromHome } from './support/browser.ts'
import { freePort } from './support/free-port.ts'
import { runCell } from './support/notebook.ts'
import { accountOf, cloneInto, openPersonal, ownFolder, without, writePrograms } from './support/personal.ts'
import { trixieRun } from './support/trixie-run.ts'
import { until } from './support/until.ts'

const jobsOf = (instance: string): string[] =>
  execFileSync('squeue', ['-h', '-o', '%i|%j|%u|%P'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.split('|')[1]?.startsWith(`b${instance}`))

/** Not the first ports that `npm start` looks for: those are start-machine's, which runs beside this and has to find its own again. */
const atOwnPort = async (): Promise<string> => `--port=${await freePort()}`

const whoAmI = 'import os, getpass; print(getpass.getuser(), os.getuid(), 6*7)'

describe('npm start', () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
  })

  it('as root for alice: the classic notebook under singleuser 3, here and on Slurm', async () => {
    const alice = accountOf('alice')
    using folder = ownFolder(null, 0o755)
    using home = ownFolder(alice)
    const clone = cloneInto(folder.path, null)
    const state = join(home.path, 'state')
    const args = ['--user', 'alice', await atOwnPort()]
    await using site = await openPersonal({ clone, as: 'root', args, state })
    assert.match(site.output(), /npm ci --ignore-scripts/)
    assert.match(site.output(), /Slurm: partitions debug, batch, gpu/)
    const { profiles, applications } = site.config()
    assert.deepEqual(
      profiles.map(({ key }) => key),
      ['slurm-debug', 'slurm-batch', 'slurm-gpu', 'here'],
    )
    assert.equal(applications.jupyter?.kind, 'jupyterhub-singleuser')

    // The link's page does nothing by itself: what previews it must not burn it.
    const visitor = await browser.newContext({ viewport: { width: 1280, height: 900 } })
    const first = await visitor.newPage()
    await first.goto(await site.link())
    await shoot(first, 'start-1-link')
    await visitor.close()

    const context = await signIn(browser, site, 'alice')
    const page = await context.newPage()
    const used = await page.goto(await site.link())
    assert.ok(used !== null && used.status() >= 400, 'the link works once')
    await shoot(page, 'start-2-link-used')
    await page.goto(`${site.url}hub/home`)
    await shoot(page, 'start-3-home-empty')
    await page.goto(`${site.url}hub/spawn`)
    await shoot(page, 'start-4-launch')

    await launch(page, site, 'here')
    await shoot(page, 'start-5-waiting')
    await page.waitForURL(/\/user\/alice\//, { timeout: 90_000 })
    assert.match(await runCell(page, 'classic', whoAmI), new RegExp(`alice ${alice.uid} 42`))
    mkdirSync(shots, { recursive: true })
    await page.screenshot({ path: join(shots, 'start-6-notebook.png') })
    await page.goto(`${site.url}hub/home`)
    await shoot(page, 'start-7-home-session')
    await stopFromHome(page, site)
    await shoot(page, 'start-8-history')
    await page.goto(`${site.url}user/alice/`)
    await shoot(page, 'start-9-not-running')
    await page.goto(`${site.url}hub/history`)
    await page.locator('main').getByRole('link', { name: 'This machine' }).first().click()
    await page.waitForLoadState()
    await shoot(page, 'start-9-ended')

    // The same on Slurm, as oneself.
    await launch(page, site, 'slurm-debug')
    await page.waitForURL(/\/user\/alice\//, { timeout: 90_000 })
    const [job = ''] = jobsOf(site.config().instance)
    assert.match(job, /\|alice\|debug$/)
    const [id] = job.split('|')
    const code = 'import os, getpass; print(getpass.getuser(), os.environ["SLURM_JOB_ID"], 6*7)'
    assert.match(await runCell(page, 'classic', code), new RegExp(`alice ${id} 42`))
    await stopFromHome(page, site)
    await until('no job is left', () => jobsOf(site.config().instance).length === 0)

    // Ctrl-C ends the gateway in order; a session goes on, and the next start has it.
    await launch(page, site, 'here')
    await page.waitForURL(/\/user\/alice\//, { timeout: 90_000 })
    await site.interrupt()
    assert.match(site.output(), /Stopping\. Running sessions go on/)
    assert.deepEqual(site.parts(), [])
    assert.doesNotMatch(site.output(), /is started again/)
    await using next = await openPersonal({ clone, as: 'root', args, state })
    assert.equal(next.url, site.url)
    await until('the session is there again', async () => {
      const answer = await page.goto(`${next.url}user/alice/api/status`)
      return answer?.status() === 200
    })
    await stopFromHome(page, next)
    await context.close()
  })

  /** What a machine offers: programs first on the PATH, programs that are not there, and what becomes of it. */
  const machines = [
    {
      what: 'JupyterLab 4 under singleuser 5.2',
      programs: {
        'jupyterhub-singleuser': [trixieRun, 'jupyterhub-singleuser'],
        'jupyter-lab': [trixieRun, 'jupyter-lab'],
      },
      missing: [],
      kind: 'jupyterhub-singleuser',
      face: 'lab',
    },
    {
      what: 'JupyterLab 4 alone, guarded by the agent',
      programs: { 'jupyter-lab': [trixieRun, 'jupyter-lab'] },
      missing: ['/usr/bin/jupyterhub-singleuser'],
      kind: 'jupyter',
      face: 'lab',
    },
    {
      what: 'the classic notebook alone, guarded by the agent',
      programs: {},
      missing: ['/usr/bin/jupyterhub-singleuser'],
      kind: 'jupyter',
      face: 'classic',
    },
  ] as const

  describe('as bob himself, on a machine with', () => {
    const bob = accountOf('bob')
    let folder: ReturnType<typeof ownFolder>
    let clone: string
    before(() => {
      folder = ownFolder(bob, 0o755)
      clone = cloneInto(folder.path, bob)
    })
    after(() => folder?.[Symbol.dispose]())
    for (const { what, programs, missing, kind, face } of machines) {
      it(what, async () => {
        using home = ownFolder(bob, 0o755)
        const bin = join(home.path, 'bin')
        mkdirSync(bin)
        writePrograms(bin, programs)
        const state = join(home.path, 'state')
        await using site = await openPersonal({
          clone,
          as: bob,
          state,
          args: [await atOwnPort()],
          path: bin,
          wrap: (argv) => without(missing, argv),
        })
        assert.equal(site.config().applications.jupyter?.kind, kind)
        const context = await signIn(browser, site, 'bob')
        const page = await context.newPage()
        await launch(page, site, 'here')
        await page.waitForURL(/\/user\/bob\//, { timeout: 90_000 })
        assert.match(await runCell(page, face, whoAmI), new RegExp(`bob ${bob.uid} 42`))
        mkdirSync(shots, { recursive: true })
        await page.screenshot({ path: join(shots, `start-${kind}-${face}.png`) })
        // A neighbour without a session of his own gets nothing, whoever checks visitors.
        const stranger = await fetch(`${site.url}user/bob/api/contents`, { redirect: 'manual' })
        assert.ok([302, 401, 403].includes(stranger.status), `a stranger got ${stranger.status}`)
        await stopFromHome(page, site)
        await context.close()
      })
    }
  })
})
