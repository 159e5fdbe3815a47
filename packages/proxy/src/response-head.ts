/**
 * The head of a response, read strictly: it comes from users' own programs, and two readings of one response would let one pass for another.
 * Pure. @see RFC 9112 sections 2, 4, 5 and 6
 */
import { BadMessage, type BodyFraming, readLines, saidFraming, unseen } from './header-lines.ts'
import type { RawHeaders } from './headers.ts'

export interface ResponseHead {
  readonly status: number
  readonly statusText: string
  /** Names and values in turn, as they came. */
  readonly headers: RawHeaders
  readonly framing: BodyFraming
  /** Another request may follow on this connection. */
  readonly isKept: boolean
  /** For how long an unused connection stays, as the sender says (ms); null if it says nothing. */
  readonly keptMs: number | null
}

export const mostResponseHeaders = 1_000
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/

/**
 * @param text the head as latin1, without the empty line at its end.
 * @param method of the request that it answers.
 * @throws {BadMessage} for anything that could be read in two ways.
 */
export function parseResponseHead(text: string, method: string): ResponseHead {
  const lines = text.split('\r\n')
  const [, minor = '1', code = '', statusText = ''] = statusLine.exec(lines[0] ?? '') ?? []
  if (code === '') throw new BadMessage('no status line')
  if (unseen.test(statusText)) throw new BadMessage('a reason that cannot be shown')
  const said = readLines(lines, mostResponseHeaders)
  const status = Number(code)
  if (status < 200 && minor === '0') throw new BadMessage('words before the answer, in HTTP/1.0')
  const told = saidFraming(said, minor)
  const isBare = method === 'HEAD' || status < 200 || status === 204 || status === 304
  const framing: BodyFraming = isBare ? { kind: 'none' } : (told ?? { kind: 'close' })
  const isClosing = said.options.includes('close')
  if (status < 200 && isClosing) throw new BadMessage('an end before the answer')
  const [, seconds] =
    said.keepAlive === '' ? [] : (/(?:^|[ ,;])timeout=(\d{1,6})(?:$|[ ,;])/i.exec(said.keepAlive) ?? [])
  return {
    status,
    statusText,
    headers: said.headers,
    framing,
    isKept: minor === '1' && framing.kind !== 'close' && !isClosing,
    keptMs: seconds === undefined ? null : Number(seconds) * 1_000,
  }
}
