import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { direct, type Forwarding, refusalOf, refuse } from './exchange.ts'
import { relayResponse } from './forward-http.ts'
import { downstreamHeaders, upstreamHeaders } from './headers.ts'
import { credentialsNow } from './revocations.ts'

/**
 * True for the one upgrade we relay. Others become plain requests without `Upgrade`: an HTTP/2 connection tunnelled through us
 * would carry requests past every rule.
 */
export const isWebSocket = ({ method, upgrade, framing }: ClientRequest): boolean =>
  upgrade === 'websocket' && method === 'GET' && framing.kind === 'none'

/** Relay an upgrade request, and after the upstream's 101 every byte in both directions. */
export async function forwardUpgrade(
  request: ClientRequest,
  client: Socket,
  first: Buffer,
  upgraded: Set<Duplex>,
  forwarding: Forwarding,
): Promise<void> {
  const aborter = new AbortController()
  upgraded.add(client)
  client.on('error', () => client.destroy())
  client.once('close', () => {
    upgraded.delete(client)
    aborter.abort()
  })
  const direction = direct(request, forwarding)
  let plain: ClientAnswer | null = null
  const inPlain = (): ClientAnswer => {
    plain ??= plainAnswer(request, client) // one for a socket, whatever becomes of it
    return plain
  }
  try {
    if (typeof direction === 'string') return refuse(request, inPlain(), direction, forwarding)
    const { live, path, raw, origin, isFrontsOwn, attested, sender } = direction
    const { toHub } = live
    if (!toHub) {
      const credentials = credentialsNow(request.rawHeaders, request.url)
      client.once('close', forwarding.streams.add({ path: live.path, credentials, cut: () => client.destroy() }))
    }
    const headers = upstreamHeaders(
      { raw, origin, toHub, isFrontsOwn, attested, framing: 'websocket' },
      forwarding.policy,
    )
    live.lastActivity = forwarding.now()
    const signal = AbortSignal.any([aborter.signal, AbortSignal.timeout(upgradeMs)])
    const answer = await live.upstream.upgrade({ method: 'GET', path, headers, signal })
    if (answer.kind === 'refused') {
      return await relayResponse(inPlain(), answer.response, direction, forwarding)
    }
    const touch = () => {
      live.lastActivity = forwarding.now()
    }
    client.write(switchingHead(downstreamHeaders(answer.headers, sender, forwarding.policy)), 'latin1')
    relay({ socket: client, first }, { socket: answer.socket, first: answer.first }, touch)
  } catch (error) {
    if (!client.destroyed) refuse(request, inPlain(), refusalOf(error), forwarding, error)
  }
}

/** A pair of which one side has ended is closed when nothing moves for so long (ms). */
const halfOpenMs = 120_000
/** How long an upstream may think about an upgrade (ms): a kernel may have to start first. */
const upgradeMs = 300_000
/** How long a client may take to close after a refused upgrade (ms). */
const lingerMs = 10_000

interface Side {
  readonly socket: Duplex
  /** Bytes that arrived together with the head. */
  readonly first: Buffer
}

/**
 * Connect two sockets. Each direction ends by itself (half-close) with backpressure; when one side fails, both are destroyed,
 * so that no socket outlives its partner.
 */
function relay(a: Side, b: Side, touch: () => void): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    if (from.socket instanceof Socket) {
      from.socket.setTimeout(0)
      from.socket.setNoDelay(true)
      // Finds peers that vanished without a word (a node that lost power).
      from.socket.setKeepAlive(true, 60_000)
    }
    from.socket.allowHalfOpen = true
    if (from.first.length > 0) to.socket.write(from.first)
    from.socket.on('data', touch)
    from.socket.on('error', () => to.socket.destroy())
    from.socket.once('end', () => {
      if (to.socket instanceof Socket) to.socket.setTimeout(halfOpenMs, () => to.socket.destroy())
    })
    from.socket.once('close', () => {
      // Both ended: what is left in the buffers may still be delivered.
      if (!from.socket.readableEnded || !to.socket.readableEnded) to.socket.destroy()
    })
    from.socket.pipe(to.socket)
  }
}

function switchingHead(headers: readonly string[]): string {
  let head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  return `${head}\r\n`
}

/** An ordinary answer on a socket that is nobody's connection any more; it ends with it. */
function plainAnswer(request: ClientRequest, socket: Socket): ClientAnswer {
  socket.setTimeout(lingerMs, () => socket.destroy())
  const answer = new ClientAnswer(socket, request, null, () => {
    socket.end()
    socket.resume() // the end of a socket is only seen by who reads it
  })
  socket.on('drain', () => answer.onDrain?.())
  socket.once('close', () => answer.over())
  return answer
}
