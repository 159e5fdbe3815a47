/**
 * A person's browser without its courtesy: sends exactly the headers that a test wants, shows every answer, and keeps cookies by path
 * as a real one does. What it may not do, a thief's program may: hence no check of origins here.
 */
import { type IncomingHttpHeaders, request } from 'node:http'
import type { Site } from './site.ts'
import { until } from './until.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Other cookies than those of the jar, as a `Cookie` header. */
  readonly cookies?: string
  /** For answers that do not end: enough is read when the body matches. */
  readonly enough?: RegExp
}

interface Cookie {
  readonly name: string
  readonly path: string
  readonly value: string
}

export interface Visitor {
  readonly name: string
  /** One request to a path of the site. Redirects are answers. */
  ask(path: string, options?: Ask): Promise<Answer>
  /** As a person who opens an address: goes along with redirects, at most ten. */
  open(path: string): Promise<Answer & { readonly path: string }>
  /** A request for the API with the cookie of the sign-in and the token against forgery that goes with it. */
  api(path: string, options?: Ask): Promise<Answer>
  /** Ask for a WebSocket. @returns 101 if it was granted; the connection is closed again. */
  upgrade(path: string, options?: Ask): Promise<Answer>
  /** Value of a cookie that would be sent to this path. */
  cookie(name: string, path: string): string | undefined
  /** Every cookie: name, path and value. */
  cookies(): readonly Cookie[]
}

const upgradeHeaders = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/**
 * Where a client of the site's HTTP connects.
 * @param always headers of each request, asked each time: what a front server adds.
 */
export function openVisitor(
  origin: string,
  base: string,
  name: string,
  always: () => Readonly<Record<string, string>> = () => ({}),
): Visitor {
  const jar = new Map<string, Cookie>()
  const sentTo = (path: string): Cookie[] =>
    [...jar.values()]
      .filter((cookie) => path === cookie.path || path.startsWith(cookie.path.replace(/\/*$/, '/')))
      .sort((a, b) => b.path.length - a.path.length)

  function take(headers: IncomingHttpHeaders): void {
    for (const line of headers['set-cookie'] ?? []) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const at = pair.indexOf('=')
      const path = attributes.find((part) => /^path=/i.test(part))?.slice(5) ?? '/'
      const cookie = { name: pair.slice(0, at), path, value: pair.slice(at + 1) }
      const isCleared = attributes.some((part) => /^max-age=0$/i.test(part) || /^expires=.* (19|200)\d\d? /i.test(part))
      if (isCleared || cookie.value === '' || cookie.value === '""') jar.delete(`${cookie.name} ${path}`)
      else jar.set(`${cookie.name} ${path}`, cookie)
    }
  }

  function ask(path: string, options: Ask = {}): Promise<Answer> {
    const cookies =
      options.cookies ??
      sentTo(path.split('?')[0] ?? '')
        .map(({ name: key, value }) => `${key}=${value}`)
        .join('; ')
    const headers = {
      ...always(),
      ...(cookies !== '' && { cookie: cookies }),
      ...(options.body !== undefined && { 'content-length': String(Buffer.byteLength(options.body)) }),
      ...options.headers,
    }
    return new Promise((resolve, reject) => {
      const { enough, method = 'GET', body } = options
      const sent = request(`${origin}${path}`, { method, headers, agent: false })
      sent.on('error', reject)
      sent.on('upgrade', (answer, socket) => {
        socket.on('error', () => undefined).destroy()
        resolve({ status: 101, headers: answer.headers, body: '' })
      })
      sent.on('response', (answer) => {
        take(answer.headers)
        let text = ''
        const finish = () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text })
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          text += chunk
          if (!enough?.test(text)) return
          finish()
          sent.destroy()
        })
        answer.on('end', finish)
        answer.on('error', reject)
      })
      sent.end(body)
    })
  }

  return {
    name,
    ask,
    async open(start) {
      let path = start
      for (let hop = 0; hop < 10; hop++) {
        const answer = await ask(path, { headers: { accept: 'text/html' } })
        const { location } = answer.headers
        if (answer.status < 300 || answer.status >= 400 || location === undefined) return { ...answer, path }
        const next = new URL(location, `${origin}${path}`)
        path = next.pathname + next.search
      }
      throw new Error(`ten redirects from ${start}; the last to ${path.split('?')[0]}`)
    },
    api(path, options = {}) {
      const xsrf = sentTo(`${base}hub/api`).find((cookie) => cookie.name === '_xsrf')?.value ?? ''
      const type = options.body === undefined ? {} : { 'content-type': 'application/json' }
      return ask(`${base}hub/api${path}`, { ...options, headers: { 'x-xsrftoken': xsrf, ...type, ...options.headers } })
    },
    upgrade: (path, options = {}) => ask(path, { ...options, headers: { ...upgradeHeaders, ...options.headers } }),
    cookie: (key, path) => sentTo(path).find((cookie) => cookie.name === key)?.value,
    cookies: () => [...jar.values()],
  }
}

/** Sign in by a fresh one-time link and its button. */
export async function visitorOf(site: Site, name: string): Promise<Visitor> {
  const visitor = openVisitor(new URL(site.url).origin, site.base, name)
  await useLink(visitor, site, await site.link(name))
  return visitor
}

/** Open a one-time link and press its button. @returns what the button brought. */
export async function useLink(visitor: Visitor, site: Pick<Site, 'base'>, link: string): Promise<Answer> {
  const { pathname, search, searchParams } = new URL(link)
  await visitor.ask(pathname + search)
  const form = {
    _xsrf: visitor.cookie('_xsrf', `${site.base}hub/login/link`) ?? '',
    key: searchParams.get('key') ?? '',
  }
  return await visitor.ask(pathname, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
}

/** Path of a server in the API; `''` is the main one. */
export const serverResource = (user: string, server: string): string =>
  server === '' ? `/users/${user}/server` : `/users/${user}/servers/${server}`

/** Start a profile by the API and wait until it is ready; a request that finds the last one still ending is repeated. */
export async function startServer(
  visitor: Visitor,
  profile: string,
  { server = '', limitMs = 90_000 }: { readonly server?: string; readonly limitMs?: number } = {},
): Promise<void> {
  const path = serverResource(visitor.name, server)
  await until(
    `${visitor.name}'s ${profile} is requested`,
    async () =>
      (await visitor.api(path, { method: 'POST', body: JSON.stringify({ user_options: { profile } }) })).status === 202,
  )
  await until(
    `${visitor.name}'s ${profile} is ready`,
    async () => {
      const { body } = await visitor.api(path)
      return JSON.parse(body).ready === true
    },
    limitMs,
  )
}

/** Stop a server and wait until it has ended. */
export async function stopServer(visitor: Visitor, server = ''): Promise<void> {
  const path = serverResource(visitor.name, server)
  await until(
    `${visitor.name}'s server has ended`,
    async () => (await visitor.api(path, { method: 'DELETE' })).status === 204,
    60_000,
  )
}
