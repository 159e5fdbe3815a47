/** Notebooks as jobs of LSF and of Moab: emulators in their places, everything else real (hub, proxy, sudo, agent, two people). */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openLsfEmulator } from '../../packages/schedulers/src/lsf/testing-emulator/open-emulator.ts'
import { openMoabEmulator } from '../../packages/schedulers/src/moab/testing-emulator/open-emulator.ts'
import type { Emulator } from '../../packages/schedulers/src/testing-emulator/open-emulator.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'
import { startServer, stopServer, visitorOf } from './support/visitor.ts'

const rules = `/etc/sudoers.d/batchway-lsf-moab-${process.pid}`

describe('a site on LSF and Moab at once', () => {
  let lsf: Emulator
  let moab: Emulator
  let site: Site
  before(async () => {
    lsf = openLsfEmulator()
    moab = openMoabEmulator()
    const programs = [
      ...['bsub', 'bkill'].map((name) => join(lsf.commands, name)),
      ...['msub', 'mjobctl'].map((name) => join(moab.commands, name)),
    ]
    writeFileSync(rules, `batchway ALL = (alice, bob) NOPASSWD: ${programs.join(', ')}\n`, { mode: 0o440 })
    execFileSync('visudo', ['-c', '-q', '-f', rules])
    site = await openSite({
      instance: 'lm',
      change(config) {
        const { clusters, profiles } = config
        if (typeof clusters !== 'object' || clusters === null || !('slurm' in clusters) || !Array.isArray(profiles))
          throw new TypeError('not the configuration of a site')
        const cluster = (driver: string, settings: object) => ({
          ...Object(clusters.slurm),
          driver,
          title: driver,
          settings,
        })
        config.clusters = {
          ...clusters,
          lsf: cluster('lsf', { commandDirectory: lsf.commands }),
          moab: cluster('moab', { commandDirectory: moab.commands }),
        }
        for (const [key, queue] of [
          ['lsf', 'normal'],
          ['moab', 'batch'],
        ] as const)
          profiles.push({
            key: `${key}-classic`,
            title: `Notebook by ${key}`,
            cluster: key,
            application: 'classic',
            resources: { cores: 2, memory: '1G', walltime: '20m' },
            options: { queue },
          })
      },
    })
  })
  after(async () => {
    await site?.[Symbol.asyncDispose]()
    lsf?.[Symbol.dispose]()
    moab?.[Symbol.dispose]()
    rmSync(rules, { force: true })
  })

  const onLsf = (): string[] => {
    const args = ['-a', '-u', 'all', '-json', '-o', 'user stat exit_reason']
    const text = execFileSync(join(lsf.commands, 'bjobs'), args, { encoding: 'utf8' })
    const records: { USER: string; STAT: string; EXIT_REASON: string }[] = JSON.parse(text).RECORDS
    return records.map(({ USER, STAT, EXIT_REASON }) => `${USER} ${STAT} ${EXIT_REASON}`.trim())
  }
  const onMoab = (): string[] => {
    const text = execFileSync(join(moab.commands, 'mdiag'), ['-j', '--xml'], { encoding: 'utf8' })
    return [...text.matchAll(/<job [^>]*? State="(\w+)"[^>]*? User="(\w+)"/g)].map(
      ([, state, user]) => `${user} ${state}`,
    )
  }

  it('runs one person’s session on each, and ends each by its id', async () => {
    const [alice, bob] = await Promise.all([visitorOf(site, 'alice'), visitorOf(site, 'bob')])
    await Promise.all([startServer(alice, 'lsf-classic'), startServer(bob, 'moab-classic')])
    assert.deepEqual([onLsf(), onMoab()], [['alice RUN'], ['bob Running']])

    await stopServer(alice)
    await until('alice’s job has ended', async () => onLsf().every((job) => !job.endsWith('RUN')))
    assert.deepEqual(onMoab(), ['bob Running'])
    await stopServer(bob)
    await until('nothing is left', async () => onMoab().length === 0)
  })
})
