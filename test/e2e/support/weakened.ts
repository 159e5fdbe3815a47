/** The same site with one defence off: a door beside its own that takes away, or adds, what that defence consists of. */
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect, createServer as createSocketServer } from 'node:net'
import { join } from 'node:path'
import type { Site } from './site.ts'

export interface Weakening {
  /** Change what the site is sent. */
  readonly request?: (headers: IncomingHttpHeaders) => void
  /** Change what the browser gets. */
  readonly response?: (headers: OutgoingHttpHeaders) => void
}

export interface Weakened extends AsyncDisposable {
  /** URL of the site's base path at this door: another port of the same host, so that cookies are the same. */
  readonly url: string
}

export async function openWeakened(site: Pick<Site, 'url' | 'base'>, change: Weakening): Promise<Weakened> {
  const { hostname, port } = new URL(site.url)
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers }
    change.request?.(headers)
    const onward = request({ host: hostname, port, path: incoming.url, method: incoming.method, headers, agent: false })
    onward.on('error', () => outgoing.destroy())
    onward.on('response', (answer) => {
      const told: OutgoingHttpHeaders = { ...answer.headers }
      change.response?.(told)
      outgoing.writeHead(answer.statusCode ?? 502, told)
      answer.pipe(outgoing)
    })
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the door has no port')
  return {
    url: `http://${hostname}:${address.port}${site.base}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A socket that leads to another one, and that every account may connect to. */
export async function openToAll(socket: string): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = mkdtempSync('/var/tmp/batchway-open-')
  chmodSync(folder, 0o755)
  const path = join(folder, 'open.sock')
  const server = createSocketServer((incoming) => {
    const onward = connect(socket)
    incoming.on('error', () => onward.destroy()).on('close', () => onward.destroy())
    onward.on('error', () => incoming.destroy())
    incoming.pipe(onward).pipe(incoming)
  }).listen(path)
  await once(server, 'listening')
  chmodSync(path, 0o666)
  return {
    path,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
