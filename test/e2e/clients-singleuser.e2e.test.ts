/**
 * JupyterHub's single-user servers, unmodified, of three kinds and as servers with and without a name, through the real proxy and in a real
 * browser: sign-in, a cell, activity, the hub's entries in JupyterLab's menu, its word when the server is stopped, and its log-out.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { programText } from './support/as-person.ts'
import { openBrowser, shots, signIn } from './support/browser.ts'
import { runCell } from './support/notebook.ts'
import { openSite, type Site } from './support/site.ts'
import { trixieRun } from './support/trixie-run.ts'
import { until } from './support/until.ts'
import { serverResource, startServer, type Visitor, visitorOf } from './support/visitor.ts'

const base = '/jupyter/'
const limitMs = 120_000
const replay = '/var/tmp/batchway-bench/batchspawner-replay.py'
const notebook = 'notebook.notebookapp.NotebookApp'

const kinds = [
  {
    server: '',
    profile: 'extension',
    face: 'lab',
    version: '5.2',
    command: [trixieRun, 'jupyterhub-singleuser'],
    environment: { JUPYTERHUB_SINGLEUSER_EXTENSION: '1' },
    // Either implementation says which it is.
    says: /single-user server extension version 5\.2/,
  },
  {
    server: 'sub',
    profile: 'subclass',
    face: 'lab',
    version: '5.2',
    command: [trixieRun, 'jupyterhub-singleuser'],
    environment: { JUPYTERHUB_SINGLEUSER_EXTENSION: '0' },
    says: /jupyterhub-singleuser server version 5\.2/,
  },
  {
    server: 'old',
    profile: 'classic',
    face: 'classic',
    version: '3.0',
    command: ['/usr/bin/jupyterhub-singleuser'],
    environment: { JUPYTERHUB_SINGLEUSER_APP: notebook },
    says: /jupyterhub-singleuser server version 3\.0/,
  },
  {
    server: 'batch',
    profile: 'batch',
    face: 'classic',
    version: '3.0',
    command: ['/usr/bin/python3', replay, '/usr/bin/jupyterhub-singleuser'],
    environment: { JUPYTERHUB_SINGLEUSER_APP: notebook },
    says: /^announced \d+ 201$/m,
  },
] as const
type Kind = (typeof kinds)[number]

describe('unmodified single-user servers', () => {
  const undo = new AsyncDisposableStack()
  let site: Site
  let browser: Browser
  let carol: Visitor
  let context: BrowserContext
  before(async () => {
    site = undo.use(await openSite({ base, instance: 'u2', change }))
    browser = await openBrowser()
    undo.defer(() => browser.close())
    carol = await visitorOf(site, 'carol')
    context = await signIn(browser, site, 'carol')
    await Promise.all(kinds.map(({ profile, server }) => startServer(carol, profile, { server, limitMs })))
  })
  after(() => undo.disposeAsync())

  function change(config: Record<string, unknown>): void {
    writeFileSync(`${replay}.${process.pid}`, programText('batchspawner-replay.py'), { mode: 0o644 })
    renameSync(`${replay}.${process.pid}`, replay)
    const { applications, profiles } = config
    assert.ok(typeof applications === 'object' && Array.isArray(profiles))
    const ours = kinds.map(({ profile, face, command, environment }) => [
      profile,
      {
        kind: 'jupyterhub-singleuser',
        command,
        environment: { ...environment, JUPYTERHUB_ACTIVITY_INTERVAL: '2' },
        open: face === 'lab' ? 'lab' : 'tree',
      },
    ])
    config.applications = { ...applications, ...Object.fromEntries(ours) }
    const resources = { cores: 1, memory: '1G', walltime: '20m' }
    for (const { profile, face } of kinds)
      profiles.push({
        key: profile,
        title: profile,
        // This machine alone runs no more than it has cores.
        ...(face === 'lab' ? { cluster: 'local' } : { cluster: 'slurm', options: { partition: 'debug' } }),
        application: profile,
        resources,
      })
  }

  const prefixOf = ({ server }: Pick<Kind, 'server'>): string =>
    `${base}user/carol/${server === '' ? '' : `${server}/`}`
  const address = (path: string): string => new URL(path, site.url).href
  async function photograph(page: Page, name: string): Promise<void> {
    mkdirSync(shots, { recursive: true })
    await page.screenshot({ path: join(shots, `clients-${name}.png`) })
  }
  /** Rows of the store, read beside the hub. */
  function row(sql: string, ...values: string[]): Record<string, unknown> | undefined {
    using database = new DatabaseSync(join(site.stateDirectory, 'batchway.db'), { readOnly: true, timeout: 20_000 })
    return database.prepare(sql).get(...values)
  }
  async function sessionIdOf({ server }: Kind): Promise<string> {
    return JSON.parse((await carol.api(serverResource('carol', server))).body).session
  }

  for (const kind of kinds)
    describe(`${kind.profile} (${kind.version})`, () => {
      it('is the implementation that it is said to be', async () => {
        const attempt = row('select output_path from attempt where session_id = ?', await sessionIdOf(kind))
        await until('it says so', () => kind.says.test(readFileSync(String(attempt?.output_path), 'utf8')), limitMs)
        if (kind.profile === 'batch') {
          const text = readFileSync(String(attempt?.output_path), 'utf8')
          const [, port] = /^announced (\d+)/m.exec(text) ?? []
          assert.match(text, new RegExp(`the application has chosen port ${port}`))
        }
      })

      it('signs its owner in without a question, and runs a cell', async () => {
        const page = await context.newPage()
        await page.goto(address(prefixOf(kind)))
        assert.ok(page.url().startsWith(address(prefixOf(kind))), page.url())
        const code =
          'import getpass, os, jupyterhub; print(getpass.getuser(), os.environ["JUPYTERHUB_SERVER_NAME"], jupyterhub.__version__)'
        const printed = await runCell(page, kind.face, code)
        assert.match(printed, new RegExp(`^carol ${kind.server} ${kind.version}\\.`.replace('  ', ' +')))
        await photograph(page, kind.profile)
        await page.close()
      })
    })

  it('report activity, each by its own token', async () => {
    const ids = await Promise.all(kinds.map(sessionIdOf))
    const seen = (id: string) =>
      Number(row("select last_activity_at as at from token where kind = 'server' and session_id = ?", id)?.at ?? 0)
    const since = Date.now()
    await until('all have reported again', () => ids.every((id) => seen(id) > since), limitMs)
  })

  it('are shown to nobody else', async () => {
    const other = await visitorOf(site, 'bob')
    for (const kind of kinds) {
      const { status } = await other.open(prefixOf(kind))
      assert.ok(status === 403 || status === 404, `${kind.profile}: ${status}`)
    }
  })

  it('have every report of activity taken', () => {
    const lines = site
      .log()
      .split('\n')
      .filter((line) => line.includes('/users/{user}/activity'))
    assert.ok(lines.length > 0)
    assert.deepEqual(
      lines.filter((line) => !line.includes('"status":200')),
      [],
    )
  })

  const openLab = async (of: BrowserContext, kind: Kind): Promise<Page> => {
    const page = await of.newPage()
    await page.goto(address(`${prefixOf(kind)}lab?reset`))
    await page.locator('.jp-LauncherCard').first().waitFor({ timeout: limitMs })
    return page
  }
  const menuEntry = async (page: Page, entry: string): Promise<void> => {
    await page.locator('.lm-MenuBar-item', { hasText: 'File' }).first().click()
    await page.locator('.lm-Menu-item', { hasText: entry }).last().click()
  }
  const isLab = ({ face }: Kind): boolean => face === 'lab'

  for (const kind of kinds.filter(({ profile }) => profile !== 'batch'))
    it(`log out of everything: ${kind.profile}`, async () => {
      const own = await signIn(browser, site, 'carol')
      try {
        const page = isLab(kind) ? await openLab(own, kind) : await own.newPage()
        if (!isLab(kind)) await page.goto(address(`${prefixOf(kind)}tree`))
        const names = async (): Promise<string[]> =>
          (await own.cookies([address(prefixOf(kind)), address(`${base}hub/`)]))
            .map(({ name }) => name)
            .filter((name) => /^jupyterhub-(user|session|hub)/.test(name))
        assert.equal((await names()).length, 3)
        if (isLab(kind)) await menuEntry(page, 'Log Out')
        else await page.locator('#logout').click()
        await page.waitForURL((url) => url.pathname === `${base}hub/login`)
        await photograph(page, `${kind.profile}-left`)
        assert.deepEqual(await names(), [])
        await page.goto(address(prefixOf(kind)))
        assert.equal(new URL(page.url()).pathname, `${base}hub/login`)
      } finally {
        await own.close()
      }
    })

  describe('JupyterLab', () => {
    const labs = kinds.filter(isLab)
    const pages = new Map<string, Page>()
    const pageOf = ({ profile }: Kind): Page => {
      const page = pages.get(profile)
      assert.ok(page)
      return page
    }
    before(async () => {
      for (const kind of labs) pages.set(kind.profile, await openLab(context, kind))
    })

    for (const kind of labs)
      it(`leads to the hub by its menu: ${kind.profile}`, async () => {
        const [home] = await Promise.all([context.waitForEvent('page'), menuEntry(pageOf(kind), 'Hub Control Panel')])
        await home.waitForURL(address(`${base}hub/home`))
        await home.close()
      })

    it('says that its server does not run when it is stopped, and leads to its start', async () => {
      const wordsOf = (page: Page) => page.locator('.jp-Dialog', { hasText: 'is not running' })
      for (const kind of labs) {
        assert.equal(await wordsOf(pageOf(kind)).count(), 0)
        const { status } = await carol.api(serverResource('carol', kind.server), { method: 'DELETE' })
        assert.ok([202, 204].includes(status), `${status}`)
      }
      for (const kind of labs) {
        const page = pageOf(kind)
        await page.bringToFront()
        const dialog = wordsOf(page)
        await dialog.waitFor({ timeout: limitMs })
        await photograph(page, `${kind.profile}-not-running`)
        assert.match(await dialog.innerText(), /Would you like to restart it/)
        const button = dialog.getByRole('button', { name: /restart/i })
        const [form] = await Promise.all([context.waitForEvent('page'), button.click()])
        // JupyterLab 4.0 means to name the server in the address, and does not.
        await form.waitForURL((url) => url.pathname === `${base}hub/spawn`)
        await form.getByRole('button', { name: 'Start session' }).waitFor()
        await photograph(form, `${kind.profile}-restart`)
        await form.close()
      }
    })
  })
})
