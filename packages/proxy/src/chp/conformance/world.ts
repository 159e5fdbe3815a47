/** What a proxy is tried with: targets of several kinds, files, and a client that says exactly what it is told to. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import type { Address } from '../../address.ts'
import { type TestServer, temporaryFolder, testServer } from '../../testing.ts'

export const token = 'conformance-token'

export interface World extends AsyncDisposable {
  readonly folder: string
  /** Answers with what it was asked, as JSON; some paths have answers of their own. */
  readonly target: TestServer
  readonly targetUrl: string
  /** The same behind a unix socket: `http+unix://…`. */
  readonly socketUrl: string
  /** Makes error pages. */
  readonly pages: TestServer
  /** Nobody listens there. */
  readonly deadUrl: string
  /** Null: certificates were not made. */
  readonly tls: WorldTls | null
}

export interface WorldTls {
  readonly ca: string
  readonly cert: string
  readonly key: string
  /** The same key, encrypted with `secret`. */
  readonly lockedKey: string
  /** `https` target with that certificate; it asks for one, and tells whether it was good. */
  readonly targetUrl: string
}

/** A target's answer to a path that is none of the special ones: what it has got. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? '/', 'http://target')
  const to = /\/location\/(\d+)\/(.+)$/.exec(pathname)
  if (to !== null) {
    response.writeHead(Number(to[1]), { Location: decodeURIComponent(to[2] ?? '') })
    response.end()
  } else if (pathname.endsWith('/silent')) {
    // Never answers.
  } else if (pathname.endsWith('/fails')) {
    response.writeHead(500)
    response.end('broken')
  } else if (pathname.endsWith('/cookie')) {
    response.writeHead(200, { 'Set-Cookie': ['own=1; Path=/', 'jupyterhub-hub-login=x; Path=/hub/'] })
    response.end()
  } else {
    request.resume()
    request.once('end', () => {
      const { method, url, rawHeaders } = request
      const headers: Record<string, string> = {}
      for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
        const name = rawHeaders[i]?.toLowerCase() ?? ''
        headers[name] = name in headers ? `${headers[name]} + ${rawHeaders[i + 1]}` : (rawHeaders[i + 1] ?? '')
      }
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ method, url, headers }))
    })
  }
}

const errorPage: RequestListener = (request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Set-Cookie': 'a=1' })
  response.end(`page for ${request.url}`)
}

/** A WebSocket as far as a proxy can tell: what is written comes back. */
function acceptUpgrade(request: IncomingMessage, socket: import('node:stream').Duplex): void {
  if (request.url?.endsWith('/no-websocket')) {
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    return
  }
  const told = ['x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-for', 'x-forwarded-port']
    .map((name) => `${name}=${request.headers[name] ?? ''}`)
    .join(' ')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Told: ${told}\r\n\r\n`,
  )
  socket.on('error', () => {})
  socket.pipe(socket)
}

export async function openWorld({ withTls }: { readonly withTls: boolean }): Promise<World> {
  await using undo = new AsyncDisposableStack()
  const { path: folder } = undo.use(await temporaryFolder())
  const target = undo.use(await testServer(echo))
  target.server.on('upgrade', acceptUpgrade)
  const pages = undo.use(await testServer(errorPage))
  const socket = join(folder, 'target.sock')
  const behind = http.createServer(echo)
  undo.defer(() => closed(behind))
  await new Promise<void>((resolve) => behind.listen(socket, resolve))
  for (const name of ['404.html', 'error.html']) writeFileSync(join(folder, name), `<p>${name} of the site</p>`)
  const tls = withTls ? await openTls(folder, undo) : null
  const kept = undo.move()
  return {
    folder,
    target,
    targetUrl: `http://127.0.0.1:${target.port}`,
    socketUrl: `http+unix://${encodeURIComponent(socket)}`,
    pages,
    deadUrl: 'http://127.0.0.1:9',
    tls,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function openTls(folder: string, undo: AsyncDisposableStack): Promise<WorldTls> {
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore', cwd: folder })
  writeFileSync(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  const days = ['-days', '2']
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca',
    '-subj',
    '/CN=ca',
    ...days,
  )
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'request', '-subj', '/CN=localhost')
  openssl(
    'x509',
    '-req',
    '-in',
    'request',
    '-CA',
    'ca',
    '-CAkey',
    'ca.key',
    '-out',
    'cert',
    '-extfile',
    'names',
    ...days,
  )
  openssl('rsa', '-in', 'key', '-aes256', '-passout', 'pass:secret', '-out', 'locked')
  const [ca, cert, key] = [at('ca'), at('cert'), at('key')]
  const server = https.createServer(
    {
      key: readFileSync(key),
      cert: readFileSync(cert),
      ca: readFileSync(ca),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const isKnown = 'authorized' in request.socket && request.socket.authorized === true
      response.end(isKnown ? 'known' : 'unknown')
    },
  )
  undo.defer(() => closed(server))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { ca, cert, key, lockedKey: at('locked'), targetUrl: `https://localhost:${port}` }
}

const closed = (server: http.Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

/** Where the proxy under test listens. */
export interface Places {
  readonly front: Address
  readonly api: Address
  readonly metrics: Address | null
  readonly redirect: Address | null
}

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Speak TLS, and how. */
  readonly tls?: ConnectionOptions
}

export interface Answer {
  /** `none`: the connection ended without one; `silence`: it did not, and nothing came. */
  readonly status: number | 'none' | 'silence'
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export class Site {
  readonly world: World
  readonly places: Places
  /** How long an answer may take (ms) where none is expected. */
  static readonly silenceMs = 2_000

  readonly #apiTls: ConnectionOptions | undefined

  /** @param apiTls how control calls are made where that side speaks TLS. */
  constructor(world: World, places: Places, apiTls?: ConnectionOptions) {
    this.world = world
    this.places = places
    this.#apiTls = apiTls
  }

  ask(place: Address | null, path: string, question: Question = {}): Promise<Answer> {
    if (place === null) throw new Error('the proxy does not listen there')
    const { method = 'GET', headers = {}, body, tls } = question
    const where = place.kind === 'unix' ? { socketPath: place.path } : { host: '127.0.0.1', port: place.port }
    const client = tls === undefined ? http : https
    return new Promise((resolve) => {
      const nothing = (status: 'none' | 'silence') => resolve({ status, headers: {}, body: '' })
      const request = client.request({ ...where, ...tls, agent: false, method, path, headers }, (response) => {
        clearTimeout(timer)
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', () => nothing('none'))
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      })
      const timer = setTimeout(
        () => {
          nothing('silence')
          request.destroy()
        },
        this.#mayBeSilent ? Site.silenceMs : 30_000,
      )
      request.on('error', () => {
        clearTimeout(timer)
        nothing('none')
      })
      request.end(body)
    })
  }

  #mayBeSilent = false
  /** For what the other never answers: then both are given less time. */
  expectSilence(): this {
    this.#mayBeSilent = true
    return this
  }

  /** Through the public side. */
  front(path: string, question?: Question): Promise<Answer> {
    return this.ask(this.places.front, path, question)
  }

  /** A control call, as `STATUS BODY`. */
  async call(method: string, path: string, body?: unknown, authorization: string | null = `token ${token}`) {
    const answer = await this.ask(this.places.api, path, {
      method,
      ...(this.#apiTls && { tls: this.#apiTls }),
      headers: {
        ...(authorization !== null && { Authorization: authorization }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return `${answer.status} ${answer.body}`.trim()
  }

  async route(path: string, target: string, extra: object = {}): Promise<void> {
    const answer = await this.call('POST', `/api/routes${path}`, { target, ...extra })
    if (answer !== '201') throw new Error(`route ${path}: ${answer}`)
  }

  /** What the target was asked: method and path, and the headers of these names. */
  async seen(path: string, names: readonly string[] = [], question: Question = {}): Promise<unknown> {
    const { status, body } = await this.front(path, question)
    if (status !== 200) return status
    const { url, headers }: { readonly url: string; readonly headers: Record<string, string> } = JSON.parse(body)
    return names.length === 0 ? url : Object.fromEntries(names.map((name) => [name, headers[name] ?? null]))
  }

  /** The first line of the answer to a request for a WebSocket; after a 101, whether it echoes. */
  webSocket(path: string, headers: Readonly<Record<string, string>> = {}): Promise<{ line: string; told: string }> {
    const { front } = this.places
    if (front.kind !== 'tcp') throw new Error('WebSockets are tried over TCP')
    const { port } = front
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1')
      const more = Object.entries({ Host: 'hub.example.org', ...headers }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      )
      socket.write(
        `GET ${path} HTTP/1.1\r\n${more.join('')}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      )
      let text = ''
      let asked = false
      const finish = (): void => {
        clearTimeout(timer)
        socket.destroy()
        const line = text.split('\r\n', 1)[0] ?? ''
        resolve({ line: line.split(' ').slice(1, 2).join(''), told: /^x-told: (.*)$/im.exec(text)?.[1] ?? '' })
      }
      const timer = setTimeout(() => {
        socket.destroy()
        reject(new Error(`no end of the answer: ${text}`))
      }, 30_000)
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
        if (!/ 101 /.test(text.split('\r\n', 1)[0] ?? '')) {
          if (text.includes('\r\n\r\n')) finish()
        } else if (!asked && text.includes('\r\n\r\n')) {
          asked = true
          socket.write('ping-of-test')
        } else if (text.includes('ping-of-test')) finish()
      })
      socket.on('error', () => {})
      socket.on('close', finish)
    })
  }
}
