/** A home folder that is not there, or cannot be written to: what a person is told. With an account made for this test alone. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext } from 'playwright-core'
import { untilState } from './support/api.ts'
import { launch, openBrowser, shoot, signIn } from './support/browser.ts'
import { openSite, type Site } from './support/site.ts'
import { nothing, tracesOf } from './support/traces.ts'
import { until } from './support/until.ts'

const person = 'dave'
const home = `/home/${person}`
const clusters = ['slurm', 'local'] as const
const fate = '/var/tmp/batchway-bench/fate.py'

function makePerson(): void {
  removePerson() // of a run that was cut short
  execFileSync('useradd', ['--create-home', '--shell', '/bin/bash', '--groups', 'batchway-users', person])
  chmodSync(home, 0o700)
  execFileSync('sacctmgr', ['--immediate', 'add', 'user', person, 'account=chem'], { stdio: 'ignore' })
}

function removePerson(): void {
  spawnSync('sacctmgr', ['--immediate', 'delete', 'user', person], { stdio: 'ignore' })
  while (spawnSync('umount', [home], { stdio: 'ignore' }).status === 0);
  for (const place of [home, `${home}.away`]) spawnSync('rm', ['-rf', place])
  if (spawnSync('id', [person], { stdio: 'ignore' }).status === 0) execFileSync('userdel', ['--force', person])
}

const idOf = (option: string): number => Number(execFileSync('id', [option, person], { encoding: 'utf8' }))
/** A small file system in the home's place, as its owner finds it. */
const mountHome = (options: string): void => {
  const owner = `mode=700,uid=${idOf('-u')},gid=${idOf('-g')}`
  execFileSync('mount', ['-t', 'tmpfs', '-o', `${owner},${options}`, 'batchway-test', home])
}
const unmountHome = (): void => void execFileSync('umount', [home])

interface Condition {
  begin(): void
  end(): void
  readonly code: string
  readonly chip: string
  readonly sentence: string
  /** Of the agent: what the job found on its node. */
  readonly words: RegExp
  /** What a command said about it. */
  readonly log: RegExp | null
  readonly next: RegExp
  readonly shot?: boolean
}

const full = {
  code: 'home-full',
  chip: 'Home folder full',
  sentence: 'The home folder of dave is full.',
  words: /^the home directory \/home\/dave is full: delete something and start again$/,
  log: /No space left on device/,
  next: /Delete or move files, then start it again\./,
}
const unwritable = {
  code: 'home-read-only',
  chip: 'Home folder read-only',
  sentence: 'The home folder of dave could not be written to.',
  next: /Check that you can write there from a login node/,
}
const conditions: Readonly<Record<string, Condition>> = {
  away: {
    begin: () => renameSync(home, `${home}.away`),
    end: () => renameSync(`${home}.away`, home),
    code: 'home-missing',
    chip: 'Home folder missing',
    sentence: 'The home folder of dave was not there on the node.',
    words: /^the home directory is not there on this node: \/home\/dave$/,
    log: null,
    next: /Tell your support: they know the node from the details below\./,
    shot: true,
  },
  closed: {
    begin: () => chownSync(home, 0, 0),
    end: () => chownSync(home, idOf('-u'), idOf('-g')),
    ...unwritable,
    words: /^the home directory \/home\/dave cannot be written$/,
    log: /Permission denied/,
  },
  'read-only': {
    begin: () => mountHome('ro'),
    end: unmountHome,
    ...unwritable,
    words: /^the home directory \/home\/dave is read-only on this node$/,
    log: /Read-only file system/,
    shot: true,
  },
  full: {
    begin() {
      mountHome('size=64k')
      spawnSync('dd', ['if=/dev/zero', `of=${home}/data`, 'bs=4096'], { stdio: 'ignore' })
    },
    end: unmountHome,
    ...full,
    shot: true,
  },
  // Not even an empty file can be made: nothing that a scheduler would open in there, either.
  'full of files': { begin: () => mountHome('nr_inodes=1'), end: unmountHome, ...full },
}

describe('a session whose home folder is', () => {
  let site: Site
  let browser: Browser
  let context: BrowserContext
  before(async () => {
    copyFileSync(join(import.meta.dirname, 'support/fate.py'), fate)
    makePerson()
    site = await openSite({
      instance: 'f3',
      change(config) {
        const resources = { cores: 1, memory: '300M', walltime: '10m' }
        Object.assign(config.applications as object, {
          fate: { kind: 'command', title: 'Fate', command: ['/usr/bin/python3', fate, '{port}', 'stay'] },
        })
        config.profiles = [
          {
            key: 'slurm',
            title: 'There',
            cluster: 'slurm',
            application: 'fate',
            resources,
            options: { partition: 'debug' },
          },
          { key: 'local', title: 'Here', cluster: 'local', application: 'fate', resources },
        ]
      },
    })
    browser = await openBrowser()
    context = await signIn(browser, site, person)
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
    removePerson()
  })

  for (const [name, condition] of Object.entries(conditions)) {
    it(`${name}, on both clusters`, async () => {
      // The page that has launched goes to its session's end by itself, at a moment of its own: looked at is another one.
      const launching = await context.newPage()
      const page = await context.newPage()
      condition.begin()
      try {
        for (const cluster of clusters) await launch(launching, site, cluster, `${person}/${cluster}`)
        for (const cluster of clusters) {
          const session = await untilState(context, site, person, cluster, 'ended')
          const { outcome } = session
          const words = `${cluster}: ${JSON.stringify(outcome)}`
          assert.deepEqual([outcome?.code, outcome?.sentence], [condition.code, condition.sentence], words)
          assert.match(outcome?.words ?? '', condition.words)
          assert.match(outcome?.log.join('\n') ?? '', condition.log ?? /^$/)
          await page.goto(`${site.url}hub/sessions/${session.id}`)
          assert.equal(await page.locator('h1').innerText(), condition.sentence)
          assert.match(await page.locator('main').innerText(), condition.next)
          assert.equal((await page.locator('main .bw-chip').first().innerText()).trim(), condition.chip)
          const lines = await page.locator('section[aria-labelledby=h-log]').innerText()
          assert.match(lines, condition.log ?? /There are none to show/)
          if (condition.shot && cluster === 'slurm') await shoot(page, `ended-${condition.code}`)
          await until('nothing is left', async () => {
            const traces = await tracesOf(site, { id: session.id, url: session.url, cluster })
            assert.deepEqual(traces, nothing)
            return true
          })
        }
      } finally {
        condition.end()
        await launching.close()
        await page.close()
      }
    })
  }

  it('in order, on both clusters', async () => {
    assert.ok(existsSync(home))
    for (const cluster of clusters) {
      const page = await context.newPage()
      await launch(page, site, cluster, `${person}/${cluster}`)
      await untilState(context, site, person, cluster, 'ready')
      await page.close()
    }
  })
})
