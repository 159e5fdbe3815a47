/**
 * The real secrets of running sessions, and canaries, looked for everywhere that somebody else can look: scheduler, process table,
 * files, logs, addresses. Each look has its counterpart: what is planted there on purpose is found by the same means.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { findAccount } from '../../packages/batchway/src/cli/start/served-account.ts'
import { programText, runAs, startAs, type Watched } from './support/as-person.ts'
import { openBrowser } from './support/browser.ts'
import { holdersOf, type LiveSession, liveSession } from './support/live-secrets.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'

type Needles = Readonly<Record<string, string>>
interface Hit {
  readonly name: string
  readonly path: string
}

const publicPlaces = [
  '/tmp',
  '/var/tmp',
  '/var/spool',
  '/var/log',
  '/var/lib',
  '/run',
  '/home',
  '/dev/shm',
  '/etc',
  '/proc',
]

/** Look as a user, in files changed since a time (s) and in all processes. */
async function search(
  user: string,
  needles: Needles,
  roots: readonly string[],
  more: { readonly since?: number; readonly text?: string } = {},
): Promise<Hit[]> {
  const order = JSON.stringify({ needles, roots, since: more.since ?? 0, text: more.text ?? '' })
  const { stdout, stderr, code } = await runAs(user, ['/usr/bin/python3', '-I', '-c', programText('search.py')], order)
  assert.equal(code, 0, stderr)
  const { hits, read }: { hits: [string, string][]; read: number } = JSON.parse(stdout)
  assert.ok(read > 0)
  return hits.map(([name, path]) => ({ name, path }))
}

/** The same look at a text. */
const inText = (needles: Needles, text: string) => search('nobody', needles, ['-'], { text })

describe('secrets of running sessions', () => {
  const canary = randomBytes(20).toString('hex')
  const since = Date.now() / 1000 - 1
  let site: Site
  let browser: Browser
  let context: BrowserContext
  let watch: Watched
  let onSlurm: LiveSession
  let behindGate: LiveSession
  let needles: Needles
  let ground: string
  /** Every address that the browser asked for or was sent to, and every Referer. */
  const addresses: string[] = []
  let linkKey = ''

  async function openProfile(page: Page, profile: string, server: string): Promise<void> {
    await page.goto(`${site.url}hub/spawn/alice${server === '' ? '' : `/${server}`}`)
    await page.locator(`input[name=profile][value="${profile}"]`).check()
    await page.getByRole('button', { name: 'Start session' }).click()
    await page.waitForURL((url) => url.pathname.startsWith(`/jupyter/user/alice/${server}`), { timeout: 90_000 })
  }

  before(async () => {
    ground = mkdtempSync('/var/tmp/batchway-canary-')
    chmodSync(ground, 0o755)
    watch = startAs('bob', 'process-watch.py')
    await watch.said('watching')
    site = await openSite({
      base: '/jupyter/',
      instance: 'i4',
      change(config) {
        const { applications } = config
        if (typeof applications !== 'object' || applications === null) return
        for (const application of Object.values(applications))
          application.environment = { ...application.environment, SITE_TOKEN: `${canary}-site` }
      },
    })
    browser = await openBrowser()
    context = await browser.newContext()
    context.setDefaultTimeout(60_000)
    context.on('request', (request) => {
      addresses.push(request.url())
      void request.allHeaders().then(
        ({ referer }) => addresses.push(referer ?? ''),
        () => undefined,
      )
    })
    context.on('response', (response) => addresses.push(response.headers().location ?? ''))
    context.on('page', (page) => page.on('websocket', (socket) => addresses.push(socket.url())))
    const page = await context.newPage()
    const link = await site.link('alice')
    linkKey = new URL(link).searchParams.get('key') ?? ''
    await page.goto(link)
    await page.locator('main form button').first().click()
    await page.waitForURL(/\/hub\/home/)
    await openProfile(page, 'slurm-classic', '')
    await page.locator('#notebook_list').waitFor()
    await openProfile(page, 'local-plain-lab', 'plain')
    await page.locator('#jp-main-dock-panel').waitFor({ timeout: 90_000 })

    onSlurm = liveSession(site, 'alice')
    behindGate = liveSession(site, 'alice', 'plain')
    const cookies = await context.cookies()
    const cookie = (name: RegExp) => cookies.find((each) => name.test(each.name))?.value ?? ''
    const signed = cookie(/^jupyterhub-user-alice$/)
    // A signed cookie of Tornado: fields parted by bars, each with its length; the fifth is the value in base64.
    const field = decodeURIComponent(signed).replaceAll('"', '').split('|')[4]?.split(':')[1] ?? ''
    const secretsOf = (name: string, { attemptSecret, claimToken, apiToken, appToken, psk }: LiveSession) =>
      Object.entries({ attemptSecret, claimToken, apiToken, appToken, psk: psk.key }).map(
        ([key, value]) => [`${name} ${key}`, value] as const,
      )
    needles = Object.fromEntries([
      ...secretsOf('slurm', onSlurm),
      ...secretsOf('gated', behindGate),
      ['sign-in cookie', cookie(/^jupyterhub-hub-login$/)],
      ['cookie of the server', signed],
      ['cookie of the gate', cookie(/^batchway-gate-[0-9a-f]+$/)],
      ['OAuth token', Buffer.from(field, 'base64').toString('latin1')],
      ['hub key', readFileSync(join(site.stateDirectory, 'hub.key'), 'utf8').trim()],
      ['proxy token', readFileSync(join(site.stateDirectory, 'proxy.token'), 'utf8').trim()],
      ['link', linkKey],
      ['site token', `${canary}-site`],
    ])
    for (const [name, value] of Object.entries(needles)) assert.ok(value.length >= 16, `${name} is known`)
  })
  after(async () => {
    await browser?.close()
    await watch?.[Symbol.asyncDispose]()
    await site?.[Symbol.asyncDispose]()
    rmSync(ground, { recursive: true, force: true })
  })

  it('are what the session uses: alice finds them where they belong', async () => {
    const hers = await search('alice', needles, ['/proc'])
    const names = new Set(hers.filter(({ path }) => path.endsWith('/environ')).map(({ name }) => name))
    for (const name of ['slurm apiToken', 'gated appToken', 'site token']) assert.ok(names.has(name), name)
    assert.ok(holdersOf(onSlurm.apiToken).length > 0)
    const { status } = await fetch(`${site.url}hub/api/user`, {
      headers: { authorization: `token ${needles['OAuth token']}` },
    })
    assert.equal(status, 200)
    const script = await runAs('alice', ['scontrol', 'write', 'batch_script', onSlurm.jobId, '-'])
    assert.ok(script.stdout.includes(onSlurm.attemptSecret))
  })

  // CVE-2020-26261 (systemdspawner): tokens in an environment that everybody could read.
  it('stand nowhere that another person can read', async () => {
    const { uid = 0, gid = 0 } = findAccount('alice') ?? {}
    const plant = (name: string, mode: number) => {
      writeFileSync(join(ground, name), `planted: ${canary}-${name}\n`, { mode })
      chownSync(join(ground, name), uid, gid)
      chmodSync(join(ground, name), mode)
    }
    plant('open', 0o644)
    plant('closed', 0o600)
    await using _careless = startAs('alice', 'idle.py', `--password=${canary}-argument`)
    await _careless.said('idle')
    const planted = Object.fromEntries(['open', 'closed', 'argument'].map((name) => [name, `${canary}-${name}`]))
    for (const user of ['bob', 'nobody']) {
      const hits = await search(user, { ...needles, ...planted }, publicPlaces, { since })
      const found = new Set(hits.map(({ name }) => name))
      assert.ok(found.delete('open') && found.delete('argument'), 'what is open to all is found')
      assert.deepEqual([...found], [], JSON.stringify(hits.filter(({ name }) => found.has(name))))
    }
  })

  it('are not told by the scheduler', async () => {
    const { jobId } = onSlurm
    const questions = [
      ['scontrol', '-dd', 'show', 'job'],
      ['scontrol', '-dd', 'show', 'job', jobId],
      ['scontrol', 'show', 'step'],
      ['scontrol', 'write', 'batch_script', jobId, '-'],
      ['squeue', '-a', '-o', '%all'],
      ['squeue', '-a', '-O', 'ALL'],
      ['sacct', '-a', '-P', '-o', 'ALL', '-j', jobId],
      ['sacct', '-B', '-j', jobId],
      ['sacct', '--env-vars', '-j', jobId],
    ]
    for (const user of ['bob', 'nobody', 'batchway']) {
      const answers = await Promise.all(questions.map((question) => runAs(user, question)))
      const text = answers.map(({ stdout, stderr }) => stdout + stderr).join('\n')
      assert.match(text, new RegExp(`JobId=${jobId} JobName=bi4`), 'the job can be seen')
      assert.deepEqual(await inText(needles, text), [], user)
    }
  })

  it('never stood on a command line, not even of the shortest program', async () => {
    const seen = watch.output()
    // The watch is quick enough to see what submits jobs, and it can read what is open.
    assert.match(seen, /sbatch/)
    assert.match(seen, new RegExp(`${canary}-argument`))
    assert.deepEqual(await inText(needles, seen), [])
  })

  // CVE-2022-29241, PYSEC-2022-179 (jupyter_server): tokens in logs. Open OnDemand 4.0.5: passwords in clear in cache files.
  it('are in no log, and at rest only in the files of the hub and proxy that are made for them', async () => {
    const log = site.log()
    assert.ok(log.includes(onSlurm.id))
    assert.deepEqual(await inText(needles, log), [])
    for (const { outputPath } of [onSlurm, behindGate]) {
      const output = readFileSync(outputPath, 'utf8')
      assert.notEqual(output, '')
      assert.deepEqual(await inText(needles, output), [], outputPath)
    }
    const hits = await search('root', needles, [site.stateDirectory])
    const places = (name: string) => hits.filter((hit) => hit.name === name).map(({ path }) => path.split('/').at(-1))
    // A route is in the proxy's snapshot, or in the journal of what changed since, or in both.
    const allowed: Record<string, RegExp> = {
      'hub key': /^hub\.key$/,
      'proxy token': /^proxy\.token$/,
      'slurm psk': /^proxy-routes\.json(\.journal)?$/,
      'gated psk': /^proxy-routes\.json(\.journal)?$/,
    }
    for (const name of Object.keys(needles)) {
      const found = places(name)
      const place = allowed[name]
      if (place !== undefined)
        assert.ok(found.length > 0 && found.every((file) => file && place.test(file)), `${name}: ${found}`)
      // The site's own setting stands in its configuration, and in the snapshots of what runs with it.
      else if (name !== 'site token') assert.deepEqual(found, [], name)
    }
    assert.ok(places('site token').includes('batchway.yaml'))
  })

  // CVE-2026-55169 (Open OnDemand): a password in a query string, hence in access logs. CVE-2026-55431 (Coder): a token in an
  // address.
  it('stand in no address, but for the link itself', async () => {
    const page = await context.newPage()
    await page.goto(`${site.url}hub/home`)
    await page.goto(`${site.url}user/alice/plain/lab`)
    await page.locator('#jp-main-dock-panel').waitFor()
    const [links, others] = [
      addresses.filter((address) => address.includes('/hub/login/link')),
      addresses.filter((address) => !address.includes('/hub/login/link')),
    ]
    assert.ok(others.some((address) => address.startsWith('ws://')) && others.length > 50)
    assert.deepEqual(
      (await inText(needles, links.join('\n'))).map(({ name }) => name),
      ['link'],
    )
    assert.deepEqual(await inText(needles, others.join('\n')), [])
    await page.close()
  })

  it('are still nowhere when the sessions are over', async () => {
    const page = await context.newPage()
    for (const _ of ['slurm', 'local']) {
      await page.goto(`${site.url}hub/home`)
      await page.getByRole('button', { name: 'Stop', exact: true }).first().click()
      await page.waitForLoadState()
    }
    await until('both sessions have ended', () => (site.log().match(/"to":"ended"/g) ?? []).length >= 2, 60_000)
    assert.deepEqual(await search('bob', needles, publicPlaces, { since }), [])
    assert.deepEqual(await inText(needles, site.log() + watch.output()), [])
    const { status } = await fetch(`${site.url}hub/api/user`, {
      headers: { authorization: `token ${needles['slurm apiToken']}` },
    })
    assert.equal(status, 403)
  })
})
