/** Notebooks as jobs of a real HTCondor: hub, proxy, sudo, agents, two people, a browser. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext } from 'playwright-core'
import { openBrowser, signIn } from './support/browser.ts'
import { type Kernel, openKernel } from './support/kernel.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'
import { startServer, stopServer, type Visitor, visitorOf } from './support/visitor.ts'

const commands = process.env.TEST_HTCONDOR_BIN ?? '/var/tmp/batchway-bench/htcondor/bin'
const rules = `/etc/sudoers.d/batchway-htcondor-${process.pid}`
const instance = 'ca'

interface JobAd {
  readonly ClusterId: number
  readonly Owner: string
  readonly JobStatus: number
  readonly JobBatchName: string
}

const condor = (name: string, ...args: string[]): string =>
  execFileSync(join(commands, name), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** This site's jobs in the queue. */
function jobs(owner?: string): JobAd[] {
  const text = condor('condor_q', '-allusers', '-json', '-constraint', 'Batchway =?= True')
  const all: JobAd[] = text.trim() === '' ? [] : JSON.parse(text)
  return all.filter((job) => job.JobBatchName.startsWith(`b${instance}`) && (owner ?? job.Owner) === job.Owner)
}
const isRunning = (owner: string) => jobs(owner).some(({ JobStatus }) => JobStatus === 2)

describe('a site on HTCondor', () => {
  let site: Site
  let browser: Browser
  let alice: Visitor
  let bob: Visitor
  before(async () => {
    site = await openSite({
      instance,
      change(config) {
        const { clusters, profiles } = config
        if (typeof clusters !== 'object' || clusters === null || !('slurm' in clusters) || !Array.isArray(profiles))
          throw new TypeError('not the configuration of a site')
        const settings = { commandDirectory: commands, unmatchable: 'end' }
        const willow = { ...Object(clusters.slurm), driver: 'htcondor', title: 'Willow', settings }
        config.clusters = { ...clusters, willow }
        for (const [key, application, cores, memory] of [
          ['willow-classic', 'classic', 2, '1G'],
          ['willow-lab', 'lab', 2, '2G'],
          ['willow-huge', 'classic', 64, '1G'],
          ['willow-hungry', 'hungry', 1, '300M'],
        ] as const)
          profiles.push({
            key,
            title: `${application} on Willow, ${cores} cores`,
            cluster: 'willow',
            application,
            resources: { cores, memory, walltime: '20m' },
          })
      },
    })
    // The rule that a site would install.
    writeFileSync(rules, site.command('setup', 'sudoers', `--config=${site.configFile}`), { mode: 0o440 })
    execFileSync('visudo', ['-c', '-q', '-f', rules])
    browser = await openBrowser()
    ;[alice, bob] = await Promise.all([visitorOf(site, 'alice'), visitorOf(site, 'bob')])
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
    for (const { ClusterId } of jobs()) condor('condor_rm', `${ClusterId}`)
    rmSync(rules, { force: true })
  })

  const openKernelOf = async (context: BrowserContext, user: string, face: 'tree' | 'lab'): Promise<Kernel> => {
    const page = await context.newPage()
    await page.goto(`${site.url}user/${user}/${face}`)
    return openKernel(page, `${site.base}user/${user}/`)
  }
  const outcomeOf = async (visitor: Visitor, words: RegExp): Promise<string> =>
    until(
      `a session of ${visitor.name} tells ${words.source}`,
      async () => {
        const { body } = await visitor.api(`/users/${visitor.name}/sessions`)
        return words.exec(body)?.[0]
      },
      90_000,
    )
  const request = async (visitor: Visitor, profile: string) =>
    until(`${profile} is requested`, async () => {
      const body = JSON.stringify({ user_options: { profile } })
      return (await visitor.api(`/users/${visitor.name}/server`, { method: 'POST', body })).status === 202
    })
  const noJobs = (owner: string) => until(`${owner} has no job`, () => jobs(owner).length === 0, 60_000)

  it('runs two people’s notebooks as their jobs, which outlive the hub, and ends one by its button', async () => {
    await Promise.all([startServer(alice, 'willow-classic'), startServer(bob, 'willow-lab')])
    assert.ok(isRunning('alice') && isRunning('bob'))
    const kernels = await Promise.all([
      openKernelOf(await signIn(browser, site, 'alice'), 'alice', 'tree'),
      openKernelOf(await signIn(browser, site, 'bob'), 'bob', 'lab'),
    ])
    const who = 'import getpass, os; print(getpass.getuser(), os.environ["_CONDOR_SLOT"] != "", 6 * 7)'
    assert.deepEqual(await Promise.all(kernels.map((kernel) => kernel.run(who))), ['alice True 42', 'bob True 42'])
    const [first] = jobs('alice')
    // The script, which held a secret, is gone from where it waited.
    assert.ok(!readdirSync('/home/alice').includes(`.batchway-${first?.JobBatchName}.sh`))
    assert.ok(existsSync(`/home/alice/.batchway-${first?.JobBatchName}.log`), 'control: the job’s log is there')

    await kernels[0]?.run('x = 41')
    await site.killAndWait('hub')
    await until('the sessions are ready again', async () => {
      const answers = await Promise.all([alice, bob].map(({ api, name }) => api(`/users/${name}/server`)))
      return answers.every(({ status, body }) => status === 200 && JSON.parse(body).ready === true)
    })
    assert.equal(await kernels[0]?.run('print(x + 1)'), '42')
    assert.deepEqual(await Promise.all(kernels.map((kernel) => kernel.closes())), [0, 0])
    assert.deepEqual(
      jobs('alice').map(({ ClusterId }) => ClusterId),
      [first?.ClusterId],
    )

    await stopServer(alice)
    await noJobs('alice')
    assert.ok(isRunning('bob'))
  })

  describe('tells how a session ended', { concurrency: true }, () => {
    it('that waited for a person, and then for machines that the pool does not have', async () => {
      await request(alice, 'willow-huge')
      const [job] = await until('the job is there', () => (jobs('alice').length > 0 ? jobs('alice') : null))
      assert.ok(job)
      condor('condor_hold', String(job.ClusterId))
      await outcomeOf(alice, /via condor_hold \(by user \w+\)/)
      condor('condor_release', String(job.ClusterId))
      await outcomeOf(alice, /"can-never-run"/)
      await outcomeOf(alice, /No machine of the pool can run this job as it was asked for: 64 cores, 1024 MiB of/)
      await noJobs('alice')
    })

    it('whose job was removed by condor_rm, and one whose job HTCondor held for its memory', async () => {
      const [job] = jobs('bob')
      assert.ok(job)
      execFileSync('sudo', ['-n', '-u', 'bob', join(commands, 'condor_rm'), String(job.ClusterId)])
      await outcomeOf(bob, /"cancelled-outside"/)
      await outcomeOf(bob, /bob cancelled its job on Willow/)
      await noJobs('bob')
      await request(bob, 'willow-hungry')
      await outcomeOf(bob, /"out-of-memory"/)
      await noJobs('bob')
    })
  })
})
