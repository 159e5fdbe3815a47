/** The only spawner of this package: argv in, output out, nothing else leaks either way. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { type Command, type Output, SchedulerError } from './driver.ts'
import { type OpenHold, openHold } from './hold.ts'
import type { Argv, Transport } from './transport.ts'

export interface RunOptions {
  readonly transport: Transport
  /** Login name for commands `as: 'owner'`. */
  readonly account: string
  /** Turns a bare command name into an absolute path. @throws {SchedulerError} `unavailable` */
  readonly resolve: (file: string) => Promise<string>
  /** The command's whole environment; see `cleanEnvironment`. */
  readonly environment: Readonly<Record<string, string>>
  /** What a lost reply means: `ambiguous` for commands that change something, `unavailable` for questions. */
  readonly onLost: 'ambiguous' | 'unavailable'
  readonly timeoutMs: number
  /** Of standard output and standard error together. */
  readonly outputLimitBytes: number
  /** How long a command may take to obey SIGTERM, and then SIGKILL. */
  readonly graceMs?: number
  readonly signal?: AbortSignal
  readonly onSpawn?: (pid: number) => void
  /** A hold (see `hold.ts`) for the command: whoever comes after us can tell by it whether the command still lives. */
  readonly holdPath?: string
}

export type Run = (command: Command, options: RunOptions) => Promise<Output>

/**
 * The environment of every scheduler command: C locale, UTC, and what is named; SQUEUE_FORMAT, SBATCH_* and their like never pass.
 * @param source the hub's own environment.
 */
export function cleanEnvironment(
  source: Readonly<Record<string, string | undefined>>,
  { set = {}, keep = [] }: { set?: Readonly<Record<string, string>>; keep?: readonly string[] } = {},
): Record<string, string> {
  const kept = ['PATH', 'HOME', ...keep].flatMap((name) => {
    const value = source[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { PATH: '/usr/bin:/bin', ...Object.fromEntries(kept), ...set, LC_ALL: 'C', TZ: 'UTC' }
}

/**
 * Run one command to its end. The promise settles when the process has exited and every holder of its pipes is gone, which proves
 * it dead; or a bounded time after SIGKILL, and then the error says `mayStillRun`.
 *
 * The whole of `command.stdin` is written. A command that ends without reading it is reported as it ended, except that success with
 * half a job script is no success.
 * @throws {SchedulerError} `unavailable` if it could not be started; `onLost` on time-out, abort, death by signal or lost pipes;
 * `unreadable` (for questions) beyond the output limit; `refused` by the transport.
 */
export const run: Run = async (command, options) => {
  const { transport, account, onLost, timeoutMs, signal } = options
  if (signal?.aborted)
    throw new SchedulerError('unavailable', `${command.file} was not started: the request was given up`)
  const file = await options.resolve(command.file)
  const argv = transport.argv({ ...command, file }, account)
  const hold = options.holdPath === undefined ? null : openHold(options.holdPath)
  const child = start(argv, options, hold)
  const end = await untilEnd(child, command, options, hold)

  const name = command.file
  if (end.spawnError) throw startError(end.spawnError, argv.file)
  const lost = (words: string): SchedulerError =>
    new SchedulerError(onLost, `${name} ${words}`, { mayStillRun: !end.isOver })
  // A command that succeeded while we were about to end it has told us all we need.
  const hasEnded = end.isOver && end.exitCode !== null
  if (end.stop === 'output' && onLost === 'unavailable')
    throw new SchedulerError('unreadable', `${name} printed more than ${options.outputLimitBytes} bytes`)
  if (end.stop === 'output') throw lost(`printed more than ${options.outputLimitBytes} bytes`)
  if (end.stop !== null && !(hasEnded && end.exitCode === 0))
    throw lost(
      end.stop === 'timeout' ? `did not answer within ${timeoutMs / 1_000} s` : 'was given up before it answered',
    )
  if (!end.isOver) throw lost('ended, but something it started still holds its output')
  if (end.exitCode === null) throw lost(`was ended by ${end.signal ?? 'a signal'}`)
  if (end.exitCode === 0 && !end.hasReadAll) throw lost('ended before it had read the whole job script')
  const output: Output = { exitCode: end.exitCode, stdout: end.stdout, stderr: end.stderr }
  const failure = transport.failure(output, account)
  if (failure !== null && command.as === 'owner') throw failure
  return output
}

function start(argv: Argv, { environment }: RunOptions, hold: OpenHold | null): ChildProcess {
  try {
    return spawn(argv.file, argv.args, {
      cwd: '/', // the job's owner may be unable to enter the hub's folder
      env: environment,
      detached: true, // a process group of its own: a Ctrl-C at the hub's terminal is not for the command
      stdio: ['pipe', 'pipe', hold?.writer ?? 'pipe'],
    })
  } finally {
    if (hold) closeSync(hold.writer)
  }
}

interface End {
  /** All pipes are closed: nobody who could still act on our behalf is alive. */
  readonly isOver: boolean
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stop: Stop | null
  readonly hasReadAll: boolean
  readonly spawnError: NodeJS.ErrnoException | null
  readonly stdout: string
  readonly stderr: string
}
type Stop = 'timeout' | 'abort' | 'output'

function untilEnd(child: ChildProcess, command: Command, options: RunOptions, hold: OpenHold | null): Promise<End> {
  const graceMs = options.graceMs ?? 5_000
  return new Promise((resolve) => {
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const errors = hold?.reader ?? child.stderr
    let bytes = 0
    let stop: Stop | null = null
    let hasReadAll = (command.stdin ?? '') === ''
    let spawnError: NodeJS.ErrnoException | null = null
    let timer = setTimeout(() => stopFor('timeout'), options.timeoutMs)
    const next = (afterMs: number, act: () => void): void => {
      clearTimeout(timer)
      timer = setTimeout(act, afterMs)
    }

    const settle = (isOver: boolean): void => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
      for (const pipe of [child.stdin, child.stdout, errors]) pipe?.destroy()
      child.unref()
      const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString('utf8')
      const { exitCode, signalCode } = child
      const [out, err] = [text(stdout), text(stderr)]
      resolve({ isOver, exitCode, signal: signalCode, stop, hasReadAll, spawnError, stdout: out, stderr: err })
    }
    // SIGTERM goes to the one process, which may be a sudo that relays it; SIGKILL of a sudo would leave its child behind.
    const stopFor = (why: Stop): void => {
      if (stop !== null) return
      stop = why
      child.kill('SIGTERM')
      next(graceMs, () => {
        killGroup(child)
        next(graceMs, () => settle(false))
      })
    }
    const onAbort = (): void => stopFor('abort')
    options.signal?.addEventListener('abort', onAbort)

    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > options.outputLimitBytes) return stopFor('output')
      into.push(chunk)
    }
    child.stdout?.on('data', collect(stdout))
    errors?.on('data', collect(stderr))
    child.stdin?.on('error', () => {}) // EPIPE: the command did not want (all of) it; its exit tells why
    child.stdin?.end(command.stdin ?? '', (error?: Error | null) => {
      hasReadAll ||= !error
    })
    child.once('error', (error) => {
      if (child.pid !== undefined) return // a failed kill: the timers go on
      spawnError = error
      settle(true)
    })
    child.once('exit', () => {
      if (stop === null) next(graceMs, () => settle(false))
    })
    // Of the pipes that Node made itself, 'close' has waited for.
    let open = hold ? 2 : 1
    const closed = (): void => {
      open -= 1
      if (open === 0) settle(true)
    }
    child.once('close', closed)
    hold?.reader.on('error', () => {}).once('close', closed)
    if (child.pid !== undefined) options.onSpawn?.(child.pid)
  })
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // already gone, or another user's: `mayStillRun` will tell
  }
}

function startError(error: NodeJS.ErrnoException, file: string): SchedulerError {
  const words =
    error.code === 'ENOENT' ? `the command ${file} does not exist` : `${file} could not be started (${error.code})`
  return new SchedulerError('unavailable', words, { cause: error })
}
