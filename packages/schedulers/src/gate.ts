/** A limit on what runs at once, fair among those who wait: each key has its turn, however many others wait under one key. */
import { SchedulerError } from './driver.ts'

export interface Gate {
  /** Run `act` when its turn has come. @throws {SchedulerError} `unavailable` if `signal` aborts before that; then `act` is not run. */
  through<T>(key: string, act: () => Promise<T>, signal?: AbortSignal): Promise<T>
  readonly running: number
  readonly waiting: number
}

type Enter = () => void

export function openGate(atOnce: number): Gate {
  /** Those who wait, by key; the key whose turn is next comes first. */
  const queues = new Map<string, Set<Enter>>()
  let running = 0

  function leave(): void {
    running -= 1
    const [next] = queues
    if (!next) return
    const [key, queue] = next
    const [enter] = queue
    queues.delete(key)
    if (enter) queue.delete(enter)
    if (queue.size > 0) queues.set(key, queue)
    enter?.()
  }

  function enter(key: string, signal: AbortSignal | undefined): Promise<void> {
    if (running < atOnce) {
      running += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const queue = queues.get(key) ?? new Set()
      queues.set(key, queue)
      const giveUp = (): void => {
        queue.delete(come)
        if (queue.size === 0) queues.delete(key)
        reject(new SchedulerError('unavailable', 'given up before its turn came'))
      }
      const come = (): void => {
        signal?.removeEventListener('abort', giveUp)
        running += 1
        resolve()
      }
      queue.add(come)
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  }

  return {
    async through(key, act, signal) {
      if (signal?.aborted) throw new SchedulerError('unavailable', 'given up before its turn came')
      await enter(key, signal)
      try {
        return await act()
      } finally {
        leave()
      }
    },
    get running() {
      return running
    },
    get waiting() {
      return [...queues.values()].reduce((sum, { size }) => sum + size, 0)
    },
  }
}
