/**
 * The founding talk's site, by the commands of its own README, beside a Slurm of its own: people sign in at Apache's sign-on under
 * `/jupyter/`, each starts another kind of profile and runs a cell, and is there again after the hub was killed; the administrator sees
 * who is on, and the report of the day before.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { openShell, type Shell, type Step, stepsOf } from '../../testbench/docs/run-document.ts'
import { launch, openBrowser, openPage } from './support/browser.ts'
import { runWithPlaces, takePlaces } from './support/document-places.ts'
import { runCell } from './support/notebook.ts'
import { isBesideOwnSlurm } from './support/own-slurm.ts'
import { until } from './support/until.ts'

const root = resolve(import.meta.dirname, '../..')
const readme = readFileSync(`${root}/examples/founding-site/README.md`, 'utf8')
const url = 'https://localhost:8443/jupyter/'
const site = '/srv/founding-site'
const timeout = 300_000
const ask = (code: string): string => `import getpass, os; print(getpass.getuser(), ${code}, 6 * 7)`

/** Who starts what, what a cell finds out about its job, and what it prints. */
const people = [
  // The talk's largest: 12 cores and 125 GB.
  { name: 'alice', profile: 'mesabi128gb', code: 'os.environ["PBS_QUEUE"]', printed: 'alice ram256g 42' },
  { name: 'bob', profile: 'small', code: 'os.environ["SLURM_JOB_PARTITION"]', printed: 'bob batch 42' },
  { name: 'carol', profile: 'local', code: '"PBS_JOBID" in os.environ', printed: 'carol False 42' },
] as const

if (!isBesideOwnSlurm) it('beside a Slurm of its own', { timeout: 700_000 }, () => runWithPlaces(import.meta.filename))
else
  describe('the founding talk’s site, from its README', () => {
    const steps = stepsOf(readme)
    const last = steps.at(-1)
    let shell: Shell
    let browser: Browser
    const pages = new Map<string, Page>()
    const pageOf = (name: string): Page => {
      const page = pages.get(name)
      assert.ok(page)
      return page
    }
    const textOf = (name: string): string => readFileSync(`${site}/log/${name}`, 'utf8')
    const run = (text: string): Promise<string> =>
      shell.run({ command: { language: 'sh', text: `${text}\n`, line: 0 }, expected: null })

    before(async () => {
      takePlaces(['/srv'])
      browser = await openBrowser()
      shell = openShell({ directory: '/', stepMs: timeout })
    })
    after(async () => {
      await browser?.close()
      await shell?.[Symbol.asyncDispose]()
    })

    it('comes up', { timeout }, async () => {
      for (const step of steps.slice(0, -1)) await shell.run(step)
    })

    it('signs everybody in at the sign-on of the site, and nobody else', { timeout }, async () => {
      for (const { name } of people) {
        const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 } })
        context.setDefaultTimeout(60_000)
        const page = await openPage(context)
        await page.goto(url)
        assert.equal(new URL(page.url()).pathname, '/sso/')
        await page.getByLabel('Name').fill(name)
        await page.getByLabel('Password').fill(`${name}-at-xyz`)
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.waitForURL(`${url}hub/home`)
        assert.match(await page.locator('header').innerText(), new RegExp(name))
        pages.set(name, page)
      }
      const form = '--data httpd_username=alice --data httpd_password=guessed'
      const told =
        await run(`curl --silent --insecure --cookie-jar guessed ${form} -w '%{http_code} %{redirect_url}' https://localhost:8443/sso/login -o /dev/null
        curl --silent --insecure --cookie guessed --header 'Remote_User: alice' -w '\n%{http_code} %{redirect_url}' ${url}hub/home -o /dev/null`)
      assert.deepEqual(told.trim().split('\n'), ['302 https://localhost:8443/sso/', '302 https://localhost:8443/sso/'])
    })

    const cell = async (name: string, code: string): Promise<string> =>
      (await runCell(pageOf(name), 'classic', ask(code))).trim()

    it('gives each a notebook by another kind of profile, the 125 GB one among them', { timeout }, async () => {
      await Promise.all(
        people.map(async ({ name, profile }) => {
          await launch(pageOf(name), { url }, profile)
          await pageOf(name).waitForURL(`${url}user/${name}/**`, { timeout: 180_000 })
        }),
      )
      for (const { name, code, printed } of people) assert.equal(await cell(name, code), printed)
      assert.match(await run('torque/bin/qstat -x'), /<mem>(?:125gb|128000mb)<\/mem>/)
      assert.match(await run('squeue --noheader --user=bob --format="%C %m %P"'), /^2 4G batch$/m)
    })

    it('is there again after the hub was killed', { timeout }, async () => {
      const pids = (): number[] =>
        readFileSync(`${site}/state/batchway.log`, 'utf8')
          .split('\n')
          .filter((line) => line.includes('"msg":"listening"') && !line.includes('"control"'))
          .map((line): number => JSON.parse(line).pid)
      const [before] = pids().slice(-1)
      assert.ok(before)
      process.kill(before, 'SIGKILL')
      await until('another hub listens', () => pids().at(-1) !== before, 60_000)
      for (const { name, code, printed } of people) {
        await until(
          'the home page is there again',
          async () => (await pageOf(name).goto(`${url}hub/home`))?.ok(),
          60_000,
        )
        await pageOf(name).locator('article.bw-session').getByRole('link', { name: 'Open' }).first().click()
        await pageOf(name).waitForURL(`${url}user/${name}/**`)
        assert.equal(await cell(name, code), printed)
      }
    })

    it('shows the administrator who is on, and the report; nobody else', { timeout }, async () => {
      const page = pageOf('carol')
      await page.goto(`${url}hub/admin`)
      const table = await page.locator('main').innerText()
      for (const { name } of people) assert.match(table, new RegExp(name))
      await page.goto(`${url}hub/admin/report?day=yesterday`)
      const report = (await page.locator('main').innerText()).replaceAll(/\s+/g, ' ')
      assert.match(report, /balc0022 26 1 46\.565667 117\.146 ram256g@mesabim3 125gb 4:00:00 1:ppn=12/)
      assert.match(report, /jj 4 2 .*mesabi@mesabim3 4gb 8:00:00 1:ppn=2/)
      assert.equal((await pageOf('alice').goto(`${url}hub/admin`))?.status(), 403)
    })

    it('has the day in the page and in the mail, and what happens now in syslog', { timeout }, async () => {
      assert.match(textOf('report.html'), /<td[^>]*>46\.565667/)
      const mail = textOf('mail/1.eml')
      for (const part of ['text/plain', 'text/html', 'text/csv'])
        assert.match(mail, new RegExp(`Content-Type: ${part}`))
      for (const { name, profile } of people)
        await until(`${name}'s start is in syslog`, () =>
          new RegExp(`^\\S+ batchway .*event=session\\.ready .*user=${name} .*profile=${profile} `, 'm').test(
            textOf('sessions'),
          ),
        )
      assert.match(textOf('syslog'), /event=audit\.sign-in/)
    })

    it('stops, is reported, and leaves nothing behind', { timeout }, async () => {
      for (const { name } of people) {
        const page = pageOf(name)
        await page.goto(`${url}hub/home`)
        await page.getByRole('button', { name: 'Stop', exact: true }).first().click()
      }
      for (const { name } of people)
        await until(
          `${name}'s session has ended`,
          async () => {
            await pageOf(name).goto(`${url}hub/home`)
            return (await pageOf(name).locator('article.bw-session').count()) === 0
          },
          120_000,
        )
      const today = await run('runuser -u batchway -- batchway report --last 1h --format csv')
      assert.match(today, /^alice,1,0,\d+\.\d{6},\d+\.\d{3},ram256g@mesabim3,125gb,4:00:00,1:ppn=12\r?$/m)
      assert.match(today, /^bob,1,0,.*,batch@labhost,4gb,8:00:00,1:ppn=2\r?$/m)
      await until('nothing is left in Slurm', async () => (await run('squeue --noheader')).trim() === '', 120_000)
      assert.ok(last)
      await shell.run(last satisfies Step)
      await until('hub, proxy and Apache have ended', () => assert.deepEqual(listeners(), []) ?? true, 60_000)
    })

    const listeners = (): string[] =>
      execFileSync('ss', ['-Hltnp', 'sport = :8443 or sport = :8999 or sport = :8998'], { encoding: 'utf8' })
        .split('\n')
        .filter(Boolean)
  })
