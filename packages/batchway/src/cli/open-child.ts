import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { inheritedFlags } from './runtime-flags.ts'

export interface Child {
  readonly process: ChildProcess
  /** Exit code, null after a signal. */
  readonly ended: Promise<number | null>
  /** The child's `listening` line, parsed; rejects if it ends before. Only for children with `onLine`. */
  readonly listening: Promise<Readonly<Record<string, unknown>>>
}

function parseLine(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const message: unknown = JSON.parse(line)
    return typeof message === 'object' && message !== null ? { ...message } : null
  } catch {
    return null // words of a warning, not a line of the log
  }
}

export interface ChildOptions {
  /** Is told each line of its output, which then does not reach the terminal. */
  readonly onLine?: (line: string) => void
  /** Beside our own environment. */
  readonly environment?: Readonly<Record<string, string>>
  /** Ours that it gets as its descriptors 3 and following. */
  readonly descriptors?: readonly number[]
}

/**
 * A process of ours with the same runtime as this one, and those of its flags that are for all, in a process group of its own: Ctrl-C reaches us alone, and we say in
 * which order things end.
 */
export function openChild(
  argv: readonly string[],
  { onLine, environment, descriptors = [] }: ChildOptions = {},
): Child {
  const child = spawn(process.execPath, [...inheritedFlags(process.execArgv), ...argv], {
    stdio: ['ignore', onLine ? 'pipe' : 'inherit', 'inherit', ...descriptors],
    env: { ...process.env, ...environment },
    detached: true,
  })
  const ended = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : null))
  const listening = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    void ended.then((code) => reject(new Error(`ended with ${code} before it listened`)))
    if (!child.stdout) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      onLine?.(line)
      if (!line.includes('"listening"')) return
      const message = parseLine(line)
      if (message?.msg === 'listening') resolve(message)
    })
  })
  listening.catch(() => {}) // whoever needs it awaits it
  return { process: child, ended, listening }
}
