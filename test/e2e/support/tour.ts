/** All pages of a site that runs, for whoever wants to look at each of them: a photographer, or a check. */
import { randomBytes } from 'node:crypto'
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { openPage, signIn } from './browser.ts'
import { accountOf } from './personal.ts'
import type { Site } from './site.ts'
import { until } from './until.ts'
import { type Answer, startServer, type Visitor, visitorOf } from './visitor.ts'

export interface Stop {
  readonly name: string
  readonly who: 'nobody' | 'alice' | 'bob'
  /** Below the site's address; `PATH?…`. */
  readonly path: string
  /** What to do there before it is looked at. */
  readonly act?: (page: Page) => Promise<void>
}

/** Profiles and people of the tour. Bob is the administrator. */
export function withTour(config: Record<string, unknown>): void {
  const { profiles, applications, signIn, stateDirectory } = config
  if (!Array.isArray(profiles) || typeof applications !== 'object' || !Array.isArray(signIn))
    throw new TypeError('not the configuration of a site')
  config.admins = ['bob']
  // Shown and not used: people of the tour come by link.
  config.signIn = [
    { type: 'oidc', button: 'Continue with Northfield', issuer: 'http://127.0.0.1:1', clientId: 'batchway' },
    { type: 'pam' },
    ...signIn,
  ]
  const tokenFile = join(String(stateDirectory), 'dashboard.token')
  writeFileSync(tokenFile, randomBytes(32).toString('hex'), { mode: 0o600 })
  const hub = accountOf('batchway')
  chownSync(tokenFile, hub.uid, hub.gid)
  config.services = { dashboard: { url: 'http://127.0.0.1:1', apiTokenFile: tokenFile } }
  config.people = { allow: 'everyone' }
  config.roles = { tour: { scopes: ['access:services!service=dashboard', 'shares!user'], users: ['alice'] } }
  config.site = {
    name: 'Northfield Computing Centre',
    helpUrl: 'https://hpc.northfield.example/help',
    helpMail: 'help@northfield.example',
    timeZone: 'Europe/Berlin',
  }
  const size = { cores: 2, memory: '2G', walltime: '2h' }
  // A machine with two cores takes two of these; the third waits.
  const small = { cores: 1, memory: '512M', walltime: '2h' }
  config.applications = {
    ...applications,
    missing: { kind: 'command', title: 'RStudio', command: ['/opt/rstudio/bin/server', '--port={port}'] },
    silent: { kind: 'command', title: 'VS Code', command: ['/bin/sh', '-c', 'exec sleep 600', 'code', '{port}'] },
    plain: {
      kind: 'command',
      title: 'Desktop',
      command: ['/usr/bin/python3', '-I', '-m', 'http.server', '--bind', '127.0.0.1', '{port}'],
    },
  }
  config.profiles = [
    {
      key: 'lab',
      title: 'JupyterLab on Larch',
      description: 'Partition batch, up to a day',
      cluster: 'slurm',
      application: 'lab',
      resources: size,
      choose: { cores: [1, 16], memory: ['512M', '32G'], walltime: ['5m', '24h'] },
      options: { partition: 'batch' },
    },
    {
      key: 'gpu',
      title: 'JupyterLab with a GPU',
      description: 'One GPU of partition gpu',
      cluster: 'slurm',
      application: 'lab',
      resources: { ...size, gpus: 1 },
      options: { partition: 'gpu' },
    },
    {
      key: 'desktop',
      title: 'Desktop on this machine',
      cluster: 'local',
      application: 'plain',
      resources: small,
    },
    {
      key: 'missing',
      title: 'RStudio on this machine',
      cluster: 'local',
      application: 'missing',
      resources: small,
    },
    {
      key: 'starting',
      title: 'VS Code on this machine',
      cluster: 'local',
      application: 'silent',
      resources: small,
      limits: { ready: '20m' },
    },
  ]
}

async function chooseLab(page: Page): Promise<void> {
  await page.locator('input[name=profile][value="lab"]').check()
  await page.locator('#launch-shown[value="lab"]').waitFor({ state: 'attached' })
}

/** A report that today's sessions are in. */
function thisWeek(): URLSearchParams {
  const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
  return new URLSearchParams({ from: day(-6), to: day(1) })
}

function shareOf({ status, body }: Answer): string {
  const { code } = JSON.parse(body)
  if (typeof code !== 'string') throw new Error(`no share code: ${status} ${body}`)
  return `hub/accept-share?code=${encodeURIComponent(code)}`
}

export interface Tour extends AsyncDisposable {
  readonly stops: readonly Stop[]
  readonly alice: Visitor
  contextOf(who: Stop['who']): BrowserContext
}

/** Sessions in several states, announcements, a token, a drain; then the list of what can be seen. */
export async function openTour(browser: Browser, site: Site): Promise<Tour> {
  const alice = await visitorOf(site, 'alice')
  const contexts = new Map<Stop['who'], BrowserContext>()
  contexts.set('alice', await signIn(browser, site, 'alice'))
  contexts.set('bob', await signIn(browser, site, 'bob'))
  contexts.set('nobody', await browser.newContext({ viewport: { width: 1280, height: 900 } }))
  const contextOf = (who: Stop['who']): BrowserContext => {
    const found = contexts.get(who)
    if (found === undefined) throw new Error(`nobody is ${who}`)
    return found
  }
  await startServer(alice, 'desktop')
  const start = async (server: string, profile: string): Promise<void> => {
    const { status, body } = await alice.api(`/users/alice/servers/${server}`, {
      method: 'POST',
      body: JSON.stringify({ user_options: { profile } }),
    })
    if (status >= 300) throw new Error(`${profile}: ${status} ${body}`)
  }
  await start('broken', 'missing')
  await until('one has ended', async () => (await alice.open('/hub/history')).body.includes('/relaunch'), 90_000)
  await start('slow', 'starting')
  await until('one starts', async () => /Starting/.test((await alice.open('/hub/home')).body), 90_000)
  await start('patient', 'starting')
  await until('the third is known', async () => /: patient</.test((await alice.open('/hub/home')).body), 90_000)
  const desk = await openPage(contextOf('bob'))
  await desk.goto(`${site.url}hub/admin`)
  await desk.fill('#a-t', 'Maintenance on Tuesday, 8 to 12: sessions end at 7:45.')
  await desk.locator('form[action$="/announcements"] button').click()
  await desk.locator('#banners >> text=Maintenance on Tuesday').waitFor()
  await desk.close()
  const home = (await alice.open('/hub/home')).body
  const pageOf = (words: RegExp): string => {
    const [, path] = words.exec(home) ?? []
    if (path === undefined) throw new Error(`the home page has no ${words}`)
    return path.slice(1)
  }
  const stops: Stop[] = [
    { name: 'sign-in', who: 'nobody', path: 'hub/login' },
    { name: 'sign-in-link', who: 'nobody', path: new URL(await site.link('carol')).href.slice(site.url.length) },
    { name: 'signed-out', who: 'nobody', path: 'hub/logout' },
    { name: 'link-used', who: 'nobody', path: 'hub/login/link?key=used' },
    { name: 'api', who: 'nobody', path: 'hub/docs/api' },
    { name: 'proxy-error', who: 'nobody', path: 'hub/error/503' },
    { name: 'home', who: 'alice', path: 'hub/home' },
    { name: 'home-menu', who: 'alice', path: 'hub/home', act: (page) => page.click('.bw-menu summary') },
    { name: 'launch', who: 'alice', path: 'hub/spawn/alice/new', act: chooseLab },
    {
      name: 'launch-preview',
      who: 'alice',
      path: 'hub/spawn/alice/new',
      async act(page) {
        await chooseLab(page)
        await page.getByRole('button', { name: 'Check without starting' }).click()
        await page.locator('#preview').waitFor()
        await page.locator('#preview summary').click()
      },
    },
    {
      name: 'launch-refused',
      who: 'alice',
      path: 'hub/spawn/alice/new',
      async act(page) {
        await chooseLab(page)
        await page.fill('[name=cores]', '99')
        // The other button leaves it to the browser to say that 99 is too many.
        await page.getByRole('button', { name: 'Check without starting' }).click()
        await page.locator('#errors').waitFor()
      },
    },
    { name: 'starting', who: 'alice', path: pageOf(/href="(\/hub\/sessions\/[^"]+)">[^<]*: slow</) },
    { name: 'waiting', who: 'alice', path: pageOf(/href="(\/hub\/sessions\/[^"]+)">[^<]*: patient</) },
    { name: 'session', who: 'alice', path: pageOf(/href="(\/hub\/sessions\/[^"]+)">Desktop on this machine</) },
    { name: 'ended', who: 'alice', path: pageOf(/href="(\/hub\/sessions\/[^"]+)">[^<]*: broken</) },
    { name: 'history', who: 'alice', path: 'hub/history' },
    { name: 'server', who: 'alice', path: 'hub/servers/slow' },
    { name: 'tokens', who: 'alice', path: 'hub/token' },
    {
      name: 'tokens-new',
      who: 'alice',
      path: 'hub/token',
      async act(page) {
        await page.fill('[name=note]', 'Nightly run')
        await page.getByRole('button', { name: 'Make the token' }).click()
        await page.locator('#new-token').waitFor()
      },
    },
    {
      name: 'let-know',
      who: 'alice',
      path: `hub/api/oauth2/authorize?${new URLSearchParams({
        client_id: 'service-dashboard',
        redirect_uri: new URL('services/dashboard/oauth_callback', site.url).pathname,
        response_type: 'code',
        state: 'tour',
      })}`,
    },
    { name: 'announcements', who: 'alice', path: 'hub/announcements' },
    { name: 'not-found', who: 'alice', path: 'hub/nothing' },
    { name: 'admin', who: 'bob', path: 'hub/admin' },
    { name: 'admin-nobody', who: 'bob', path: 'hub/admin?q=zzz' },
    { name: 'admin-person', who: 'bob', path: 'hub/admin/users/alice' },
    { name: 'audit', who: 'bob', path: 'hub/admin/audit' },
    { name: 'report', who: 'bob', path: `hub/admin/report?${thisWeek()}` },
    {
      name: 'share',
      who: 'bob',
      path: shareOf(await alice.api('/share-codes/alice/', { method: 'POST', body: '{}' })),
    },
    { name: 'check-sign-in', who: 'bob', path: 'hub/admin/sign-in' },
    { name: 'home-empty', who: 'bob', path: 'hub/home' },
  ]
  return {
    stops,
    alice,
    contextOf,
    [Symbol.asyncDispose]: async () => {
      for (const context of contexts.values()) await context.close()
    },
  }
}

/** @returns the page, where it shall be looked at. */
export async function visitStop(tour: Tour, site: Site, stop: Stop): Promise<Page> {
  const page = await openPage(tour.contextOf(stop.who))
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.goto(site.url + stop.path)
  await stop.act?.(page)
  return page
}
