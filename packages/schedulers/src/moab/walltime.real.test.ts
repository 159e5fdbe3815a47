/** Moab cancels a job whose time is over like any other: the driver tells the two apart by how long it ran. On the emulator. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import type { JobId } from '../driver.ts'
import { emulatedBed } from '../testing-emulator/emulated-bed.ts'
import { until } from '../testing-until.ts'
import { moab } from './moab.ts'
import { openMoabEmulator } from './testing-emulator/open-emulator.ts'

it('a job whose walltime is over has ended so, and one that was cancelled before has not', async () => {
  const { cluster, workdir, close } = await emulatedBed({ driver: moab, emulator: openMoabEmulator() })
  const submit = (name: string, wallSeconds: number): Promise<JobId> =>
    cluster.submit({
      name,
      account: 'alice',
      script: '#!/bin/sh\nexec sleep 300\n',
      resources: { cores: 1, memoryMiB: 100, gpus: 0, wallSeconds },
      workdir,
      outputPath: join(workdir, `${name}.out`),
      requeue: false,
      options: {},
    })
  const endOf = (id: JobId) => until(`the end of ${id}`, async () => (await cluster.history([id])).get(id)?.end)
  try {
    const [short, long] = [await submit('short', 1), await submit('long', 3_000)]
    assert.equal((await endOf(short)).kind, 'walltime')
    assert.equal((await cluster.list()).jobs.find(({ id }) => id === long)?.phase, 'running')
    assert.equal(await cluster.cancel(long, 'alice', 'long'), true)
    assert.equal((await endOf(long)).kind, 'cancelled')
  } finally {
    await close()
  }
})
