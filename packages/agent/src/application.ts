import { spawn } from 'node:child_process'
import type { OutputTap } from './output-tap.ts'

export interface ApplicationExit {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** The program could not be started at all. */
  readonly startError: string | null
}

export interface Application {
  readonly pid: number
  /** Settles when the main process has ended. */
  readonly ended: Promise<ApplicationExit>
  /** Signal the application's process group. */
  signal(signal: NodeJS.Signals): void
  /** Stop reading its output, which descendants may hold open for ever. */
  close(): void
}

export interface ApplicationStart {
  readonly file: string
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly directory: string
  /** Signals that the scheduler sends to every process of the job, though they are meant for the agent: the application ignores them. */
  readonly ignored: readonly ('USR1' | 'USR2')[]
}

/**
 * Node sets every signal of a child to its default; a shell can have it ignored, also by the children of what it becomes. A server that has a
 * handler of its own (Jupyter Notebook, for SIGUSR1) gives its kernels the default again, but a signal that is blocked stays so: GNU `env` can
 * do that since coreutils 8.31.
 */
const ignoring = (signals: readonly string[]): string => {
  const block = `env --block-signal=${signals.join(',')}`
  return `trap '' ${signals.join(' ')}; ${block} true 2>/dev/null && exec ${block} "$@"; exec "$@"`
}

/** Start the program in a process group (and session) of its own, with nothing on standard input. */
export function startApplication(
  { file, argv, environment, directory, ignored }: ApplicationStart,
  tap: OutputTap,
): Application {
  const shell = ignored.length === 0 ? null : ['-c', ignoring(ignored), 'sh', file]
  const child = spawn(shell ? '/bin/sh' : file, [...(shell ?? []), ...argv.slice(1)], {
    ...(!shell && { argv0: argv[0] ?? file }),
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const pipe of [child.stdout, child.stderr]) {
    const out = tap.stream()
    pipe.on('data', out.write)
    pipe.on('close', out.end)
    pipe.on('error', () => undefined)
  }
  const ended = new Promise<ApplicationExit>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ exitCode: null, signal: null, startError: error.code ?? error.message }),
    )
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal, startError: null }))
  })
  return {
    pid: child.pid ?? 0,
    ended,
    signal: (signal) => {
      if (!child.pid) return
      try {
        process.kill(-child.pid, signal)
      } catch {
        // the group is gone
      }
    },
    close: () => {
      child.stdout.destroy()
      child.stderr.destroy()
    },
  }
}
