/**
 * A program of its own, so that what asks is not measured with what answers: keeps connections busy with one request each at a time, without
 * pipelining, over plain sockets. Takes a `Load` by IPC and answers with `Figures`.
 */
import { connect } from 'node:net'
import type { Figures, Load } from './load.ts'

const headEnd = Buffer.from('\r\n\r\n')

interface Answer {
  readonly status: number
  /** Bytes of head and body. */
  readonly length: number
}

/** @returns null while the answer has not arrived whole. @throws {Error} for an answer without a length. */
function readAnswer(bytes: Buffer): Answer | null {
  const end = bytes.indexOf(headEnd)
  if (end < 0) return null
  const head = bytes.toString('latin1', 0, end)
  const [, size] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
  if (size === undefined) throw new Error(`an answer without a length: ${head}`)
  const length = end + headEnd.length + Number(size)
  return bytes.length < length ? null : { status: Number(head.slice(9, 12)), length }
}

async function run({ port, requests, connections, leastMs, atLeast = 0 }: Load): Promise<Figures> {
  const texts = requests.map((request) => Buffer.from(request))
  const lateMs: number[] = []
  let asked = 0
  let bytes = 0
  const from = performance.now()
  const talk = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      let sentAt = 0
      let request = 0
      let pending: Buffer = Buffer.alloc(0)
      const ask = (): void => {
        request = asked++ % texts.length
        sentAt = performance.now()
        socket.write(texts[request] ?? '')
      }
      socket.on('connect', ask)
      socket.on('data', (chunk) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
        const answer = readAnswer(pending)
        if (answer === null) return
        if (answer.status !== 200) {
          reject(new Error(`${requests[request]?.split('\r\n')[0]}: ${pending.toString()}`))
          socket.destroy()
          return
        }
        pending = Buffer.alloc(0)
        const at = performance.now()
        lateMs.push(at - sentAt)
        bytes += answer.length
        if (at < from + leastMs || asked < atLeast) ask()
        else socket.end(resolve)
      })
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the connection was closed')))
    })
  await Promise.all(Array.from({ length: connections }, talk))
  const tookMs = performance.now() - from
  lateMs.sort((one, other) => one - other)
  const at = (share: number): number => lateMs[Math.ceil(share * lateMs.length) - 1] ?? Number.NaN
  return {
    requests: lateMs.length,
    perSecond: (lateMs.length / tookMs) * 1_000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    bytesPerAnswer: Math.round(bytes / lateMs.length),
  }
}

process.on('message', (load: Load) => {
  run(load).then(
    (figures) => process.send?.({ figures }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
