import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import type { JobId } from '../driver.ts'
import { until } from '../testing-until.ts'
import { newKey, notePath, readNote, writeNoteOnce } from './exchange.ts'
import type { RunOrder } from './order.ts'
import { readStat } from './process-identity.ts'
import { startShepherd } from './start-shepherd.ts'
import { isThere, localBed, readPids, run } from './testing-bed.ts'

const shepherd = [process.execPath, join(import.meta.dirname, 'shepherd.ts')] as const

describe('a local scheduler that is killed', () => {
  it('loses no job and runs none twice, whenever it is killed', async () => {
    await using bed = await localBed({ cores: 2, slots: 2 })
    const log = join(bed.folder, 'executions')
    const ids: JobId[] = []
    // Killed between a submit and the launch, during it, while jobs run, and as they end.
    const pauses = fc.sample(fc.integer({ min: 0, max: 350 }), { numRuns: 15, seed: 20_261_122 })
    for (const pause of pauses) {
      ids.push(await bed.submit(`echo $BATCHWAY_LOCAL_JOB_ID >> ${log}; sleep 0.1; exit 5`))
      await sleep(pause)
      await bed.crash()
      await bed.restart()
    }
    for (const id of ids) assert.deepEqual(pick(await bed.ended(id)), { kind: 'failed', exitCode: 5 })
    assert.deepEqual(readFileSync(log, 'utf8').trim().split('\n').sort(), [...ids].sort())
  })

  it('finds the results of jobs that ended meanwhile, and keeps the order of the queue', async () => {
    await using bed = await localBed({ cores: 1, slots: 1 })
    const log = join(bed.folder, 'order')
    const go = join(bed.folder, 'go')
    const first = await bed.submit(`echo 1 >> ${log}; until [ -e ${go} ]; do sleep 0.05; done; exit 9`)
    const second = await bed.submit(`echo 2 >> ${log}`)
    const third = await bed.submit(`echo 3 >> ${log}`)
    await bed.running(first)
    const { shepherd: running } = readRecord(bed.state, first)
    await bed.crash()
    writeFileSync(go, '')
    await until('the job ended by itself', () => !isThere(running.pid))
    await bed.restart()
    assert.deepEqual(pick(await bed.ended(first)), { kind: 'failed', exitCode: 9 })
    await bed.ended(second)
    await bed.ended(third)
    assert.equal(readFileSync(log, 'utf8'), '1\n2\n3\n')
  })

  it('still cancels, and enforces the walltime of, a job it adopted', async () => {
    await using bed = await localBed()
    const cancelled = await bed.submit('sleep 600')
    const pids = join(bed.folder, 'pids')
    const limited = await bed.submit(`echo $$ > ${pids}; exec sleep 600`, { wallSeconds: 3 })
    await bed.running(cancelled)
    // Not by the list: on a busy machine its three seconds may be over before a list is read.
    await until('the limited one runs', () => readPids(pids, 1))
    await bed.crash()
    await bed.restart()
    await bed.cancel(cancelled)
    assert.equal((await bed.ended(cancelled)).kind, 'cancelled')
    assert.equal((await bed.ended(limited)).kind, 'walltime')
  })

  it('is not fooled by a pid that came back as another process', async () => {
    await using bed = await localBed()
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' })
    const strangerPid = stranger.pid ?? 0
    try {
      const pids = join(bed.folder, 'pids')
      const id = await bed.submit(`echo $$ > ${pids}; exec sleep 600`)
      await bed.running(id)
      const [child = 0] = await until('its script', () => readPids(pids, 1))
      await bed.crash()
      const record = readRecord(bed.state, id)
      process.kill(record.shepherd.pid, 'SIGKILL')
      const setShepherd = (change: object): void =>
        writeFileSync(
          join(bed.state, 'jobs', `${id}.json`),
          JSON.stringify({ ...record, shepherd: { ...record.shepherd, ...change } }),
        )

      // Control: pid and start time of the stranger together would be taken for a living shepherd.
      setShepherd({ pid: strangerPid, startTicks: readStat(strangerPid)?.startTicks })
      await bed.restart()
      assert.equal((await bed.find(id))?.phase, 'running')
      await bed.crash()

      setShepherd({ pid: strangerPid })
      await bed.restart()
      assert.equal((await bed.ended(id)).kind, 'node-failure')
      assert(isThere(strangerPid))
      // What the dead shepherd could not end any more was ended all the same.
      assert.equal(isThere(child), false)
    } finally {
      stranger.kill('SIGKILL')
    }
  })

  it('takes jobs that ran before a restart of the machine for node failures, and runs the waiting ones', async () => {
    await using bed = await localBed({ cores: 1, slots: 1 })
    const running = await bed.submit('sleep 600')
    const waiting = await bed.submit('exit 4')
    await bed.running(running)
    await bed.crash()
    const record = readRecord(bed.state, running)
    const bootId = '00000000-0000-0000-0000-000000000000'
    writeFileSync(
      join(bed.state, 'jobs', `${running}.json`),
      JSON.stringify({ ...record, launch: { ...record.launch, bootId }, shepherd: { ...record.shepherd, bootId } }),
    )
    await bed.restart()
    assert.equal((await bed.ended(running)).kind, 'node-failure')
    assert.equal((await bed.ended(waiting)).exitCode, 4)
  })

  it('says that a list is incomplete while a job file cannot be read', async () => {
    await using bed = await localBed()
    assert.equal((await bed.list()).complete, true)
    await bed.crash()
    writeFileSync(join(bed.state, 'jobs', '7.0000abcd.json'), '{"id":')
    await bed.restart()
    assert.equal((await bed.list()).complete, false)
  })
})

describe('a launch', () => {
  it('is taken up by at most one shepherd, and by none once it is revoked', async () => {
    await using bed = await localBed()
    const exchange = join(bed.state, 'exchange')
    const log = join(bed.folder, 'executions')
    const order = (key: string, jobId: string): RunOrder => ({
      kind: 'run',
      jobId,
      key,
      exchange,
      schedulerUid: process.getuid?.() ?? -1,
      script: `#!/bin/sh\necho ${jobId} >> ${log}\n`,
      workdir: bed.folder,
      outputPath: join(bed.folder, 'out'),
      wallSeconds: 10,
      graceSeconds: 1,
      memoryLimitMiB: null,
      path: '/usr/bin:/bin',
      lang: 'C.UTF-8',
      notAfter: Date.now() + 60_000,
    })
    const [key, revoked, late] = [newKey(), newKey(), newKey()]
    writeNoteOnce(notePath(exchange, revoked, 'alive'), { revoked: true })

    const twice = await Promise.all([1, 2, 3].map(() => startShepherd(shepherd, order(key, '1.aaaaaaaa'), 30_000)))
    const none = await startShepherd(shepherd, order(revoked, '2.bbbbbbbb'), 30_000)
    const tooLate = await startShepherd(shepherd, { ...order(late, '3.cccccccc'), notAfter: Date.now() - 1 }, 30_000)

    assert.equal(twice.filter(({ done }) => done).length, 1)
    assert.deepEqual(none, { done: false, words: 'the launch was revoked' })
    assert.deepEqual(tooLate, { done: false, words: 'the order is too old' })
    await until('the result', () => readNote(notePath(exchange, key, 'result'), [process.getuid?.() ?? -1]))
    assert.equal(readFileSync(log, 'utf8'), '1.aaaaaaaa\n')
  })

  it('does not happen when the order arrives cut', async () => {
    const [file, ...args] = shepherd
    const { exitCode, stderr } = await run({ file, args, stdin: '{"kind":"run","jobId":"1.a' })
    assert.equal(exitCode, 1)
    assert.match(stderr, /^shepherd: /)
  })
})

const pick = ({ kind, exitCode }: { kind: string; exitCode?: number }) => ({ kind, exitCode })

function readRecord(state: string, id: JobId): { shepherd: { pid: number }; launch: object } {
  return JSON.parse(readFileSync(join(state, 'jobs', `${id}.json`), 'utf8'))
}
