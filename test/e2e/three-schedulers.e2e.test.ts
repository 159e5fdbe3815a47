/** One site on three schedulers at once: alice's notebook is a job of Slurm, bob's one of Grid Engine, carol's one of HTCondor. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { untilState } from './support/api.ts'
import { launch, openBrowser, openPage, signIn } from './support/browser.ts'
import { openKernel } from './support/kernel.ts'
import { openSite, type Site } from './support/site.ts'
import { attemptsOf } from './support/traces.ts'

const bench = process.env.BATCHWAY_BENCH ?? '/var/tmp/batchway-bench'
const gridCommands = join(bench, 'gridengine/commands')
const condorCommands = process.env.TEST_HTCONDOR_BIN ?? join(bench, 'htcondor/bin')
const rules = `/etc/sudoers.d/batchway-three-${process.pid}`

/** What the job itself says of where it runs: each scheduler has its own variable for that, and no other's. */
const places = ['SLURM_JOB_ID', 'SGE_CELL', '_CONDOR_SLOT']
const people = [
  { user: 'alice', cluster: 'slurm', place: 'SLURM_JOB_ID' },
  { user: 'bob', cluster: 'grid', place: 'SGE_CELL' },
  { user: 'carol', cluster: 'willow', place: '_CONDOR_SLOT' },
] as const

describe('a site on three schedulers', () => {
  let site: Site
  let browser: Browser
  before(async () => {
    site = await openSite({
      instance: 'te',
      change(config) {
        const { clusters } = config
        if (typeof clusters !== 'object' || clusters === null || !('slurm' in clusters))
          throw new TypeError('not the configuration of a site')
        const slurm = Object(clusters.slurm)
        const grid = { commandDirectory: gridCommands, memoryResource: 'ram' }
        config.clusters = {
          ...clusters,
          grid: { ...slurm, driver: 'grid-engine', title: 'Alder', settings: grid },
          willow: { ...slurm, driver: 'htcondor', title: 'Willow', settings: { commandDirectory: condorCommands } },
        }
        config.profiles = people.map(({ cluster }) => ({
          key: cluster,
          title: `Notebook on ${cluster}`,
          cluster,
          application: 'classic',
          resources: { cores: 1, memory: '1G', walltime: '20m' },
          options: cluster === 'slurm' ? { partition: 'debug' } : {},
        }))
      },
    })
    writeFileSync(rules, site.command('setup', 'sudoers', `--config=${site.configFile}`), { mode: 0o440 })
    execFileSync('visudo', ['-c', '-q', '-f', rules])
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
    rmSync(rules, { force: true })
  })

  it('runs each person’s cell as a job of theirs, where their profile says, all at once', async () => {
    const said = await Promise.all(
      people.map(async ({ user, cluster }) => {
        const context = await signIn(browser, site, user)
        const launching = await openPage(context)
        await launch(launching, site, cluster)
        const session = await untilState(context, site, user, '', 'ready', 180_000)
        assert.equal(attemptsOf(site, session.id).length, 1)
        // The page that has launched goes to the application by itself, at a moment of its own.
        await launching.close()
        const page = await openPage(context)
        await page.goto(`${session.full_url}tree`)
        const kernel = await openKernel(page, session.url)
        const code = `import getpass, os; print(getpass.getuser(), [n for n in ${JSON.stringify(places)} if n in os.environ])`
        return kernel.run(code)
      }),
    )
    assert.deepEqual(
      said,
      people.map(({ user, place }) => `${user} ['${place}']`),
    )
  })
})
