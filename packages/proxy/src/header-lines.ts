/** The lines of a head, of requests and responses alike, read strictly. Pure. @see RFC 9110 section 5, RFC 9112 section 5 */
import type { RawHeaders } from './headers.ts'

/** It is not HTTP as it is written down. The words are for the log. */
export class BadMessage extends Error {
  override readonly name = 'BadMessage'
  /** What a client is answered that sent it. */
  readonly status: 400 | 417 | 431 | 501
  constructor(words: string, status: BadMessage['status'] = 400) {
    super(words)
    this.status = status
  }
}

/** How the end of a body is known. */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** It ends when the connection does. */
  | { readonly kind: 'close' }

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 9110 5.5: visible characters, spaces, tabs, and bytes beyond ASCII. */
export const unseen = /[^\t\x20-\x7e\x80-\xff]/

/** Spaces and tabs alone: `trim` would take bytes that belong to the value. */
export function withoutBlanks(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && (text[from] === ' ' || text[from] === '\t')) from++
  while (to > from && (text[to - 1] === ' ' || text[to - 1] === '\t')) to--
  return text.slice(from, to)
}

/** A piece of a string keeps all of that in memory, a whole head; for what is remembered, its own characters are enough. */
export const ownText = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

/** Names repeat with every message: each spelling is checked once, as long as there are not too many. */
const known = new Map<string, string>()
const mostKnown = 2_000
const longestKnown = 64

/** @returns the name in lower case; null for what is none. */
export function lowerName(name: string): string | null {
  const before = known.get(name)
  if (before !== undefined) return before
  if (!token.test(name)) return null
  const lower = name.toLowerCase()
  if (known.size < mostKnown && name.length <= longestKnown) known.set(ownText(name), ownText(lower))
  return lower
}

/** @returns name and value of one line, which may also stand among trailers. @throws {BadMessage} */
export function headerOf(line: string): readonly [name: string, value: string, lower: string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0))
  // A blank before the colon, or at the beginning of the line, is in no token: neither is a folded line a header.
  const lower = lowerName(name)
  if (lower === null) throw new BadMessage('a header without a name')
  const value = withoutBlanks(line.slice(colon + 1))
  if (unseen.test(value)) throw new BadMessage('a header with bytes that no header has')
  return [name, value, lower]
}

/** What the headers say of body and connection. */
export interface HeadLines {
  /** Names and values in turn, as they came. */
  readonly headers: RawHeaders
  readonly length: string | null
  readonly coding: string | null
  /** Of `Connection`, in lower case. */
  readonly options: readonly string[]
  readonly keepAlive: string
  /** The first; null without one. */
  readonly host: string | null
  readonly expect: string | null
  readonly upgrade: string | null
}

const noOptions: readonly string[] = []

/**
 * @param lines of a head; the first is not looked at.
 * @param most headers that there may be.
 * @throws {BadMessage} for anything that could be read in two ways.
 */
export function readLines(lines: readonly string[], most: number): HeadLines {
  if (lines.length - 1 > most) throw new BadMessage('too many headers', 431)
  const headers: string[] = []
  let length: string | null = null
  let coding: string | null = null
  let expect: string | null = null
  let upgrade: string | null = null
  let connection = ''
  let keepAlive = ''
  let host: string | null = null
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? ''
    const [name, value, lower] = headerOf(line)
    headers.push(name, value)
    switch (lower) {
      case 'connection':
        connection = connection === '' ? value : `${connection},${value}`
        break
      case 'host':
        host ??= value
        break
      case 'keep-alive':
        keepAlive = value
        break
      case 'expect':
        expect = expect === null ? value : `${expect},${value}`
        break
      case 'upgrade':
        upgrade = upgrade === null ? value : `${upgrade},${value}`
        break
      case 'content-length':
      case 'transfer-encoding':
        // Not all readers take a tab for a blank there.
        if (line.includes('\t')) throw new BadMessage('a tab where the end of the body is told')
        if ((lower === 'content-length' ? length : coding) !== null)
          throw new BadMessage(`${name} is there twice`, lower === 'content-length' ? 400 : 501)
        if (lower === 'content-length') length = value
        else coding = value
    }
  }
  const options = connection === '' ? noOptions : connection.toLowerCase().split(',').map(withoutBlanks)
  return { headers, length, coding, options, keepAlive, host, expect, upgrade }
}

/** @returns how a message says that its body ends; null if it says nothing. @throws {BadMessage} */
export function saidFraming({ length, coding }: HeadLines, minor: string): BodyFraming | null {
  if (coding !== null && length !== null) throw new BadMessage('Content-Length beside Transfer-Encoding')
  if (coding !== null && minor === '0') throw new BadMessage('Transfer-Encoding in HTTP/1.0')
  if (coding !== null && coding.toLowerCase() !== 'chunked')
    throw new BadMessage('a Transfer-Encoding other than chunked', 501)
  if (length !== null && !/^\d{1,15}$/.test(length)) throw new BadMessage('a Content-Length that is no number')
  if (coding !== null) return { kind: 'chunked' }
  return length === null ? null : { kind: 'length', bytes: Number(length) }
}
