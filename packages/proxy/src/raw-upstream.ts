/** Requests written, and responses read, by ourselves: a third of what Node's own client takes. */
import type { Socket } from 'node:net'
import { exchangeBytes, requestHead } from './exchange-bytes.ts'
import { openKeptConnections } from './kept-connections.ts'
import type { Target } from './route.ts'
import { tlsOptions } from './target-tls.ts'
import {
  type UpgradeAnswer,
  type UpgradeRequest,
  type Upstream,
  UpstreamError,
  type UpstreamLimits,
  type UpstreamRequest,
  type UpstreamResponse,
} from './upstream.ts'

/** Only a request without a body can be sent twice, and only a safe one may be. */
const repeatable: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

export function rawUpstream(target: Target, limits: UpstreamLimits): Upstream {
  const connections = openKeptConnections(target, tlsOptions(target), limits)
  const parts = { headBytes: limits.headBytes, onFree: connections.keep }

  async function send(wanted: UpstreamRequest): Promise<UpstreamResponse> {
    const text = headOf(wanted, { isUpgrade: false })
    const used = connections.take()
    if (used !== null) {
      const exchange = exchangeBytes(used, text, wanted, parts)
      try {
        return await exchange.response
      } catch (cause) {
        // A kept connection may have been closed by the peer while our request was on its way: that is no failure of this request.
        const mayRepeat = wanted.body === null && repeatable.has(wanted.method)
        if (!mayRepeat || exchange.hasAnswered() || wanted.cancellation.isCancelled)
          throw new UpstreamError('broken', { cause })
      }
    }
    const socket = await stands(wanted)
    try {
      return await exchangeBytes(socket, text, wanted, parts).response
    } catch (cause) {
      throw new UpstreamError('broken', { cause })
    }
  }

  const stands = ({ cancellation }: UpgradeRequest): Promise<Socket> =>
    connections.open(cancellation).catch((cause: unknown) => {
      throw new UpstreamError('unreachable', { cause })
    })

  /** On a connection of its own, which nobody uses afterwards whatever the answer is. */
  async function upgrade(asked: UpgradeRequest): Promise<UpgradeAnswer> {
    const wanted: UpstreamRequest = { ...asked, method: 'GET', body: null }
    const text = headOf(wanted, { isUpgrade: true })
    const socket = await stands(asked)
    return new Promise((resolve, reject) => {
      const { response } = exchangeBytes(socket, text, wanted, {
        headBytes: limits.headBytes,
        onFree: () => socket.on('error', () => {}).destroy(),
        onSwitched: (headers, switched, first) => resolve({ kind: 'switched', headers, socket: switched, first }),
      })
      response.then(
        (answer) => resolve({ kind: 'refused', response: answer }),
        (cause) => reject(new UpstreamError('broken', { cause })),
      )
    })
  }

  return { send, upgrade, close: connections.close }
}

function headOf(...parts: Parameters<typeof requestHead>): string {
  try {
    return requestHead(...parts)
  } catch (cause) {
    throw new UpstreamError('broken', { cause })
  }
}
