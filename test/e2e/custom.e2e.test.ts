/** The founding talk's spawner, written as a custom cluster: a notebook as a job of Torque's emulator, everything else real. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { furtherExpressions, torqueSpawner } from '../../packages/schedulers/src/custom/testing-talk.ts'
import {
  openTorqueEmulator,
  type TorqueEmulator,
} from '../../packages/schedulers/src/torque/testing-emulator/open-emulator.ts'
import { launch, openBrowser, signIn } from './support/browser.ts'
import { runCell } from './support/notebook.ts'
import { openSite, type Site } from './support/site.ts'
import { routesAndTargets } from './support/traces.ts'
import { until } from './support/until.ts'
import { startServer, stopServer, visitorOf } from './support/visitor.ts'

const rules = `/etc/sudoers.d/batchway-custom-${process.pid}`

describe('a custom cluster that is the talk’s TorqueSpawner', () => {
  let emulator: TorqueEmulator
  let site: Site
  let browser: Browser
  before(async () => {
    emulator = openTorqueEmulator({ keepCompletedSeconds: 5 })
    const programs = ['qsub', 'qstat', 'qdel'].map((name) => join(emulator.commands, name))
    writeFileSync(rules, `batchway ALL = (alice, bob) NOPASSWD: ${programs.join(', ')}\n`, { mode: 0o440 })
    execFileSync('visudo', ['-c', '-q', '-f', rules])
    const talk = torqueSpawner(emulator.commands)
    site = await openSite({
      instance: 'wa',
      change(config) {
        const { clusters, profiles } = config
        if (typeof clusters !== 'object' || clusters === null || !('slurm' in clusters) || !Array.isArray(profiles))
          throw new TypeError('not the configuration of a site')
        const like = { ...Object(clusters.slurm), driver: 'custom' }
        config.clusters = {
          ...clusters,
          // The six values of the talk, and nothing else.
          mesabi: { ...like, title: 'Mesabi', settings: talk },
          // Its nodes are reached by other names, which lead nowhere from here.
          lab: {
            ...like,
            title: 'Another Cluster',
            settings: { ...talk, ...furtherExpressions, execHostTemplate: 'int-\\1.invalid' },
          },
        }
        const options = { queue: 'small', host: 'labhost.xyz.edu' }
        for (const [key, cluster, more] of [
          ['mesabi2c4g12h', 'mesabi', {}],
          ['small', 'lab', { execHostTemplate: '' }],
          ['here', 'lab', { execHostTemplate: 'localhost' }],
        ] as const)
          profiles.push({
            key,
            title: `Notebook, ${key}`,
            cluster,
            application: 'classic',
            resources: { cores: 2, memory: '1G', walltime: '20m' },
            options: { ...options, ...more },
          })
      },
    })
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
    emulator?.[Symbol.dispose]()
    rmSync(rules, { force: true })
  })

  const jobs = (): string[] => {
    const text = execFileSync(join(emulator.commands, 'qstat'), ['-x'], { encoding: 'utf8' })
    return [...text.matchAll(/<Job_Owner>(\w+)@.*?<job_state>(\w)</g)].map(([, owner, state]) => `${owner} ${state}`)
  }
  const untilNothingRuns = (): Promise<unknown> =>
    until('nothing runs', async () => jobs().every((job) => job.endsWith('C')))
  const sessionOf = async (name: string): Promise<string> => {
    const { body } = await (await visitorOf(site, name)).api(`/users/${name}/sessions`)
    return body
  }

  it('runs a cell as alice, is adopted when the hub is killed, and ends', async () => {
    const page = await (await signIn(browser, site, 'alice')).newPage()
    await page.goto(`${site.url}hub/spawn`)
    await launch(page, site, 'mesabi2c4g12h')
    await page.waitForURL((url) => url.pathname.startsWith('/user/alice/'), { timeout: 120_000 })
    const code = 'import getpass, os; print(getpass.getuser(), os.environ["PBS_JOBID"], 6*7)'
    assert.match(await runCell(page, 'classic', code), /^alice 0\.pbs1 42/)
    assert.deepEqual(jobs(), ['alice R'])

    await site.killAndWait('hub')
    const alice = await visitorOf(site, 'alice')
    await until('the session is ready', async () => JSON.parse((await alice.api('/users/alice/server')).body).ready)
    assert.match(await runCell(page, 'classic', code), /^alice 0\.pbs1 42/)
    assert.deepEqual(jobs(), ['alice R'])

    await stopServer(alice)
    await untilNothingRuns()
    await until('the session has ended', async () => /"stopped-by-user"/.test(await sessionOf('alice')))
    const calls = emulator.calls()
    assert.equal(calls.filter(([, command]) => command === 'qsub').length, 1)
    // As in the talk, everybody asks for their own job, by its id.
    const asked = calls.filter(([account, command]) => command === 'qstat' && account !== 'root')
    assert.ok(asked.length > 0)
    for (const call of asked) assert.deepEqual(call, ['alice', 'qstat', '-x', '0.pbs1'])
  })

  it("reaches nodes by the name that the expansion makes, and by their own where a profile says ''", async () => {
    const bob = await visitorOf(site, 'bob')
    for (const [profile, host] of [
      ['here', 'localhost'],
      ['small', hostname().replace(/\..*$/, '')],
    ] as const) {
      await startServer(bob, profile)
      const routes = await routesAndTargets(site)
      assert.ok(
        routes.get('/user/bob')?.includes(host) || routes.get('/user/bob/')?.includes(host),
        [...routes].join(' '),
      )
      await stopServer(bob)
      await untilNothingRuns()
    }
  })
})
