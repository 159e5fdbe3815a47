/** Sends bytes through a place and compares what passed with what the server behind it read. */
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../packages/proxy/src/testing.ts'
import { converse } from './converse.ts'
import type { RecordingRelay } from './recording-relay.ts'
import type { Upstream } from './upstreams.ts'

/** Behind each shape: it is answered, and the connection ends, wherever the shape was read to its end. */
export const last = 'GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
/** Whoever has got nothing for so long gets nothing more before the client ends (ms): the shape has swallowed the rest. */
const quietMs = 150

/** Resolves when the connection is over. */
export const send = (port: number, bytes: string, endMs = 30_000): Promise<string> =>
  converse(port, (socket) => void socket.write(bytes + last, 'latin1'), { quietMs, endMs })

const without = (all: readonly string[], taken: readonly string[]): string[] => {
  const left = [...all]
  for (const each of taken) {
    const at = left.indexOf(each)
    if (at >= 0) left.splice(at, 1)
  }
  return left
}

export interface Difference {
  /** Requests that passed and were not read. */
  readonly unread: readonly string[]
  /** What was read and is no request that passed. */
  readonly invented: readonly string[]
  /** What a server took for no request. */
  readonly refused: readonly string[]
}

/**
 * All requests that passed from the beginning, against all that were read. A server may refuse a request that it has read as one (too many
 * headers for it): then it tells of one that is none, and there is one that it did not read.
 */
function differenceOf(relay: RecordingRelay, upstream: Upstream): Difference {
  const { whole, begun, trailing } = relay.passed()
  const seen = upstream.seen()
  const unread = without(whole, seen)
  const invented = without(without(seen, whole), begun)
  const broken = invented.filter((each) => each.startsWith('? ')).slice(upstream.refusesTrailers ? trailing : 0)
  // nginx names a request that it has read and then refuses, or whose connection ends.
  const isNamed = (each: string) => [...whole, ...begun].some((name) => each.includes(name))
  return {
    unread: unread.slice(broken.length),
    invented: [...invented.filter((each) => !each.startsWith('? ')), ...broken.slice(unread.length + begun.length)],
    refused: broken.filter((each) => !isNamed(each)),
  }
}

/** Waits until all that passed was read. @throws {Error} if that does not come, or what comes did not pass. */
export async function assertSame(relay: RecordingRelay, upstream: Upstream, what: () => string): Promise<void> {
  const isRead = () => differenceOf(relay, upstream).unread.length === 0
  await until(isRead, 'all that passed to be read').catch(() => {})
  const { unread, invented } = differenceOf(relay, upstream)
  if (unread.length + invented.length > 0) throw new Error(`${JSON.stringify({ unread, invented })} after ${what()}`)
}

/** Waits until nothing new is read. */
export async function settled(relay: RecordingRelay, upstream: Upstream): Promise<Difference> {
  let before = -1
  while (upstream.seen().length !== before) {
    before = upstream.seen().length
    await pause(quietMs)
  }
  return differenceOf(relay, upstream)
}
