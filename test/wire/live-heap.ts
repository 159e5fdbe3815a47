/** How much a running program of Node really holds: its heap after a forced collection, asked through its inspector. */
import { until } from '../e2e/support/until.ts'

/** What Node is started with, so that several inspectors do not want one port. */
export const inspectable = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' } as const

export interface LiveHeap {
  /** MiB after a full collection. */
  measure(): Promise<number>
  /** Run an expression in the program: to see that what it keeps is seen. */
  evaluate(expression: string): Promise<void>
}

export async function openLiveHeap({
  pid,
  lines,
}: {
  readonly pid: number
  readonly lines: () => readonly string[]
}): Promise<LiveHeap> {
  process.kill(pid, 'SIGUSR1')
  const address = await until(`the inspector of ${pid} listens`, () =>
    lines()
      .map((line) => /Debugger listening on (ws:\S+)/.exec(line)?.[1])
      .find((found) => found !== undefined),
  )

  /** One connection for each talk: between them it has no more open than before. */
  async function talk(calls: readonly (readonly [method: string, params: object])[]): Promise<unknown> {
    const socket = new WebSocket(address)
    const failed = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error(`the inspector of ${pid} cannot be reached`))
      socket.addEventListener('error', fail)
      socket.addEventListener('close', fail)
    })
    failed.catch(() => undefined)
    await Promise.race([new Promise((resolve) => socket.addEventListener('open', resolve)), failed])
    try {
      let result: unknown
      for (const [id, [method, params]] of calls.entries()) {
        const answered = new Promise<unknown>((resolve) => {
          socket.onmessage = ({ data }) => {
            const message: { id?: number; result?: unknown } = JSON.parse(String(data))
            if (message.id === id) resolve(message.result)
          }
        })
        socket.send(JSON.stringify({ id, method, params }))
        result = await Promise.race([answered, failed])
      }
      return result
    } finally {
      socket.close()
    }
  }

  return {
    async measure() {
      // Twice: what the first finds unreachable may hold on to more until its finalizers have run.
      const usage = await talk([
        ['HeapProfiler.collectGarbage', {}],
        ['HeapProfiler.collectGarbage', {}],
        ['Runtime.getHeapUsage', {}],
      ])
      if (typeof usage !== 'object' || usage === null || !('usedSize' in usage) || typeof usage.usedSize !== 'number')
        throw new TypeError('the inspector told no size')
      const buffers =
        'backingStorageSize' in usage && typeof usage.backingStorageSize === 'number' ? usage.backingStorageSize : 0
      return (usage.usedSize + buffers) / 2 ** 20
    },
    async evaluate(expression) {
      await talk([['Runtime.evaluate', { expression }]])
    },
  }
}
