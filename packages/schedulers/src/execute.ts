/** Starts one process and follows it to its end; decides nothing. What goes in and what comes out is plain data: it may cross to another process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { type OpenHold, openHold } from './hold.ts'

export interface Execution {
  readonly file: string
  readonly args: readonly string[]
  /** Whom another machine is asked to run it as; here nobody is asked. */
  readonly runAs?: string | null
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly stdin: string
  readonly timeoutMs: number
  /** Of standard output and standard error together. */
  readonly outputLimitBytes: number
  /** How long it may take to obey SIGTERM, and then SIGKILL. */
  readonly graceMs: number
  /** A hold that exists (see `hold.ts`), or null. */
  readonly holdPath: string | null
}

export interface End {
  /** All pipes are closed: nobody who could still act on our behalf is alive. */
  readonly isOver: boolean
  readonly exitCode: number | null
  readonly signal: string | null
  /** Why it was ended, or given up, before it ended by itself. */
  readonly stop: 'timeout' | 'abort' | 'output' | 'runner' | null
  /** Did it take the whole of its standard input? */
  readonly hasReadAll: boolean
  /** Code of the system's error if it could not be started. */
  readonly startError: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Hooks {
  readonly signal?: AbortSignal | undefined
  readonly onSpawn?: ((pid: number) => void) | undefined
}

/** Settles when the process has exited and every holder of its pipes is gone, or a bounded time after SIGKILL. Rejects if there is no hold. */
export type Execute = (execution: Execution, hooks: Hooks) => Promise<End>

export const execute: Execute = async (execution, hooks) => {
  if (typeof execution.runAs === 'string') throw new Error('a command for another machine is not run here')
  const hold = execution.holdPath === null ? null : openHold(execution.holdPath)
  return untilEnd(start(execution, hold), execution, hooks, hold)
}

function start({ file, args, environment }: Execution, hold: OpenHold | null): ChildProcess {
  try {
    return spawn(file, args, {
      cwd: '/', // the job's owner may be unable to enter the hub's folder
      env: environment,
      detached: true, // a process group of its own: a Ctrl-C at the hub's terminal is not for the command
      stdio: ['pipe', 'pipe', hold?.writer ?? 'pipe'],
    })
  } finally {
    if (hold) closeSync(hold.writer)
  }
}

function untilEnd(child: ChildProcess, execution: Execution, hooks: Hooks, hold: OpenHold | null): Promise<End> {
  const { stdin, graceMs, timeoutMs, outputLimitBytes } = execution
  return new Promise((resolve) => {
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const errors = hold?.reader ?? child.stderr
    let bytes = 0
    let stop: End['stop'] = null
    let hasReadAll = stdin === ''
    let startError: string | null = null
    let timer = setTimeout(() => stopFor('timeout'), timeoutMs)
    const next = (afterMs: number, act: () => void): void => {
      clearTimeout(timer)
      timer = setTimeout(act, afterMs)
    }

    const settle = (isOver: boolean): void => {
      clearTimeout(timer)
      hooks.signal?.removeEventListener('abort', onAbort)
      for (const pipe of [child.stdin, child.stdout, errors]) pipe?.destroy()
      child.unref()
      const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString('utf8')
      const { exitCode, signalCode } = child
      const [out, err] = [text(stdout), text(stderr)]
      resolve({ isOver, exitCode, signal: signalCode, stop, hasReadAll, startError, stdout: out, stderr: err })
    }
    // SIGTERM goes to the one process, which may be a sudo that relays it; SIGKILL of a sudo would leave its child behind.
    const stopFor = (why: 'timeout' | 'abort' | 'output'): void => {
      if (stop !== null) return
      stop = why
      child.kill('SIGTERM')
      next(graceMs, () => {
        killGroup(child)
        next(graceMs, () => settle(false))
      })
    }
    const onAbort = (): void => stopFor('abort')
    hooks.signal?.addEventListener('abort', onAbort)

    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > outputLimitBytes) return stopFor('output')
      into.push(chunk)
    }
    child.stdout?.on('data', collect(stdout))
    errors?.on('data', collect(stderr))
    child.stdin?.on('error', () => {}) // EPIPE: the command did not want (all of) it; its exit tells why
    child.stdin?.end(stdin, (error?: Error | null) => {
      hasReadAll ||= !error
    })
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return // a failed kill: the timers go on
      startError = error.code ?? error.message
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
    if (child.pid !== undefined) hooks.onSpawn?.(child.pid)
  })
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // already gone, or another user's: `mayStillRun` will tell
  }
}
