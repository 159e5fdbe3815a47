/** Opens one of the hub's listeners. */
import { once } from 'node:events'
import { existsSync, unlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { listenProblem } from '@batchway/proxy/hub-side'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { eventLoop } from '../core/turns.ts'

export interface OpenListener extends AsyncDisposable {
  /** `HOST:PORT` with the real port, or `unix:/path`. */
  readonly address: string
}

/** Longer than what single-user servers and the proxy keep idle connections for: a POST must not meet a closing socket. */
const keepAliveMs = 75_000
/** How long running requests may take to finish on stop. Event streams never do. */
const drainMs = 2_000

/** Does a process listen at this unix socket? A left-over file of one that was killed does not. */
export async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false // a left-over file of a hub that was killed
  } finally {
    socket.destroy()
  }
}

/** Everything behind it reads addresses as URLs, and `.0` or `256.1.1.1` stand in none. */
const isInUrl = (host = 'none'): boolean => URL.canParse(`http://${host}/`)

/** @throws {Error} with words, if the address is taken. */
export async function openListener(address: string, app: Pick<Hono, 'fetch'>): Promise<OpenListener> {
  // It puts its own `Request` and `Response` in the place of the global ones: an answer of which the whole body is known then needs no
  // stream, which is a third of the work for a short one.
  const answer = getRequestListener((request, bindings) => app.fetch(request, bindings))
  const server: Server = createServer(
    { keepAliveTimeout: keepAliveMs, headersTimeout: 30_000, requestTimeout: 120_000, maxHeaderSize: 32_768 },
    (incoming, outgoing) => {
      // A whole URL as target is for forward proxies; ours, agents and applications send paths.
      if (incoming.url?.startsWith('/') !== true || !isInUrl(incoming.headers.host)) {
        outgoing.writeHead(400, { Connection: 'close', 'Content-Length': 0 }).end()
        return
      }
      // A hundred agents may ask in one moment; who has left meanwhile needs no answer.
      eventLoop.run(() => void (outgoing.destroyed || answer(incoming, outgoing)))
    },
  )
  server.on('checkContinue', (incoming, outgoing) => {
    // For a request whose turn to be answered has not come, Node would put it between the head and the body of the later answer.
    if (outgoing.socket !== null) outgoing.writeContinue()
    server.emit('request', incoming, outgoing)
  })
  const [, path] = /^unix:(.+)$/.exec(address) ?? []
  if (path !== undefined && existsSync(path)) {
    if (await isAnswered(path)) throw new Error(`another hub answers at ${path}`)
    unlinkSync(path)
  }
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(address) ?? []
  const before = process.umask(0o077) // the socket must not be anybody else's, not even for a moment
  try {
    if (path !== undefined) server.listen(path)
    else server.listen(Number(port), host.replace(/^\[|\]$/g, ''))
    await once(server, 'listening')
  } catch (error) {
    throw listenProblem(address, error)
  } finally {
    process.umask(before)
  }
  const bound = server.address()
  return {
    address: path !== undefined || bound === null || typeof bound === 'string' ? address : `${host}:${bound.port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      const hurry = setTimeout(() => server.closeAllConnections(), drainMs)
      await closed
      clearTimeout(hurry)
    },
  }
}
