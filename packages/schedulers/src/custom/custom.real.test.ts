/** The founding talk's spawner as a custom cluster, on the emulator of Torque: the contract, as two accounts, asked about one job at a time. */
import type { Cluster } from '../cluster.ts'
import type { JobStatus, KnownJob } from '../driver.ts'
import { driverContract } from '../testing.ts'
import { emulatedBed } from '../testing-emulator/emulated-bed.ts'
import { openTorqueEmulator } from '../torque/testing-emulator/open-emulator.ts'
import { custom } from './custom.ts'
import { furtherExpressions, torqueSpawner } from './testing-talk.ts'

/** The contract asks for all that it submitted; a cluster of this kind is told which jobs those are. */
function withMemory(cluster: Cluster): Cluster {
  const known = new Map<string, KnownJob>()
  const last = new Map<string, JobStatus>()
  return {
    ...cluster,
    async submit(job, options) {
      const id = await cluster.submit(job, options)
      const { name, account, options: own } = 'make' in job ? await job.make() : job
      known.set(id, { id, name, account, options: own })
      return id
    },
    async list() {
      const alive = [...known.values()].filter(({ id }) => last.get(id)?.phase !== 'ended')
      for (const _ of alive) for (const status of (await cluster.list(alive)).jobs) last.set(status.id, status)
      return { complete: true, jobs: [...last.values()] }
    },
  }
}

driverContract('custom, as the talk’s TorqueSpawner (emulator)', async () => {
  const queues = ['batch', 'closed'].map((name) => ({ name, isStarted: name === 'batch' }))
  const emulator = openTorqueEmulator({ queues })
  const { commands } = emulator
  const defaults = { queue: 'batch', host: 'labhost.xyz.edu' }
  const settings = { ...torqueSpawner(commands), ...furtherExpressions, defaults }
  const bed = await emulatedBed({ driver: custom, emulator, wholeSettings: settings })
  return {
    ...bed,
    cluster: withMemory(bed.cluster),
    refused: { options: { queue: 'nosuch' }, words: /Unknown queue MSG=requested queue not found/ },
    pending: { options: { queue: 'closed' } },
  }
})
