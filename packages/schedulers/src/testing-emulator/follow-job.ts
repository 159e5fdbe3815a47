import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type JobTable, jobFile, nowSeconds, type TableJob } from './job-table.ts'
import type { Place } from './place.ts'

/** How long a job may take to obey SIGTERM. */
const killWaitMs = 2_000
/** There is no server that could tell of a change. */
const lookMs = 100

/** How one emulator runs a script. */
export interface Execution<J extends TableJob> {
  readonly running: string
  /** States after which nothing is run any more. */
  readonly over: readonly string[]
  /** argv; the script's own path stands in it. */
  command(job: J, script: string): readonly [string, ...string[]]
  directory(job: J): string
  environment(job: J): Readonly<Record<string, string>>
  /** Called as soon as there is a process. */
  started(job: J, pid: number): void
  /** Writes the end into the table. `why`: by itself, since somebody asked for it, or over its walltime. */
  ended(job: J, end: JobRunEnd): void
}

export interface JobRunEnd {
  readonly why: 'exit' | 'deleted' | 'walltime'
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What the job has printed, in the emulator's own folder. */
  readonly spool: string
}

/** Looks after one job, in place of an execution daemon: runs its script when its turn has come, and ends it when that is asked for. */
export async function followJob<J extends TableJob>(
  number: number,
  table: JobTable<J>,
  { folder }: Place,
  execution: Execution<J>,
): Promise<void> {
  let job = table.find(number)
  while (job !== undefined && job.state !== execution.running) {
    // Its folder goes with the emulator; the open table would not notice.
    if (execution.over.includes(job.state) || !existsSync(folder)) return
    await sleep(lookMs)
    job = table.find(number)
  }
  if (job === undefined) return
  const spool = jobFile(folder, number, 'output')
  const output = openSync(spool, 'a', 0o600)
  const [file, ...args] = execution.command(job, jobFile(folder, number, 'script'))
  const child = spawn(file, args, {
    cwd: execution.directory(job),
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...execution.environment(job) },
  })
  closeSync(output)
  execution.started(job, child.pid ?? 0)
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const why = await watch(job, child, ended, table, folder)
  const [code, signal] = await ended
  if (!existsSync(folder)) return
  execution.ended(table.find(number) ?? job, { why, code, signal, spool })
}

async function watch<J extends TableJob>(
  { number, wallSeconds, startedAt }: J,
  child: ChildProcess,
  ended: Promise<unknown>,
  table: JobTable<J>,
  folder: string,
): Promise<JobRunEnd['why']> {
  for (;;) {
    const first = await Promise.race([ended.then(() => 'exit' as const), sleep(lookMs).then(() => null)])
    if (first !== null) return first
    const isLate = wallSeconds > 0 && nowSeconds() > startedAt + wallSeconds
    const isDeleted = !existsSync(folder) || table.find(number)?.deletedBy !== ''
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
