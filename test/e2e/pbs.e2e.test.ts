/** A notebook as a job of PBS: an emulator in PBS's place, everything else real (hub, proxy, sudo, agent, two people). */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openPbsEmulator } from '../../packages/schedulers/src/pbs/testing-emulator/open-emulator.ts'
import type { Emulator } from '../../packages/schedulers/src/testing-emulator/open-emulator.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'
import { startServer, stopServer, visitorOf } from './support/visitor.ts'

const rules = `/etc/sudoers.d/batchway-pbs-${process.pid}`

describe('a site on PBS', () => {
  let emulator: Emulator
  let site: Site
  before(async () => {
    emulator = openPbsEmulator()
    const programs = ['qsub', 'qdel'].map((name) => join(emulator.commands, name))
    writeFileSync(rules, `batchway ALL = (alice, bob) NOPASSWD: ${programs.join(', ')}\n`, { mode: 0o440 })
    execFileSync('visudo', ['-c', '-q', '-f', rules])
    site = await openSite({
      instance: 'z2',
      change(config) {
        const { clusters, profiles } = config
        if (typeof clusters !== 'object' || clusters === null || !('slurm' in clusters) || !Array.isArray(profiles))
          throw new TypeError('not the configuration of a site')
        const settings = { commandDirectory: emulator.commands }
        config.clusters = { ...clusters, pbs: { ...Object(clusters.slurm), driver: 'pbs', title: 'Birch', settings } }
        for (const [key, cores] of [
          ['pbs-classic', 2],
          ['pbs-huge', 64],
        ] as const)
          profiles.push({
            key,
            title: `Notebook on Birch, ${cores} cores`,
            cluster: 'pbs',
            application: 'classic',
            resources: { cores, memory: '1G', walltime: '20m' },
            options: { queue: 'workq' },
          })
      },
    })
  })
  after(async () => {
    await site?.[Symbol.asyncDispose]()
    emulator?.[Symbol.dispose]()
    rmSync(rules, { force: true })
  })

  interface Record {
    readonly Job_Name: string
    readonly Job_Owner: string
    readonly job_state: string
    readonly comment?: string
  }
  const jobs = (): Record[] => {
    const text = execFileSync(join(emulator.commands, 'qstat'), ['-x', '-f', '-F', 'json'], { encoding: 'utf8' })
    return Object.values<Record>(JSON.parse(text).Jobs ?? {})
  }

  it('runs each person’s session as a job of theirs, and ends it by its id', async () => {
    const [alice, bob] = await Promise.all([visitorOf(site, 'alice'), visitorOf(site, 'bob')])
    await Promise.all([startServer(alice, 'pbs-classic'), startServer(bob, 'pbs-classic')])
    assert.deepEqual(
      jobs()
        .map(({ Job_Owner, job_state }) => `${Job_Owner} ${job_state}`)
        .toSorted(),
      ['alice@pbs1 R', 'bob@pbs1 R'],
    )
    await stopServer(alice)
    await until('alice’s job has ended', async () =>
      jobs().some((job) => /^alice/.test(job.Job_Owner) && job.job_state === 'F'),
    )
    assert.ok(jobs().some((job) => /^bob/.test(job.Job_Owner) && job.job_state === 'R'))
    await stopServer(bob)
    await until('nothing is left', async () => jobs().every(({ job_state }) => job_state === 'F'))
  })

  it('ends a session that PBS says can never run, in PBS’s own words', async () => {
    const alice = await visitorOf(site, 'alice')
    const path = '/users/alice/server'
    await alice.api(path, { method: 'POST', body: JSON.stringify({ user_options: { profile: 'pbs-huge' } }) })
    const ended = await until('the session has ended', async () => {
      const { body } = await alice.api('/users/alice/sessions')
      return /Can Never Run: Insufficient amount of resource: ncpus/.test(body) ? body : null
    })
    assert.match(ended, /"ended"/)
    await until('its job is gone', async () => jobs().every(({ job_state }) => job_state === 'F'))
  })
})
