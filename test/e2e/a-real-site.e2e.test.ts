/**
 * The tutorial of a real site, each command as it stands, beside a Slurm of its own: `/etc`, `/var/lib/batchway` and Apache's folders are
 * this run's. No systemd runs here: a small program takes the tutorial's calls of systemctl and starts what the units name.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { openShell, type Shell, stepsOf } from '../../testbench/docs/run-document.ts'
import { launch, openBrowser, openPage } from './support/browser.ts'
import { runWithPlaces, takePlaces } from './support/document-places.ts'
import { runCell } from './support/notebook.ts'
import { isBesideOwnSlurm } from './support/own-slurm.ts'
import { until } from './support/until.ts'

const root = resolve(import.meta.dirname, '../..')
const tutorial = readFileSync(join(root, 'docs/tutorial/a-real-site.md'), 'utf8')
const host = 'hub.example.edu'
const url = `https://${host}/jupyter/`
const timeout = 300_000

if (!isBesideOwnSlurm)
  it('beside a Slurm of its own', { timeout: 700_000 }, () =>
    runWithPlaces(import.meta.filename, ['/var/lib/batchway', '/var/log/apache2', '/run/apache2', '/run/lock/apache2']),
  )
else
  describe('the tutorial of a real site', () => {
    const steps = stepsOf(tutorial)
    // What a person does in between, with a browser.
    const notebook = tutorial.slice(0, tutorial.indexOf('\n## The first notebook')).split('\n').length
    let shell: Shell
    let browser: Browser
    const contexts: BrowserContext[] = []
    let alice: Page
    const run = (text: string): Promise<string> =>
      shell.run({ command: { language: 'sh', text: `${text}\n`, line: 0 }, expected: null })

    async function signedIn(name: string): Promise<Page> {
      const context = await browser.newContext({
        ignoreHTTPSErrors: true,
        viewport: { width: 1280, height: 900 },
        httpCredentials: { username: name, password: `${name}-at-example` },
      })
      contexts.push(context)
      context.setDefaultTimeout(60_000)
      const page = await openPage(context)
      await page.goto(url)
      await page.waitForURL(`${url}hub/home`)
      return page
    }

    before(async () => {
      takePlaces([
        { copyOf: '/etc' },
        '/srv',
        '/var/lib/batchway',
        { copyOf: '/var/lib/apache2' },
        ...['/run/apache2', '/run/lock/apache2', '/var/log/apache2'],
      ])
      // As `init` makes it where it is not there yet.
      execFileSync('install', ['-d', '-o', 'batchway', '-g', 'batchway', '-m', '700', '/var/lib/batchway'])
      appendFileSync('/etc/hosts', `127.0.0.1 ${host}\n`)
      mkdirSync('/srv/programs')
      copyFileSync(join(root, 'test/e2e/support/plain-systemctl.sh'), '/srv/programs/systemctl')
      browser = await openBrowser([host])
      shell = openShell({
        directory: '/root',
        environment: { ...process.env, PATH: `/srv/programs:${process.env.PATH}` },
        stepMs: timeout,
      })
    })
    after(async () => {
      await browser?.close()
      await shell?.[Symbol.asyncDispose]()
    })

    it('leads to a site that the doctor finds nothing to mend in', { timeout }, async () => {
      const first = steps.filter(({ command }) => command.line < notebook)
      assert.ok(first.length > 5)
      for (const step of first) await shell.run(step)
    })

    it('leads to the first notebook', { timeout }, async () => {
      alice = await signedIn('alice')
      await launch(alice, { url }, 'afternoon')
      await alice.waitForURL(`${url}user/alice/**`, { timeout: 180_000 })
      const code = 'import getpass, os; print(getpass.getuser(), os.environ["SLURM_JOB_PARTITION"], 6 * 7)'
      assert.equal((await runCell(alice, 'classic', code)).trim(), 'alice batch 42')
      const carol = await signedIn('carol')
      await carol.goto(`${url}hub/admin`)
      assert.match(await carol.locator('main').innerText(), /alice/)
    })

    it('shows what an operator looks at, and leaves the session alone', { timeout }, async () => {
      const rest = steps.filter(({ command }) => command.line > notebook)
      assert.ok(rest.length > 4)
      for (const step of rest) await shell.run(step)
      await until('the hub is there again', async () => (await alice.goto(`${url}hub/home`))?.ok(), 60_000)
      await alice.locator('article.bw-session').getByRole('link', { name: 'Open' }).first().click()
      await alice.waitForURL(`${url}user/alice/**`)
      assert.equal((await runCell(alice, 'classic', 'print(6 * 7)')).trim(), '42')
    })

    it('can be taken down', { timeout }, async () => {
      await alice.goto(`${url}hub/home`)
      await alice.getByRole('button', { name: 'Stop', exact: true }).first().click()
      await until('nothing is left in Slurm', async () => (await run('squeue --noheader')).trim() === '', 120_000)
      await run('systemctl stop batchway.target; apachectl -k stop')
    })
  })
