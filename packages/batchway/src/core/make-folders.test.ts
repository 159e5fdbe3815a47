import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { makeFolders } from './make-folders.ts'

/** Waits until all others are there too, before each path. */
const racer = `
import { parentPort, workerData } from 'node:worker_threads'
const { makeFolders } = await import(workerData.module)
const arrived = new Int32Array(workerData.shared)
const failures = []
for (let round = 0; round < workerData.rounds; round++) {
  Atomics.add(arrived, 0, 1)
  while (Atomics.load(arrived, 0) < (round + 1) * workerData.racers);
  try {
    makeFolders(workerData.root + '/' + round + '/a/b/' + workerData.name, 0o700)
  } catch (error) {
    failures.push(error.code)
  }
}
parentPort.postMessage(failures)`

describe('makeFolders', () => {
  const root = mkdtempSync(join(tmpdir(), 'batchway-folders-'))
  after(() => rmSync(root, { recursive: true, force: true }))

  it('makes what is missing above, with the mode, and says that the folder is there', () => {
    const path = join(root, 'x/y/z')
    makeFolders(path, 0o711)
    assert.equal(statSync(join(root, 'x')).mode & 0o777, 0o711)
    assert.throws(() => makeFolders(path, 0o711), { code: 'EEXIST' })
  })

  it('does not mind that another process makes the folders above in the same moment', async () => {
    const shared = new SharedArrayBuffer(4)
    const module = import.meta.resolve('./make-folders.ts')
    const told = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const workerData = { module, root, name, shared, rounds: 300, racers: 2 }
        const [failures] = await once(
          new Worker(new URL(`data:text/javascript,${encodeURIComponent(racer)}`), { workerData }),
          'message',
        )
        return failures
      }),
    )
    assert.deepEqual(told, [[], []])
  })
})
