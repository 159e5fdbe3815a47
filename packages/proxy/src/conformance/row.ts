/** One row of the conformance table, and the words in which rows are written. A character is a byte (Latin-1). */
export interface Row {
  /** What happens, as a clause. */
  readonly name: string
  /** Where it is written. `RFC 9112 6.1`; `ours` for what we decide beyond it. */
  readonly rule: string
  readonly client: string | readonly ClientStep[]
  /** What the application says to each request in turn, or by request target. Default: `ok`. */
  readonly application?: Answer | InTurn | ByTarget
  /** What the application gets, request by request; one ending in `…` need not have come as a whole. */
  readonly sees: readonly string[]
  /** What the client gets, message by message. */
  readonly gets: readonly (string | OwnAnswer)[]
  /**
   * The client's connection afterwards. `open`: the next request on it gets the next answer. `closed`: it ends, as the last answer says.
   * `cut`: it ends within an answer, or without one. `relay`: it has left HTTP. `either`: open or closed, as the last answer says.
   */
  readonly after: 'open' | 'closed' | 'either' | 'cut' | 'relay'
  /** The application's connection afterwards: used for the next request or not. Default: not asked. */
  readonly behind?: 'kept' | 'closed'
  /** Extra routes, path to target path below the application: it is there as well. */
  readonly routes?: readonly string[]
}

/** One of our own answers, with this status: it repeats nothing that anybody sent. */
export type OwnAnswer = number | '400 or 501' | '400 or nothing'

export type ClientStep =
  | string
  /** The client waits until it has got this. */
  | { readonly until: string }
  /** The client waits until the application has got this. */
  | { readonly untilSeen: string }
  /** The client says no more, but listens. */
  | 'half-close'

export type Answer = string | readonly AnswerStep[]
export type AnswerStep =
  | string
  /** What follows is said as soon as the head of the request is there; this is the first step. */
  | 'at head'
  /** The application says no more, but listens. */
  | 'half-close'
  | 'close'
  | 'reset'
  /** The application waits until the client has got this. */
  | { readonly until: string }
  /** The application waits until it has got this itself. */
  | { readonly untilSeen: string }
export interface InTurn {
  readonly inTurn: readonly Answer[]
}
export interface ByTarget {
  readonly byTarget: Readonly<Record<string, Answer>>
}

const block = (start: string, headers: readonly string[], body: string): string =>
  `${[start, ...headers].join('\r\n')}\r\n\r\n${body}`

/** A request as a client sends it, to the host `h`. */
export const request = (line: string, headers: readonly string[] = [], body = ''): string =>
  block(`${line} HTTP/1.1`, ['Host: h', ...headers], body)

export interface Told {
  readonly host?: string
  readonly forwardedHost?: string
  readonly port?: string
  readonly proto?: string
  readonly upgrade?: boolean
  /** Lines of ours behind all others. */
  readonly behind?: readonly string[]
  readonly connection?: string
}

/** A request as the application gets it: the client's lines, then ours. */
export const relayed = (line: string, headers: readonly string[] = [], body = '', told: Told = {}): string => {
  const { host = 'h', forwardedHost = host, port = '80', proto = 'http', upgrade = false } = told
  const { behind = [], connection = 'keep-alive' } = told
  const ours = [
    ...(upgrade ? ['Connection: Upgrade', 'Upgrade: websocket'] : []),
    ...['X-Forwarded-For: 127.0.0.1', `X-Forwarded-Proto: ${proto}`],
    ...[`X-Forwarded-Host: ${forwardedHost}`, `X-Forwarded-Port: ${port}`],
    ...behind,
    ...(upgrade ? [] : [`Connection: ${connection}`]),
  ]
  return block(`${line} HTTP/1.1`, [`Host: ${host}`, ...headers, ...ours], body)
}

/** An answer as the application gives it. */
export const answer = (status: string, headers: readonly string[] = [], body = ''): string =>
  block(`HTTP/1.1 ${status}`, headers, body)

/** An answer as the client gets it: with the rules for other origins that an application's page has by default. */
export const passed = (status: string, headers: readonly string[] = [], body = ''): string =>
  block(
    `HTTP/1.1 ${status}`,
    [...headers, 'Cross-Origin-Resource-Policy: same-origin', 'X-Frame-Options: SAMEORIGIN'],
    body,
  )

export const ok = answer('200 OK', ['Content-Length: 2'], 'ok')
export const passedOk = passed('200 OK', ['Content-Length: 2'], 'ok')
export const get = request('GET /')
export const relayedGet = relayed('GET /')

/** A row that most are like: one request, one answer, both connections stay. */
export const passes = (name: string, rule: string, client: string, sees: string, more: Partial<Row> = {}): Row => ({
  name,
  rule,
  client,
  sees: [sees],
  gets: [passedOk],
  after: 'open',
  ...more,
})

/** A row whose request goes nowhere, while the connection remains. */
export const declines = (
  name: string,
  rule: string,
  client: string,
  status: OwnAnswer = 400,
  more: Partial<Row> = {},
): Row => ({
  name,
  rule,
  client,
  sees: [],
  gets: [status],
  after: 'open',
  ...more,
})

/** A row whose request goes nowhere, with a whole request behind it that goes nowhere either: nobody knows where it begins. */
export const refuses = (
  name: string,
  rule: string,
  client: string,
  status: OwnAnswer = 400,
  more: Partial<Row> = {},
): Row => declines(name, rule, `${client}${request('GET /smuggled')}`, status, { after: 'closed', ...more })

/** A row whose answer is no HTTP: the client gets ours instead, and nothing of it. */
export const spoils = (name: string, rule: string, said: Answer, more: Partial<Row> = {}): Row =>
  passes(name, rule, get, relayedGet, { application: said, gets: [503], behind: 'closed', ...more })
