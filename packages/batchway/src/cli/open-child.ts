import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Child {
  readonly process: ChildProcess
  /** Exit code, null after a signal. */
  readonly ended: Promise<number | null>
  /** The child's `listening` line, parsed; rejects if it ends before. Only for `piped` children. */
  readonly listening: Promise<Readonly<Record<string, unknown>>>
}

/** A process of ours with the same runtime and flags as this one. @param onLine is told each line of a piped child's output. */
export function openChild(
  argv: readonly string[],
  output: 'inherit' | 'piped',
  onLine?: (line: string) => void,
): Child {
  const child = spawn(process.execPath, [...process.execArgv, ...argv], {
    stdio: ['ignore', output === 'inherit' ? 'inherit' : 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : null))
  const listening = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    void ended.then((code) => reject(new Error(`ended with ${code} before it listened`)))
    if (!child.stdout) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      onLine?.(line)
      if (!line.includes('"listening"')) return
      const message: unknown = JSON.parse(line)
      if (typeof message === 'object' && message !== null && 'msg' in message && message.msg === 'listening') {
        resolve({ ...message })
      }
    })
  })
  listening.catch(() => {}) // whoever needs it awaits it
  return { process: child, ended, listening }
}
