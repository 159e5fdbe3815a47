import type { Socket } from 'node:net'
import { Cancellation } from './cancellation.ts'
import { ClientAnswer, interimHead } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { direct, type Forwarding, refusalOf, refuse } from './exchange.ts'
import { relayResponse } from './forward-http.ts'
import { downstreamHeaders, type RawHeaders, upstreamHeaders } from './headers.ts'
import { relay } from './relay.ts'
import { credentialsNow } from './revocations.ts'
import type { LiveRoute } from './route-book.ts'
import { headersOnward } from './route-wishes.ts'
import type { UpgradeRequest } from './upstream.ts'

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
  upgraded: Set<Socket>,
  forwarding: Forwarding,
): Promise<void> {
  const life = followClient(client, upgraded)
  const direction = direct(request, forwarding)
  let plain: ClientAnswer | null = null
  const inPlain = (): ClientAnswer => {
    plain ??= plainAnswer(request, client) // one for a socket, whatever becomes of it
    return plain
  }
  const fail = (error: unknown): void => {
    if (!client.destroyed) refuse(request, inPlain(), refusalOf(error), forwarding, error)
  }
  try {
    if (typeof direction === 'string') return refuse(request, inPlain(), direction, forwarding)
    const { live, path, raw, origin, isFrontsOwn, attested, sender } = direction
    const { toHub } = live
    if (!toHub) {
      const { cut } = life
      const credentials = credentialsNow(request.rawHeaders, request.url)
      life.forget = forwarding.streams.add({ path: live.path, credentials, cut })
    }
    const headers = headersOnward(
      live,
      upstreamHeaders({ raw, origin, toHub, isFrontsOwn, attested, framing: 'websocket' }, forwarding.policy),
    )
    live.lastActivity = forwarding.now()
    const passable = (lines: RawHeaders) => downstreamHeaders(lines, sender, forwarding.policy)
    const onInterim: UpgradeRequest['onInterim'] = ({ status, statusText, headers: lines }) =>
      void client.write(interimHead(status, statusText, passable(lines)), 'latin1')
    const answer = await inTime(life.cancellation, (cancellation) =>
      live.upstream.upgrade({ path, headers, cancellation, onInterim }),
    )
    if (answer.kind === 'refused') {
      return relayResponse(inPlain(), answer.response, direction, forwarding, fail)
    }
    life.cancellation.listener = null
    const switched = ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...passable(answer.headers)]
    client.write(interimHead(101, 'Switching Protocols', switched), 'latin1')
    relay({ socket: client, first }, { socket: answer.socket, first: answer.first }, toucher(live, forwarding.now))
  } catch (error) {
    fail(error)
  }
}

/** How long an upstream may think about an upgrade (ms): a kernel may have to start first. */
const upgradeMs = 300_000
/** How long a client may take to close after a refused upgrade (ms). */
const lingerMs = 10_000

/** What stays for as long as the client does: a WebSocket lives for days, and nothing of its request is kept alive by this. */
interface ClientLife {
  readonly cancellation: Cancellation
  readonly cut: () => void
  /** To be called when it is over. */
  forget: (() => void) | null
}

function followClient(client: Socket, upgraded: Set<Socket>): ClientLife {
  const life: ClientLife = { cancellation: new Cancellation(), cut: () => void client.destroy(), forget: null }
  upgraded.add(client)
  client.on('error', life.cut)
  client.once('close', () => {
    upgraded.delete(client)
    life.cancellation.cancel()
    life.forget?.()
  })
  return life
}

async function inTime<T>(cancellation: Cancellation, work: (cancellation: Cancellation) => Promise<T>): Promise<T> {
  const timed = new Cancellation()
  cancellation.listener = () => timed.cancel()
  const timer = setTimeout(() => timed.cancel(), upgradeMs)
  try {
    return await work(timed)
  } finally {
    clearTimeout(timer)
  }
}

const toucher = (live: LiveRoute, now: () => number) => (): void => {
  live.lastActivity = now()
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
