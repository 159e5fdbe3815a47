import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, copyFileSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EmulatedJob, type JobTable, nowSeconds, server } from './job-table.ts'
import type { Place } from './place.ts'
import { schedule } from './schedule.ts'

const killWaitMs = 2_000

/** Looks after one job, in place of PBS's execution daemon: runs its script when its turn has come, and ends it when that is asked for. */
export async function mom(number: number, table: JobTable, place: Place): Promise<void> {
  let job = table.find(number)
  while (job !== undefined && job.state !== 'R') {
    if (job.state === 'F') return
    await sleep(100)
    job = table.find(number)
  }
  if (job === undefined) return
  const script = join(place.folder, 'jobs', `${number}.${server}.SC`)
  const spool = join(place.folder, 'jobs', `${number}.${server}.OU`)
  const output = openSync(spool, 'a', 0o600)
  // A login shell that is given the script's name, as the daemon does it.
  const child = spawn('/bin/sh', ['-l', '-c', 'exec "$0"', script], {
    cwd: job.home,
    detached: true,
    stdio: ['ignore', output, output],
    env: {
      HOME: job.home,
      LOGNAME: job.owner,
      USER: job.owner,
      SHELL: place.shell,
      PATH: '/usr/local/bin:/usr/bin:/bin',
      ...job.variables,
      PBS_JOBID: `${number}.${server}`,
      PBS_JOBNAME: job.name,
      PBS_ENVIRONMENT: 'PBS_BATCH',
    },
  })
  closeSync(output)
  table.locked(() => table.update(number, { sessionId: child.pid ?? 0 }))
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const why = await watch(job, child, ended, table)
  const [code, signal] = await ended
  if (job.output !== '' && job.output !== '/dev/null') copyFileSync(spool, job.output.replace(/^[\w.-]+:/, ''))
  const exitStatus = why === 'walltime' ? -29 : signal === null ? (code ?? 0) : 256 + constants.signals[signal]
  table.locked(() => {
    const { comment = '', deletedBy = '' } = table.find(number) ?? {}
    const words = exitStatus === 0 ? 'finished' : why === 'walltime' ? 'exceeded resource walltime' : 'failed'
    table.update(number, {
      state: 'F',
      substate: deletedBy !== '' ? 91 : exitStatus === 0 ? 92 : 93,
      exitStatus: deletedBy === '' ? exitStatus : 271,
      endedAt: nowSeconds(),
      comment: deletedBy === '' ? `${comment} and ${words}` : comment,
    })
    schedule(table)
  })
}

async function watch(
  { number, wallSeconds, startedAt }: EmulatedJob,
  child: ChildProcess,
  ended: Promise<unknown>,
  table: JobTable,
): Promise<'ended' | 'deleted' | 'walltime'> {
  for (;;) {
    const first = await Promise.race([ended.then(() => 'ended' as const), sleep(100).then(() => null)])
    if (first !== null) return first
    const isLate = wallSeconds > 0 && nowSeconds() > startedAt + wallSeconds
    const isDeleted = table.find(number)?.deletedBy !== ''
    if (!isLate && !isDeleted) continue
    signalAll(child, 'SIGTERM')
    await Promise.race([ended, sleep(killWaitMs)])
    signalAll(child, 'SIGKILL')
    return isDeleted ? 'deleted' : 'walltime'
  }
}

function signalAll({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // it has ended meanwhile
  }
}
