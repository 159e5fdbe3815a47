/** The only spawner of this package: argv in, output out, nothing else leaks either way. */
import { type Command, type Output, SchedulerError } from './driver.ts'
import { type End, type Execute, execute } from './execute.ts'
import type { Transport } from './transport.ts'

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
export const run: Run = runBy(execute)

/** The same, with somebody else to start the process. */
export function runBy(start: Execute): Run {
  return async (command, options) => {
    const { transport, account, signal, onSpawn } = options
    if (signal?.aborted)
      throw new SchedulerError('unavailable', `${command.file} was not started: the request was given up`)
    const file = await options.resolve(command.file)
    const argv = transport.argv({ ...command, file }, account)
    const execution = {
      ...argv,
      environment: options.environment,
      stdin: command.stdin ?? '',
      timeoutMs: options.timeoutMs,
      outputLimitBytes: options.outputLimitBytes,
      graceMs: options.graceMs ?? 5_000,
      holdPath: options.holdPath ?? null,
    }
    const end = await start(execution, { signal, onSpawn })
    if (end.startError !== null) throw startError(end.startError, argv.file)
    const output = outputOf(end, command.file, options)
    const failure = transport.failure(output, account)
    if (failure !== null && command.as === 'owner') throw failure
    return output
  }
}

/** @throws {SchedulerError} if the end says less than what the command had to say. */
function outputOf(end: End, name: string, { onLost, outputLimitBytes, timeoutMs }: RunOptions): Output {
  const lost = (words: string): SchedulerError =>
    new SchedulerError(onLost, `${name} ${words}`, { mayStillRun: !end.isOver })
  // A command that succeeded while we were about to end it has told us all we need.
  const hasSucceeded = end.isOver && end.exitCode === 0
  if (end.stop === 'output' && onLost === 'unavailable')
    throw new SchedulerError('unreadable', `${name} printed more than ${outputLimitBytes} bytes`)
  if (end.stop === 'output') throw lost(`printed more than ${outputLimitBytes} bytes`)
  if (end.stop === 'runner') throw lost('was under way when the process that runs commands ended')
  if (end.stop === 'timeout' && !hasSucceeded) throw lost(`did not answer within ${timeoutMs / 1_000} s`)
  if (end.stop === 'abort' && !hasSucceeded) throw lost('was given up before it answered')
  if (!end.isOver) throw lost('ended, but something it started still holds its output')
  if (end.exitCode === null) throw lost(`was ended by ${end.signal ?? 'a signal'}`)
  if (end.exitCode === 0 && !end.hasReadAll) throw lost('ended before it had read the whole job script')
  return { exitCode: end.exitCode, stdout: end.stdout, stderr: end.stderr }
}

function startError(code: string, file: string): SchedulerError {
  const words = code === 'ENOENT' ? `the command ${file} does not exist` : `${file} could not be started (${code})`
  return new SchedulerError('unavailable', words)
}
