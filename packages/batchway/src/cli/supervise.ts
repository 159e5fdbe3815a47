/** Keeps proxy and hub running for `batchway start`: two processes with separate lives; either may end and comes back. */
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { adoptProcess, type Kept } from './adopt-process.ts'
import { openChild } from './open-child.ts'
import { starterMark } from './start/orphans.ts'

export interface Part {
  readonly name: string
  readonly argv: readonly string[]
  /** Beside our own. */
  readonly environment?: Readonly<Record<string, string>>
  /** It runs already, left by a start that was killed: kept as it is, and started by us when it ends. */
  readonly running?: { readonly pid: number; readonly start: string } | undefined
}

export interface Supervisor {
  /** Resolves when every part has listened once. Rejects if one ends before it ever did. */
  readonly ready: Promise<void>
  /** SIGTERM to one after the other, and wait; SIGKILL for what does not end. */
  stop(): Promise<void>
  /** Pids by name, for tests and messages. */
  pidOf(name: string): number | undefined
}

/** Between SIGTERM and SIGKILL; the hub and the proxy let running requests finish first. */
const patienceMs = 15_000

const backOffMs = [200, 500, 1_000, 3_000, 5_000]

/**
 * What Node made of our TypeScript last time is used again: measured, a hub is up in half the time and 20 MB smaller, because the
 * program that strips types is not even loaded.
 */
function compileCache(stateDirectory: string): Readonly<Record<string, string>> {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return {}
  const folder = join(stateDirectory, 'compile-cache')
  // Node would make it with the usual umask.
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return { NODE_COMPILE_CACHE: folder }
}

/** @param stateDirectory marks the processes. @param logFile takes the output of all parts. @param say tells the person in front of the terminal. */
export function supervise(
  parts: readonly Part[],
  stateDirectory: string,
  logFile: string,
  say: (words: string) => void,
): Supervisor {
  const all = new Map<string, Kept>()
  let isStopping = false

  function open(part: Part): { kept: Kept; listening: Promise<unknown> } {
    const { process, ended, listening } = openChild(part.argv, {
      onLine: (line) => appendFileSync(logFile, `${line}\n`, { mode: 0o600 }),
      environment: { ...compileCache(stateDirectory), ...part.environment, [starterMark]: stateDirectory },
    })
    const kept: Kept = { pid: process.pid, ended, kill: (signal) => process.kill(signal) }
    all.set(part.name, kept)
    return { kept, listening }
  }

  function adopt(part: Part, running: NonNullable<Part['running']>): void {
    const kept = adoptProcess(running)
    all.set(part.name, kept)
    void keep(part, kept)
  }

  async function keep(part: Part, first: Kept): Promise<void> {
    let child = first
    for (let failures = 0; ; failures += 1) {
      const startedAt = Date.now()
      const code = await child.ended
      if (isStopping) return
      if (Date.now() - startedAt > 60_000) failures = 0
      say(`The ${part.name} ended (${code === null ? 'by a signal' : `exit code ${code}`}) and is started again.`)
      await delay(backOffMs[Math.min(failures, backOffMs.length - 1)])
      if (isStopping) return
      child = open(part).kept
    }
  }

  async function start(): Promise<void> {
    for (const part of parts) {
      if (part.running) {
        adopt(part, part.running)
        continue
      }
      const { kept, listening } = open(part)
      try {
        await listening
      } catch (error) {
        isStopping = true
        throw new Error(`the ${part.name} ${error instanceof Error ? error.message : error}; see ${logFile}`)
      }
      void keep(part, kept)
    }
  }

  return {
    ready: start(),
    pidOf: (name) => all.get(name)?.pid,
    async stop() {
      isStopping = true
      // The last one started goes first: the hub before the proxy.
      for (const kept of [...all.values()].reverse()) {
        kept.kill('SIGTERM')
        const hurry = setTimeout(() => kept.kill('SIGKILL'), patienceMs)
        await kept.ended
        clearTimeout(hurry)
      }
    },
  }
}
