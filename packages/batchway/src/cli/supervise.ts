/** Keeps proxy and hub running for `batchway start`: two processes with separate lives; either may end and comes back. */
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Child, openChild } from './open-child.ts'
import { starterMark } from './start/orphans.ts'

export interface Part {
  readonly name: string
  readonly argv: readonly string[]
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

/** @param stateDirectory marks the processes. @param logFile takes the output of all parts. @param say tells the person in front of the terminal. */
export function supervise(
  parts: readonly Part[],
  stateDirectory: string,
  logFile: string,
  say: (words: string) => void,
): Supervisor {
  const children = new Map<string, Child>()
  let isStopping = false

  function open(part: Part): Child {
    const child = openChild(part.argv, {
      onLine: (line) => appendFileSync(logFile, `${line}\n`, { mode: 0o600 }),
      environment: { [starterMark]: stateDirectory },
    })
    children.set(part.name, child)
    return child
  }

  async function keep(part: Part, first: Child): Promise<void> {
    let child = first
    for (let failures = 0; ; failures += 1) {
      const startedAt = Date.now()
      const code = await child.ended
      if (isStopping) return
      if (Date.now() - startedAt > 60_000) failures = 0
      say(`The ${part.name} ended (${code === null ? 'by a signal' : `exit code ${code}`}) and is started again.`)
      await delay(backOffMs[Math.min(failures, backOffMs.length - 1)])
      if (isStopping) return
      child = open(part)
    }
  }

  async function start(): Promise<void> {
    for (const part of parts) {
      const child = open(part)
      try {
        await child.listening
      } catch (error) {
        isStopping = true
        throw new Error(`the ${part.name} ${error instanceof Error ? error.message : error}; see ${logFile}`)
      }
      void keep(part, child)
    }
  }

  return {
    ready: start(),
    pidOf: (name) => children.get(name)?.process.pid,
    async stop() {
      isStopping = true
      // The last one started goes first: the hub before the proxy.
      for (const child of [...children.values()].reverse()) {
        child.process.kill('SIGTERM')
        const hurry = setTimeout(() => child.process.kill('SIGKILL'), patienceMs)
        await child.ended
        clearTimeout(hurry)
      }
    },
  }
}
