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
}

/** Start the program in a process group (and session) of its own, with nothing on standard input. */
export function startApplication(
  { file, argv, environment, directory }: ApplicationStart,
  tap: OutputTap,
): Application {
  const child = spawn(file, argv.slice(1), {
    argv0: argv[0] ?? file,
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
