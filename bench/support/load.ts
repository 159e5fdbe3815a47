/** The load generator's other end: a process on a core of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { favour } from './favour.ts'

export interface Load {
  readonly port: number
  /** Whole requests as text, asked in turn. */
  readonly requests: readonly string[]
  readonly connections: number
  /** How long. */
  readonly leastMs: number
  /** Until so many were asked, however long it takes. */
  readonly atLeast?: number
}

export interface Figures {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** Head included. */
  readonly bytesPerAnswer: number
}

export interface LoadGenerator extends AsyncDisposable {
  /** @throws {Error} for an answer other than 200, or a connection that ends. */
  run(load: Load): Promise<Figures>
}

/** @param core that it runs on, alone if what is measured runs on another. */
export async function openLoadGenerator(core: number): Promise<LoadGenerator> {
  const program = resolve(import.meta.dirname, 'load-generator.ts')
  const child = spawn('taskset', ['-c', String(core), process.execPath, program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  })
  await once(child, 'spawn')
  if (child.pid !== undefined) favour(child.pid)
  const ended = once(child, 'exit')
  return {
    async run(load) {
      child.send(load)
      const answer = await Promise.race([once(child, 'message'), ended.then(() => null)])
      if (answer === null) throw new Error('the load generator has ended')
      const [{ figures, error }] = answer as [{ figures?: Figures; error?: string }]
      if (figures === undefined) throw new Error(error)
      return figures
    },
    async [Symbol.asyncDispose]() {
      child.disconnect()
      await ended
    },
  }
}
