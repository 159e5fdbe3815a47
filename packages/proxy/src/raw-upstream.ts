/** Requests written, and responses read, by ourselves: a third of what Node's own client takes. */
import { openKeptConnections } from './kept-connections.ts'
import { requestHead } from './request-bytes.ts'
import type { Target } from './route.ts'
import { tlsOptions } from './target-tls.ts'
import {
  type UpgradeAnswer,
  type UpgradeRequest,
  type Upstream,
  UpstreamError,
  type UpstreamLimits,
  type UpstreamRequest,
} from './upstream.ts'

/** Only a request without a body can be sent twice, and only a safe one may be. */
const repeatable: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

export function rawUpstream(target: Target, limits: UpstreamLimits): Upstream {
  const connections = openKeptConnections(target, tlsOptions(target), limits)

  function send(wanted: UpstreamRequest): void {
    const { onAnswer: answered, onFailure, cancellation } = wanted
    const failed = (cause: unknown): void => onFailure(new UpstreamError('broken', { cause }))
    let text: string
    try {
      text = requestHead(wanted, { isUpgrade: false })
    } catch (cause) {
      failed(cause)
      return
    }
    const askAnother = (): void => {
      connections.open(cancellation).then(
        (connection) => connection.ask(text, wanted, { answered, failed }),
        (cause) => onFailure(new UpstreamError('unreachable', { cause })),
      )
    }
    const used = connections.take()
    if (used === null) askAnother()
    else
      used.ask(text, wanted, {
        answered,
        failed(cause, hasAnswered) {
          // A kept connection may have been closed by the peer while our request was on its way: that is no failure of this request.
          const mayRepeat = wanted.body === null && repeatable.has(wanted.method)
          if (mayRepeat && !hasAnswered && !cancellation.isCancelled) askAnother()
          else failed(cause)
        },
      })
  }

  async function upgrade(asked: UpgradeRequest): Promise<UpgradeAnswer> {
    const wanted = { ...asked, method: 'GET', body: null }
    const failure = (kind: UpstreamError['kind']) => (cause: unknown) => new UpstreamError(kind, { cause })
    let text: string
    try {
      text = requestHead(wanted, { isUpgrade: true })
    } catch (cause) {
      throw failure('broken')(cause)
    }
    const connection = await connections.openForOne(asked.cancellation).catch((cause) => {
      throw failure('unreachable')(cause)
    })
    return new Promise((resolve, reject) => {
      connection.ask(text, wanted, {
        answered: (response) => resolve({ kind: 'refused', response }),
        failed: (cause) => reject(failure('broken')(cause)),
        switched: (headers, socket, first) => resolve({ kind: 'switched', headers, socket, first }),
      })
    })
  }

  return { send, upgrade, close: connections.close }
}
