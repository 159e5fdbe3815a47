/** A home folder that is not there, or cannot be written to: what a person is told. With an account made for this test alone. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext } from 'playwright-core'
import { untilState } from './support/api.ts'
import { launch, openBrowser, signIn } from './support/browser.ts'
import { openSite, type Site } from './support/site.ts'
import { nothing, tracesOf } from './support/traces.ts'
import { until } from './support/until.ts'

const person = 'dave'
const home = `/home/${person}`
const fate = '/var/tmp/batchway-bench/fate.py'

function makePerson(): void {
  removePerson() // of a run that was cut short
  execFileSync('useradd', ['--create-home', '--shell', '/bin/bash', '--groups', 'batchway-users', person])
  chmodSync(home, 0o700)
  execFileSync('sacctmgr', ['--immediate', 'add', 'user', person, 'account=chem'], { stdio: 'ignore' })
}

function removePerson(): void {
  spawnSync('sacctmgr', ['--immediate', 'delete', 'user', person], { stdio: 'ignore' })
  for (const place of [home, `${home}.away`]) spawnSync('rm', ['-rf', place])
  if (spawnSync('id', [person], { stdio: 'ignore' }).status === 0) execFileSync('userdel', ['--force', person])
}

const conditions = {
  away: {
    begin: () => renameSync(home, `${home}.away`),
    end: () => renameSync(`${home}.away`, home),
  },
  closed: {
    begin: () => chownSync(home, 0, 0),
    end: () => {
      const [uid, gid] = ['-u', '-g'].map((option) =>
        Number(execFileSync('id', [option, person], { encoding: 'utf8' })),
      )
      chownSync(home, uid ?? 0, gid ?? 0)
    },
  },
} as const

describe('a session whose home folder is', () => {
  let site: Site
  let browser: Browser
  let context: BrowserContext
  before(async () => {
    copyFileSync(join(import.meta.dirname, 'support/fate.py'), fate)
    makePerson()
    site = await openSite({
      instance: 'f1',
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
      const page = await context.newPage()
      condition.begin()
      try {
        for (const cluster of ['slurm', 'local']) await launch(page, site, cluster, `${person}/${cluster}`)
        for (const cluster of ['slurm', 'local']) {
          const session = await untilState(context, site, person, cluster, 'ended')
          // No script ran: nobody but the scheduler knows, and it does not know more.
          assert.equal(session.outcome?.code, 'output-unwritable', `${cluster}: ${JSON.stringify(session.outcome)}`)
          await page.goto(`${site.url}hub/sessions/${session.id}`)
          assert.match(
            await page.locator('h1').innerText(),
            /could not write the job’s log file, so it ended the job at/,
          )
          assert.match(await page.locator('main').innerText(), /Check space and permissions of your home folder/)
          assert.equal((await page.locator('main .bw-chip').first().innerText()).trim(), 'Log not writable')
          await until('nothing is left', async () => {
            const traces = await tracesOf(site, { id: session.id, url: session.url, cluster })
            assert.deepEqual(traces, nothing)
            return true
          })
        }
      } finally {
        condition.end()
        await page.close()
      }
    })
  }

  it('in order, on both clusters', async () => {
    assert.ok(existsSync(home))
    for (const cluster of ['slurm', 'local']) {
      const page = await context.newPage()
      await launch(page, site, cluster, `${person}/${cluster}`)
      await untilState(context, site, person, cluster, 'ready')
      await page.close()
    }
  })
})
