/** What a route may ask for: the key `batchway` of what is posted, a name of its own beside configurable-http-proxy's free data. */
import { addressNames, foldName, isHopByHop, type RawHeaders } from './headers.ts'

export interface RouteOptions {
  /** The target gets paths without the route's own, for applications that can live at `/` alone. */
  readonly strip_prefix?: boolean
  /** From the end of a request to the head of its answer (s); then 504. */
  readonly answer_seconds?: number
  /** While nothing moves between request and end of the answer (s), WebSockets excepted; then the connection is closed. */
  readonly idle_seconds?: number
  /** In place of the client's headers of these names. */
  readonly set_headers?: Readonly<Record<string, string>>
  readonly remove_headers?: readonly string[]
}

/** The same, ready for use. */
export interface RouteWishes {
  readonly isPrefixStripped: boolean
  readonly answerMs: number | null
  readonly idleMs: number | null
  /** Folded names of headers of the client that do not pass. */
  readonly removed: ReadonlySet<string>
  readonly added: RawHeaders
}

type Check = (value: unknown) => string | null

const mostSeconds = 86_400
const mostHeaders = 32
const longestHeader = 4_096

const isSeconds: Check = (value) =>
  typeof value === 'number' && value > 0 && value <= mostSeconds
    ? null
    : `must be a number of seconds above 0, up to ${mostSeconds}`

const checks: Readonly<Record<keyof RouteOptions, Check>> = {
  strip_prefix: (value) => (typeof value === 'boolean' ? null : 'must be true or false'),
  answer_seconds: isSeconds,
  idle_seconds: isSeconds,
  set_headers: (value) =>
    isRecord(value) ? firstOf(Object.entries(value), badHeader) : 'must be an object of names and values',
  remove_headers: (value) => (Array.isArray(value) ? firstOf(value, badName) : 'must be a list of names of headers'),
}

/** @returns what is wrong with it, in words for who posted it; null: nothing. */
export function optionsProblem(input: unknown): string | null {
  if (!isRecord(input)) return `batchway must be an object: ${known}`
  for (const [name, value] of Object.entries(input)) {
    const check = Object.hasOwn(checks, name) ? Object.entries(checks).find(([key]) => key === name)?.[1] : undefined
    if (check === undefined) return `batchway.${name.slice(0, 60)} is not known: ${known}`
    const problem = check(value)
    if (problem !== null) return `batchway.${name} ${problem}`
  }
  return null
}

const known = `write ${Object.keys(checks).join(', ')}`

/** @param options without {@link optionsProblem}. */
export function wishesOf(options: RouteOptions | undefined): RouteWishes | null {
  if (options === undefined) return null
  const { strip_prefix, answer_seconds, idle_seconds, set_headers = {}, remove_headers = [] } = options
  return {
    isPrefixStripped: strip_prefix ?? false,
    answerMs: answer_seconds === undefined ? null : answer_seconds * 1_000,
    idleMs: idle_seconds === undefined ? null : idle_seconds * 1_000,
    removed: new Set([...Object.keys(set_headers), ...remove_headers].map(foldName)),
    added: Object.entries(set_headers).flat(),
  }
}

/** The headers of a request as a route wants them. */
export function wishedHeaders(headers: RawHeaders, { removed, added }: RouteWishes, prefix: string): string[] {
  const out: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]]
    const folded = foldName(name)
    if (!removed.has(folded) && (prefix === '' || folded !== 'x-forwarded-prefix')) out.push(name, value)
  }
  // What the target does not see of the address any more.
  if (prefix !== '') out.push('X-Forwarded-Prefix', prefix)
  out.push(...added)
  return out
}

/**
 * Where a target that knows of no prefix sends the browser: a path of its own, or an address of the host by which it was asked.
 * @param prefix of the route, without a slash at its end.
 */
export function locationBelow(location: string, prefix: string, host: string): string {
  const [, origin = '', path = ''] = /^(https?:\/\/[^/?#]*)?(\/.*|$)/s.exec(location) ?? []
  if (origin === '' ? !path.startsWith('/') || path.startsWith('//') : !isAt(origin, host)) return location
  const isBelow = path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}?`)
  return isBelow ? location : `${origin}${prefix}${path}`
}

const isAt = (origin: string, host: string): boolean =>
  origin.replace(/^https?:\/\//, '').toLowerCase() === host.toLowerCase()

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function firstOf<T>(all: readonly T[], problem: (each: T) => string | null): string | null {
  if (all.length > mostHeaders) return `has more than ${mostHeaders} headers`
  for (const each of all) {
    const found = problem(each)
    if (found !== null) return found
  }
  return null
}

/** What frames a request, routes it, or says where it came from is the proxy's to say. */
function badName(name: unknown): string | null {
  if (typeof name !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/.test(name))
    return `has ${JSON.stringify(name)?.slice(0, 60)}, which is no name of a header`
  const folded = foldName(name)
  const isOurs =
    isHopByHop(folded) ||
    addressNames.has(folded) ||
    ['host', 'content-length', 'expect'].includes(folded) ||
    ['x-forwarded-', 'x-batchway-', 'sec-websocket-'].some((prefix) => folded.startsWith(prefix))
  return isOurs ? `cannot have ${name}: that is for the proxy to say` : null
}

function badHeader([name, value]: readonly [string, unknown]): string | null {
  const problem = badName(name)
  if (problem !== null) return problem
  return typeof value === 'string' &&
    value.length <= longestHeader &&
    /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/.test(value)
    ? null
    : `has a value of ${name} that cannot be sent: write visible ASCII, up to ${longestHeader} characters`
}
