/** Credentials that applications may still believe, since they remember the hub's answer for minutes, and that must not pass any more. */
import { randomBytes } from 'node:crypto'
import type { RawHeaders } from './headers.ts'
import { RouteError } from './route.ts'
import { allCredentials, cookieCredentials, isForm, openCredentials } from './shown-credentials.ts'

export interface Revoked {
  /** SHA-256 of the token, in hexadecimal. */
  readonly credential: string
  /** The route it was made for; null = it may have been used on any. */
  readonly path: string | null
}

/** Each takes about 200 bytes; ten thousand sign-ins that end at once have two tokens each. */
const mostKept = 200_000
const longestSeconds = 86_400

const sessionCookie = 'jupyterhub-session-id'

export class Revocations {
  readonly #now: () => number
  /** Credential → until when (Unix ms). In the order of their coming. */
  readonly #credentials = new Map<string, number>()
  /** Route → until when. */
  readonly #paths = new Map<string, number>()
  #everywhereUntil = 0

  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#credentials.size
  }

  /** @param until Unix ms. Repeating does no harm. */
  add(revoked: readonly Revoked[], until: number): void {
    this.#forget()
    for (const { credential, path } of revoked) {
      this.#credentials.delete(credential)
      this.#credentials.set(credential, until)
      if (path === null) this.#everywhereUntil = Math.max(this.#everywhereUntil, until)
      else this.#paths.set(path, Math.max(this.#paths.get(path) ?? 0, until))
    }
    while (this.#credentials.size > mostKept) {
      const [oldest] = this.#credentials.keys()
      if (oldest !== undefined) this.#credentials.delete(oldest)
    }
  }

  has(credentials: readonly string[]): boolean {
    return credentials.some((credential) => (this.#credentials.get(credential) ?? 0) > this.#now())
  }

  /**
   * The headers of a request to an application, without cookies that hold revoked credentials: whose cookie is gone is sent to the
   * sign-in. Costs nothing while nothing is revoked.
   * @returns `revoked` for a credential where none can be taken out.
   */
  withoutRevoked(raw: RawHeaders, url: string, path: string): RawHeaders | 'revoked' {
    if (this.#credentials.size === 0) return raw
    this.#forget()
    if (this.has(openCredentials(raw, url))) return 'revoked'
    // A form may hold the token where we do not look. Under a session id that was never there before, the application has no
    // remembered answer, and asks the hub.
    const hidesToken =
      isForm(raw) && (this.#everywhereUntil > this.#now() || (this.#paths.get(path) ?? 0) > this.#now())
    const out: string[] = []
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const [name = '', value = ''] = [raw[i], raw[i + 1]]
      const kept = name.toLowerCase() === 'cookie' ? this.#passableCookies(value, hidesToken) : value
      if (kept !== '') out.push(name, kept)
      else if (value === '') out.push(name, value)
    }
    if (hidesToken) out.push('Cookie', `${sessionCookie}=${randomBytes(16).toString('hex')}`)
    return out
  }

  #passableCookies(line: string, hidesToken: boolean): string {
    const pieces = line.split(';')
    const kept = pieces.filter((piece) => {
      const equals = piece.indexOf('=')
      if (hidesToken && piece.slice(0, equals).trim() === sessionCookie) return false
      return !this.has(cookieCredentials(piece.slice(equals + 1)))
    })
    return kept.length === pieces.length ? line : kept.join(';').replace(/^[ \t]+/, '')
  }

  /** Those that came first end first, but for rare ones that were given longer. */
  #forget(): void {
    const now = this.#now()
    for (const [credential, until] of this.#credentials) {
      if (until > now) break
      this.#credentials.delete(credential)
    }
    for (const [path, until] of this.#paths) {
      if (until > now) break
      this.#paths.delete(path)
    }
  }
}

/** @throws {RouteError} with words for the caller of the control API. */
export function parseRevoked(input: unknown): {
  readonly revoked: readonly Revoked[]
  readonly seconds: number
  readonly cut: boolean
} {
  const { revoked, seconds, cut = true } = fieldsOf(input)
  if (typeof cut !== 'boolean') throw new RouteError('cut must be true or false')
  if (typeof seconds !== 'number' || !(seconds > 0) || seconds > longestSeconds)
    throw new RouteError(`seconds must be a number up to ${longestSeconds}`)
  if (!Array.isArray(revoked)) throw new RouteError('revoked must be a list')
  return {
    seconds,
    cut,
    revoked: revoked.map((each: unknown): Revoked => {
      const { credential, path = null } = fieldsOf(each)
      if (typeof credential !== 'string' || !/^[0-9a-f]{64}$/.test(credential))
        throw new RouteError('credential must be a SHA-256 in hexadecimal')
      if (path !== null && typeof path !== 'string') throw new RouteError('path must be a route path or null')
      return { credential, path }
    }),
  }
}

const fieldsOf = (input: unknown): Record<string, unknown> =>
  typeof input === 'object' && input !== null ? { ...input } : {}

/** One exchange with an application that is under way. */
export interface Stream {
  /** Of its route. */
  readonly path: string
  /** What its request showed; asked once, when it matters. */
  readonly credentials: () => readonly string[]
  readonly cut: () => void
}

/** Every exchange with an application from its first byte to its last: WebSockets, event streams, downloads, uploads. */
export class Streams {
  readonly #open = new Set<Stream>()

  get size(): number {
    return this.#open.size
  }

  /** @returns to be called when it is over. */
  add(stream: Stream): () => void {
    this.#open.add(stream)
    return () => this.#open.delete(stream)
  }

  /** Cut those of a route, and with `below` those of every route below its path. @returns how many. */
  cutRoute(path: string, below: boolean): number {
    const folder = path === '/' ? '/' : `${path}/`
    return this.#cut((stream) => stream.path === path || (below && stream.path.startsWith(folder)))
  }

  /** Cut those whose request showed one of the revoked credentials, and those of the routes for which one was made. */
  cutRevoked(revoked: readonly Revoked[]): number {
    const credentials = new Set(revoked.map(({ credential }) => credential))
    const paths = new Set(revoked.map(({ path }) => path))
    return this.#cut(
      (stream) => paths.has(stream.path) || stream.credentials().some((credential) => credentials.has(credential)),
    )
  }

  #cut(isMeant: (stream: Stream) => boolean): number {
    const meant = [...this.#open].filter(isMeant)
    for (const stream of meant) {
      this.#open.delete(stream)
      stream.cut()
    }
    return meant.length
  }
}

/** Read from the headers when asked; a WebSocket lives for days, and keeps digests instead of headers. */
export const credentialsLater =
  (raw: RawHeaders, url: string): (() => readonly string[]) =>
  () =>
    allCredentials(raw, url)
export function credentialsNow(raw: RawHeaders, url: string): () => readonly string[] {
  const credentials = allCredentials(raw, url)
  return () => credentials
}
