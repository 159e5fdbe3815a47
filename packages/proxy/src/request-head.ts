/**
 * The head of a request, read strictly: what could mean two requests means none, since a front server before us, or an application behind
 * us, may take it for the other. Pure. @see RFC 9112 sections 2, 3, 5 and 6
 */
import { METHODS } from 'node:http'
import { BadMessage, type BodyFraming, readLines, saidFraming } from './header-lines.ts'
import type { RawHeaders } from './headers.ts'
import { readTarget } from './request-target.ts'

export interface RequestHead {
  readonly method: string
  /** Raw bytes of the request target in origin-form, as latin1; or `*`. */
  readonly target: string
  /** Of a target that was absolute; null for all others. */
  readonly scheme: 'http' | 'https' | null
  readonly isHttp10: boolean
  /** Names and values in turn, as they came. */
  readonly headers: RawHeaders
  readonly framing: BodyFraming
  /** The sender would send another request on this connection. */
  readonly isKept: boolean
  readonly expectsContinue: boolean
  /** The protocol that `Upgrade` names, if `Connection` says that it counts; in lower case. */
  readonly upgrade: string | null
}

/** Headers of a request: each is looked at a dozen times, and programs behind take a hundred to two thousand. */
export const mostRequestHeaders = 1_000

/** Methods that are registered. Some servers take others for noise, some for the one that they look like. */
const methods: ReadonlySet<string> = new Set(METHODS)
const requestLine = /^([A-Z][A-Z-]{0,31}) ([!-~]+) HTTP\/1\.([01])$/

/**
 * @param text the head as latin1, without the empty line at its end.
 * @throws {BadMessage} for anything that could be read in two ways.
 */
export function parseRequestHead(text: string): RequestHead {
  const lines = text.split('\r\n')
  const [, method = '', written = '', minor = ''] = requestLine.exec(lines[0] ?? '') ?? []
  if (!methods.has(method)) throw new BadMessage('no request line')
  const said = readLines(lines, mostRequestHeaders)
  const framing = saidFraming(said, minor) ?? { kind: 'none' }
  const { options, expect } = said
  const isHttp10 = minor === '0'
  if (said.host === null && !isHttp10) throw new BadMessage('no Host')
  const { target, scheme } = readTarget(written, method, said.host)
  if (expect !== null && !isHttp10 && expect.toLowerCase() !== '100-continue')
    throw new BadMessage('an expectation that nobody knows', 417)
  return {
    method,
    target,
    scheme,
    isHttp10,
    headers: said.headers,
    framing,
    isKept: isHttp10 ? options.includes('keep-alive') && !options.includes('close') : !options.includes('close'),
    expectsContinue: expect !== null && !isHttp10,
    // RFC 9110 7.8: HTTP/1.0 knows of none.
    upgrade: said.upgrade !== null && !isHttp10 && options.includes('upgrade') ? said.upgrade.toLowerCase() : null,
  }
}
