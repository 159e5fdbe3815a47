/** Requests written, and responses read, by ourselves: a third of what Node's own client takes. */
import { exchangeBytes, requestHead } from './exchange-bytes.ts'
import { openKeptConnections } from './kept-connections.ts'
import { nodeUpstream, tlsOptions, type UpstreamLimits } from './node-upstream.ts'
import type { Target } from './route.ts'
import { type Upstream, UpstreamError, type UpstreamRequest, type UpstreamResponse } from './upstream.ts'

/** Only a request without a body can be sent twice, and only a safe one may be. */
const repeatable: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

export function rawUpstream(target: Target, limits: UpstreamLimits): Upstream {
  const connections = openKeptConnections(target, tlsOptions(target), limits)
  const parts = { headBytes: limits.headBytes, onFree: connections.keep }
  // A WebSocket has a connection of its own and one head: nothing there is in a hurry.
  const upgrades = nodeUpstream(target, limits)

  async function send(wanted: UpstreamRequest): Promise<UpstreamResponse> {
    const text = headOf(wanted)
    const used = connections.take()
    if (used !== null) {
      const exchange = exchangeBytes(used, text, wanted, parts)
      try {
        return await exchange.response
      } catch (cause) {
        // A kept connection may have been closed by the peer while our request was on its way: that is no failure of this request.
        const mayRepeat = wanted.body === null && repeatable.has(wanted.method)
        if (!mayRepeat || exchange.hasAnswered() || wanted.signal.aborted) throw new UpstreamError('broken', { cause })
      }
    }
    const socket = await connections.open(wanted.signal).catch((cause: unknown) => {
      throw new UpstreamError('unreachable', { cause })
    })
    try {
      return await exchangeBytes(socket, text, wanted, parts).response
    } catch (cause) {
      throw new UpstreamError('broken', { cause })
    }
  }

  return {
    send,
    upgrade: upgrades.upgrade,
    close() {
      connections.close()
      upgrades.close()
    },
  }
}

function headOf(wanted: UpstreamRequest): string {
  try {
    return requestHead(wanted)
  } catch (cause) {
    throw new UpstreamError('broken', { cause })
  }
}
