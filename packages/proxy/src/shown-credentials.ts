/**
 * What a request shows to prove who makes it, as SHA-256 in hexadecimal: the hub tells which tokens it has revoked by the same digests,
 * and so nobody has to hand tokens around. Reads more than any application would: a credential that is hidden from us must be hidden
 * from the application too.
 */
import { createHash } from 'node:crypto'
import { trimBlanks } from './cookies.ts'
import { type RawHeaders, valuesOf } from './headers.ts'

/**
 * The token in a cookie. Single-user servers sign theirs with Tornado: `2|1:0|10:1700000000|23:jupyterhub-user-alice|44:BASE64|SIGNATURE`,
 * and its parser undoes quotes and backslashes first; the agent's gate begins its own with the digest. The signature keeps both from
 * being spelled in another way.
 * @see https://www.tornadoweb.org/en/stable/web.html#tornado.web.RequestHandler.set_signed_cookie
 */
export function cookieCredentials(value: string): string[] {
  const text = unquote(trimBlanks(value))
  const gate = /^([0-9a-f]{64})\./.exec(text)?.[1]
  if (gate !== undefined) return [gate]
  const fields = text.split('|').slice(1, 8)
  return fields.flatMap((field) => {
    const [, encoded] = /^\d+:([A-Za-z0-9+/=]+)$/.exec(field) ?? []
    return encoded === undefined ? [] : [digest(Buffer.from(encoded, 'base64').toString('latin1'))]
  })
}

/** What is shown elsewhere than in cookies: in `Authorization`, and in the address. */
export function openCredentials(raw: RawHeaders, url: string): string[] {
  const words = valuesOf(raw, 'authorization').flatMap((value) => value.split(/[\s,]+/))
  const query = url.slice(url.indexOf('?') + 1)
  const values = url.includes('?') ? query.split(/[&;]/).map((pair) => decode(pair.slice(pair.indexOf('=') + 1))) : []
  // Tornado turns control characters into blanks and cuts blanks off the ends.
  return [...words, ...values.map((value) => value.replace(/[^\x21-\x7e]/g, ''))]
    .filter((word) => word !== '')
    .map(digest)
}

/** All of a request's, to know later whose stream it was. */
export const allCredentials = (raw: RawHeaders, url: string): string[] => [
  ...openCredentials(raw, url),
  ...valuesOf(raw, 'cookie').flatMap((line) =>
    line.split(';').flatMap((piece) => cookieCredentials(piece.slice(piece.indexOf('=') + 1))),
  ),
]

/** Bodies in which Tornado looks for `token=` too. */
export const isForm = (raw: RawHeaders): boolean =>
  valuesOf(raw, 'content-type').some((type) =>
    /^\s*(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(type),
  )

const digest = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')

/** As Python's `http.cookies` does it. */
function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text
  return text
    .slice(1, -1)
    .replace(/\\(?:([0-3][0-7][0-7])|(.))/gs, (_, octal: string | undefined, other: string | undefined) =>
      octal === undefined ? (other ?? '') : String.fromCharCode(Number.parseInt(octal, 8)),
    )
}

/** Percent-decoding that leaves alone what is broken. Tokens are ASCII: a byte is a character. */
const decode = (text: string): string =>
  text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
