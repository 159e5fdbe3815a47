/**
 * The target of a request line, in the one form that everything behind works with. Pure.
 * @see RFC 9112 section 3.2, RFC 9110 sections 4.2.3 and 4.2.4
 */
import { BadMessage } from './header-lines.ts'

export interface RequestTarget {
  /** Raw bytes in origin-form; `*` for OPTIONS that is about the server as a whole. */
  readonly target: string
  /** Of a target that was absolute: has to be the one by which the request came. */
  readonly scheme: 'http' | 'https' | null
}

const absolute = /^(https?):\/\/([^/?#]*)(.*)$/i
const ports = { http: ':80', https: ':443' } as const

/**
 * @param written of visible characters. @param host of the `Host` header, null without one.
 * @throws {BadMessage} for what names no resource here, or another host than `Host` does: two readers would take one of them each.
 */
export function readTarget(written: string, method: string, host: string | null): RequestTarget {
  if (method === 'CONNECT') throw new BadMessage('a tunnel, which nobody gets here', 501)
  if (written.startsWith('/')) return { target: written, scheme: null }
  if (written === '*') {
    if (method !== 'OPTIONS') throw new BadMessage('an asterisk that is not of OPTIONS')
    return { target: '*', scheme: null }
  }
  const [, scheme = '', authority = '', rest = ''] = absolute.exec(written) ?? []
  const kind = scheme.toLowerCase() === 'https' ? 'https' : 'http'
  if (scheme === '') throw new BadMessage('a target without a slash, or of another scheme')
  // Of userinfo no part is in `Host`: with it the two differ.
  if (host === null || authority === '' || plainAuthority(authority, kind) !== plainAuthority(host, kind))
    throw new BadMessage('an absolute target of another host')
  if (rest === '') return { target: method === 'OPTIONS' ? '*' : '/', scheme: kind }
  return { target: rest.startsWith('/') ? rest : `/${rest}`, scheme: kind }
}

/** Names have no capitals, and a scheme's own port need not be written. */
function plainAuthority(text: string, scheme: 'http' | 'https'): string {
  const lower = text.toLowerCase()
  return lower.endsWith(ports[scheme]) ? lower.slice(0, -ports[scheme].length) : lower
}
