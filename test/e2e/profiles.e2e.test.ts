/**
 * The founding talk's four profiles: pasted as they stand into a Python file, imported by the command, run under the names of this site,
 * and there again after a restart of the hub. And a value outside its limit, which is refused in the same words everywhere.
 */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { parse } from 'yaml'
import { blanks, fillBlanks } from '../../packages/batchway/src/sessions/job-request.ts'
import { openBrowser, openPage, signIn } from './support/browser.ts'
import { withPages } from './support/pages-profile.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'
import { serverResource, startServer, stopServer, type Visitor, visitorOf } from './support/visitor.ts'

const packages = resolve(import.meta.dirname, '../../packages/batchway/src')
const entry = join(packages, 'cli/main.ts')
const talk = join(packages, 'profiles/import/testdata/founding-talk.py')
const timeout = 300_000

/** What the command prints for this site: Torque has become Slurm, and its queues are Slurm's partitions. */
function imported(): { readonly profiles: readonly Record<string, unknown>[] } {
  const names = [
    ...['--application', 'pages', '--walltime', '20m'],
    ...['--cluster', 'batchspawner.TorqueSpawner=slurm:slurm'],
    ...['--cluster', 'batchspawner.TorqueSpawner@labhost.xyz.edu=slurm:slurm'],
    ...['--queue', 'mesabi=batch', '--queue', 'ram256g=gpu', '--queue', 'small=batch'],
  ]
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=source', entry, 'import', 'profiles', talk, ...names],
    { encoding: 'utf8', timeout },
  )
  assert.equal(status, 0, stderr)
  assert.match(stderr, /^4 whole, 0 in part, 0 not at all$/m)
  return parse(stdout)
}

/** Server → profile, its cores, memory and partition; null: not a job of Slurm. */
const talks = [
  ['one', 'local', null],
  ['two', 'mesabi2c4g12h', '2 4G batch'],
  ['three', 'mesabi128gb', '12 125G gpu'],
  ['four', 'small', '2 4G batch'],
] as const

describe('the profiles of the founding talk', () => {
  let site: Site
  let alice: Visitor
  let browser: Browser
  let token = ''
  before(async () => {
    site = await openSite({
      instance: 'pa',
      change(config) {
        withPages(config)
        const { profiles } = config
        assert.ok(Array.isArray(profiles))
        profiles.push(...imported().profiles, {
          key: 'limited',
          title: 'Limited',
          cluster: 'slurm',
          application: 'pages',
          resources: { cores: 1, memory: '300M', walltime: '20m' },
          choose: { memory: ['200M', '2G'], options: { partition: ['batch', 'debug'] } },
          options: { partition: 'batch' },
        })
      },
    })
    alice = await visitorOf(site, 'alice')
    browser = await openBrowser()
    token = site.command('token', 'create', '--local', '--config', site.configFile, '--user', 'alice').trim()
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
  })

  const sessions = async (): Promise<
    { id: string; server: string; profile: string; state: string; job: string | null }[]
  > => {
    const { items: listed }: { readonly items?: unknown } = JSON.parse((await alice.api('/users/alice/sessions')).body)
    assert.ok(Array.isArray(listed), JSON.stringify(listed).slice(0, 300))
    return listed.map(({ id, server, profile, state, job_id: job }) => ({
      id,
      server,
      profile: profile.key,
      state,
      job,
    }))
  }
  const of = async (server: string) => (await sessions()).find((session) => session.server === server)
  /** `cores memory partition` as Slurm tells. */
  const inSlurm = (job: string): string =>
    execFileSync('squeue', ['--noheader', `--jobs=${job}`, '--format=%C %m %P'], { encoding: 'utf8' }).trim()

  it('run, each as what it says, on Slurm and on this machine', { timeout }, async () => {
    for (const [server, profile, size] of talks) {
      if (profile !== 'mesabi128gb') await startServer(alice, profile, { server, limitMs: 180_000 })
      else {
        // It takes a whole node of the bench: whoever else has a job there may keep it waiting.
        const body = JSON.stringify({ user_options: { profile } })
        assert.equal((await alice.api(serverResource('alice', server), { method: 'POST', body })).status, 202)
      }
      if (size === null) continue
      const job = await until(`${profile} is a job`, async () => (await of(server))?.job ?? null, 180_000)
      assert.equal(inSlurm(job), size)
    }
  })

  it('are submitted as the page showed them, byte for byte', { timeout }, async () => {
    const context = await signIn(browser, site, 'alice')
    let shown = ''
    try {
      const page = await openPage(context)
      await page.goto(`${site.url}hub/spawn?profile=mesabi2c4g12h`)
      await page.getByRole('button', { name: 'Check without starting' }).click()
      const script = page.locator('#preview pre').last()
      await script.waitFor({ state: 'attached' })
      shown = (await script.textContent()) ?? ''
    } finally {
      await context.close()
    }
    const session = await of('two')
    assert.ok(session?.job)
    const submitted = execFileSync('scontrol', ['write', 'batch_script', session.job, '-'], { encoding: 'utf8' })
    const [, secret = ''] = /"secret":"([^"]+)"/.exec(submitted) ?? []
    assert.match(secret, /^[0-9a-f]{64}$/)
    assert.ok(shown.includes(blanks.session) && !shown.includes(secret))
    const { script } = fillBlanks({ command: [], script: shown }, session, secret)
    // Slurm’s own command ends what it writes with a line break.
    assert.equal(script.trimEnd(), submitted.trimEnd().replace(/\0+$/, ''))
  })

  it('are there again after a restart of the hub', { timeout }, async () => {
    const before = await sessions()
    assert.deepEqual(new Set(before.map(({ profile }) => profile)), new Set(talks.map(([, profile]) => profile)))
    await site.killAndWait('hub')
    alice = await visitorOf(site, 'alice')
    for (const [server, profile] of talks) {
      const now = await until(`${profile} is known again`, async () => (await of(server)) ?? null, 60_000)
      assert.deepEqual([now.profile, now.job], [profile, before.find((one) => one.server === server)?.job])
      if (profile === 'mesabi128gb') continue
      await until(`${profile} is ready`, async () => (await of(server))?.state === 'ready', 60_000)
    }
    for (const [server] of talks) await stopServer(alice, server)
  })

  const run = (...words: string[]): Promise<{ code: number; err: string }> =>
    new Promise((done) => {
      const env = { PATH: process.env.PATH, HOME: '/nowhere', BATCHWAY_URL: site.url, BATCHWAY_TOKEN: token }
      execFile(process.execPath, ['--conditions=source', entry, ...words], { env, timeout }, (error, _out, err) =>
        done({ code: error === null ? 0 : Number(error.code), err }),
      )
    })
  /** The command writes a sentence without its full stop. */
  const refusal = (words: string) => ({ code: 1, err: `batchway: ${words.replace(/\.$/, '')}\n` })
  const byApi = async (options: object): Promise<{ status: number; message: string }> => {
    const body = JSON.stringify({ user_options: options })
    const answer = await alice.api('/users/alice/server', { method: 'POST', body })
    return { status: answer.status, message: JSON.parse(answer.body).message }
  }

  it('an option outside its limit gets the same words by form, API and command line', { timeout }, async () => {
    const words = 'Memory: 3 GB is more than 2 GB. Ask for 2 GB or less.'
    const context = await signIn(browser, site, 'alice')
    try {
      const page = await openPage(context)
      await page.goto(`${site.url}hub/spawn?profile=limited`)
      await page.getByRole('textbox', { name: 'Memory' }).fill('3')
      await page.getByRole('button', { name: 'Start session' }).click()
      const told = page.locator('#errors a')
      await told.waitFor()
      assert.deepEqual(await told.allInnerTexts(), [words])
    } finally {
      await context.close()
    }
    assert.deepEqual(await byApi({ profile: 'limited', memory: '3' }), { status: 422, message: words })
    const typed = await run('server', 'start', '--profile', 'limited', '--option', 'memory=3')
    assert.deepEqual(typed, refusal(words))
    assert.equal(
      (await sessions()).some(({ profile }) => profile === 'limited'),
      false,
    )
  })

  for (const [options, words] of [
    [{ profile: 'gone' }, /^The profile "gone" is not offered to you\. Choose one of: .*mesabi2c4g12h, /],
    [{ profile: 'limited', core: '1' }, /^This profile has no option "core"\. It has: memory, partition\.$/],
    [{ profile: 'limited', partition: 'gpu' }, /^Partition: "gpu" is not offered\. Choose one of: batch, debug\.$/],
    [{ profile: 'limited', partition: 'batch; id' }, /^Partition: "batch; id" is not offered\./],
  ] as const)
    it(`${JSON.stringify(options)} starts nothing, and the words are the same`, { timeout }, async () => {
      const { status, message } = await byApi(options)
      assert.equal(status, 422)
      assert.match(message, words)
      const { profile, ...more } = options
      const given = Object.entries(more).flatMap(([name, value]) => ['--option', `${name}=${value}`])
      const typed = await run('server', 'start', '--profile', profile, ...given)
      assert.deepEqual(typed, refusal(message))
    })
})
