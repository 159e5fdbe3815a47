import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, constants, fstatSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, constants as osConstants, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isCode, notePath, readNote, replaceNote } from './exchange.ts'
import { type JobProcesses, jobProcesses, markVariable } from './job-processes.ts'
import { type JobResult, printable, type RunOrder } from './order.ts'

/** How often a running job is looked at. */
const lookMs = 250
/** Memory is looked at this often, or more rarely where a look is slow: never more than a twentieth of a core. */
const memoryLookMs = 1_000
/** What the script leaves behind has this long between SIGTERM and SIGKILL. */
const leftoverMs = 1_000

/** Why a job is being ended before its script is done. */
interface Ending {
  readonly kind: JobResult['kind']
  readonly words: string
}

/** Run a job to its end, whatever that is, leave no process of it, and then the result note. Never rejects for the job's sake. */
export async function runOrder(order: RunOrder): Promise<void> {
  process.umask(0o022)
  const startedAt = Date.now()
  let end: JobResult
  try {
    end = await supervise(order)
  } catch (error) {
    end = { kind: 'launch-failed', words: printable(error instanceof Error ? error.message : String(error)) }
  }
  removeScript(order.jobId)
  const result: JobResult = { ...end, startedAt, endedAt: Date.now() }
  // A full disk may pass; without a note the scheduler finds us dead and says that it does not know how the job ended.
  for (let tries = 0; tries < 60; tries++) {
    try {
      replaceNote(notePath(order.exchange, order.key, 'result'), result)
      return
    } catch {
      await sleep(1_000)
    }
  }
}

async function supervise(order: RunOrder): Promise<JobResult> {
  enterWorkdir(order.workdir)
  const output = openOutput(order.outputPath.replaceAll('%j', order.jobId))
  const child = start(order, output)
  closeSync(output)
  process.chdir('/')
  const exited = exitOf(child)
  if (child.pid === undefined) return await exited // rejects: there is no such interpreter
  const processes = jobProcesses(order.jobId, [child.pid], new Set([process.pid]))
  const memory = memoryWatch(processes, order.memoryLimitMiB)
  const ending = await watch(order, processes, memory.look, exited)
  const stuck = await clearAway(processes)
  const { kind, ...how } = await Promise.race([exited, sleep(5_000).then((): JobResult => ({ kind: 'failed' }))])
  const words = [ending?.words, stuck > 0 && `${stuck} of its processes could not be killed`].filter(Boolean).join('; ')
  return {
    kind: ending?.kind ?? kind,
    ...how,
    ...(words && { words }),
    ...(memory.maxMiB() > 0 && { maxMemoryMiB: memory.maxMiB() }),
  }
}

/** @returns why the job had to be ended, or null if its script ended by itself. */
async function watch(
  order: RunOrder,
  processes: JobProcesses,
  lookAtMemory: () => Ending | null,
  exited: Promise<unknown>,
): Promise<Ending | null> {
  const overAt = performance.now() + order.wallSeconds * 1_000
  let isDone = false
  let asked: Ending | null = null
  exited
    .finally(() => {
      isDone = true
    })
    .catch(() => {})
  process.once('SIGTERM', () => {
    asked = { kind: 'node-failure', words: 'the supervisor of the job was told to stop (SIGTERM)' }
  })

  const reason = (): Ending | null => {
    if (readNote(notePath(order.exchange, order.key, 'cancel'), [order.schedulerUid]) !== null)
      return { kind: 'cancelled', words: 'cancelled' }
    if (performance.now() > overAt) return { kind: 'walltime', words: `its ${order.wallSeconds} s were over` }
    return asked ?? lookAtMemory()
  }
  for (let ending: Ending | null = null, killAt = 0; ; ) {
    await Promise.race([exited.catch(() => {}), sleep(lookMs)])
    if (isDone || (ending && performance.now() > killAt)) return ending
    if (ending) continue
    ending = reason()
    if (!ending) continue
    killAt = performance.now() + order.graceSeconds * 1_000
    askToEnd(processes)
  }
}

/** End what is left. @returns the number of processes that nothing can end. */
async function clearAway(processes: JobProcesses): Promise<number> {
  if (processes.scan().length === 0) return 0
  askToEnd(processes)
  for (const until = performance.now() + leftoverMs; performance.now() < until; await sleep(50))
    if (processes.scan().length === 0) return 0
  return processes.killAll(30_000)
}

/** A stopped process reads its SIGTERM only when it is continued. */
function askToEnd(processes: JobProcesses): void {
  processes.signal('SIGTERM')
  processes.signal('SIGCONT')
}

/** Over the limit in two looks running, since a fork's copies show for an instant. */
function memoryWatch(processes: JobProcesses, limitMiB: number | null): { look(): Ending | null; maxMiB(): number } {
  let nextAt = 0
  let over = 0
  let maxKiB = 0
  const look = (): Ending | null => {
    const begin = performance.now()
    if (begin < nextAt) return null
    const kib = processes.memoryKiB((limitMiB ?? Number.POSITIVE_INFINITY) * 1_024)
    nextAt = begin + Math.max(memoryLookMs, 20 * (performance.now() - begin))
    maxKiB = Math.max(maxKiB, kib)
    over = limitMiB !== null && kib > limitMiB * 1_024 ? over + 1 : 0
    if (over < 2) return null
    return { kind: 'out-of-memory', words: `it used ${Math.ceil(kib / 1_024)} MiB of its ${limitMiB} MiB` }
  }
  return { look, maxMiB: () => Math.ceil(maxKiB / 1_024) }
}

/** One that cannot be entered is for the script to tell; other schedulers go to /tmp as silently. */
function enterWorkdir(workdir: string): void {
  try {
    process.chdir(workdir)
  } catch {
    process.chdir('/')
  }
}

/** Only its owner may read a job's output: applications print secrets. @throws {Error} in words for the user. */
function openOutput(path: string): number {
  try {
    const { O_WRONLY, O_CREAT, O_APPEND, O_TRUNC, O_NONBLOCK } = constants
    // Not blocking: opening a pipe nobody reads would wait for ever.
    const file = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC | O_NONBLOCK, 0o600)
    if (fstatSync(file).isFIFO()) throw new Error('it is a pipe')
    return file
  } catch (error) {
    throw new Error(`the output file ${path} cannot be written: ${reasonOf(error)}`)
  }
}

/** Begins the name of the folder of a job's script. The rest is random: ids are seen while a job waits, and somebody could take the name first. */
const scriptFolder = (jobId: string): string => join(tmpdir(), `batchway-local-${jobId}-`)

/** Remove the script, secret and all. Repeatable. */
export function removeScript(jobId: string): void {
  const begin = scriptFolder(jobId)
  for (const name of readdirSync(tmpdir())) {
    const path = join(tmpdir(), name)
    if (!path.startsWith(begin)) continue
    try {
      rmSync(path, { recursive: true, force: true })
    } catch {
      // Not ours: then it is not the script either.
    }
  }
}

/** Start the script by the interpreter its first line names, so that it works where /tmp may not execute. */
function start(order: RunOrder, output: number): ChildProcess {
  const [, interpreter = '/bin/sh', argument] = /^#! *(\S+)(?: +(.*\S))? *\n/.exec(order.script) ?? []
  const folder = mkdtempSync(scriptFolder(order.jobId)) // of mode 0700
  writeFileSync(join(folder, 'script'), order.script, { mode: 0o600, flag: 'wx' })
  const { username, homedir, shell } = userInfo()
  return spawn(interpreter, [...(argument ? [argument] : []), join(folder, 'script')], {
    detached: true, // a session of its own
    stdio: ['ignore', output, output],
    env: {
      HOME: homedir,
      USER: username,
      LOGNAME: username,
      SHELL: shell ?? '/bin/sh',
      PATH: order.path,
      LANG: order.lang,
      [markVariable]: order.jobId,
      BATCHWAY_LOCAL_RESTARTS: '0',
      BATCHWAY_LOCAL_NODE: hostname(),
    },
  })
}

const exitOf = (child: ChildProcess): Promise<JobResult> =>
  new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`its script cannot be started: ${reasonOf(error)}`)))
    child.once('exit', (code, signal) =>
      resolve(
        signal === null
          ? { kind: code === 0 ? 'completed' : 'failed', exitCode: code ?? 0 }
          : { kind: 'failed', signal: osConstants.signals[signal] },
      ),
    )
  })

const reasons = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  ENOTDIR: 'a part of its path is not a directory',
  EISDIR: 'it is a directory',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EROFS: 'the file system is read-only',
  ENXIO: 'it is a pipe',
} as const

const reasonOf = (error: unknown): string =>
  Object.entries(reasons).find(([code]) => isCode(error, code))?.[1] ??
  (error instanceof Error ? error.message : String(error))
