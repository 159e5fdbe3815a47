import { foldName, type RawHeaders } from './headers.ts'

/** The headers in which the front server says who the user is, spelled as the site configured them. */
export interface IdentityHeaders {
  readonly user: string
  /** Further facts about the user; null: the site uses none. With a name it must come with every user. */
  readonly data: string | null
}

/** Who the front server says the user is. Text of the site's sign-in: printable, of bounded length, and nothing more. */
export interface Identity {
  readonly user: string
  readonly data: string | null
}

/** Why the identity headers of a request cannot be believed although the front server sent it. */
export type IdentityProblem =
  | 'repeated'
  | 'other spelling'
  | 'not UTF-8'
  | 'not printable'
  | 'too long'
  | 'data missing'

/** Bytes. */
const longestUser = 255
/** Percent-encoded it may grow threefold, and the hub takes heads of 32 KiB. */
const longestData = 4_096

/** What front servers write when nobody is signed in: Apache's `%{REMOTE_USER}s` gives `(null)`. Compared in lower case. */
const nobody = new Set(['', '-', '(null)', 'null', 'undefined'])

/**
 * Read who the user is.
 *
 * Only the configured spelling counts (letters may be of any case, as everywhere in HTTP). A name that differs in `-` and `_` was
 * not written by the front server but by its client, and it may well stand alone: `Connection: Remote_User` makes Apache drop the
 * header that it had set itself, while a `Remote-User` of the client passes.
 * @returns null when the front server says that nobody is signed in.
 */
export function readIdentity(raw: RawHeaders, names: IdentityHeaders): Identity | null | IdentityProblem {
  const user = readHeader(raw, names.user, { longest: longestUser, forbidden: /[\p{C}\p{Zl}\p{Zp}]/u })
  if (typeof user === 'string') return user
  // Joiners (Cf) belong to some scripts' names of people; control characters belong to none.
  const data =
    names.data === null
      ? null
      : readHeader(raw, names.data, { longest: longestData, forbidden: /[\p{Cc}\p{Zl}\p{Zp}]/u })
  if (typeof data === 'string') return data
  if (user === null || user.text === null) return null
  // Else a client could drop, by the trick above, what the site says about it.
  if (names.data !== null && data === null) return 'data missing'
  return { user: user.text, data: data?.text ?? null }
}

interface TextRules {
  /** In bytes. */
  readonly longest: number
  readonly forbidden: RegExp
}

/** @returns null without such a header; `text: null` for one that names nobody. */
function readHeader(
  raw: RawHeaders,
  name: string,
  rules: TextRules,
): { readonly text: string | null } | null | IdentityProblem {
  const lower = name.toLowerCase()
  const folded = foldName(name)
  let value: string | null = null
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const each = (raw[i] ?? '').toLowerCase()
    if (foldName(each) !== folded) continue
    if (each !== lower) return 'other spelling'
    if (value !== null) return 'repeated'
    value = raw[i + 1] ?? ''
  }
  if (value === null) return null
  // Node gives the bytes of the wire as Latin-1.
  const bytes = Buffer.from(value, 'latin1')
  if (bytes.length > rules.longest) return 'too long'
  const text = decode(bytes)
  if (text === null) return 'not UTF-8'
  if (rules.forbidden.test(text)) return 'not printable'
  const trimmed = text.trim()
  return { text: nobody.has(trimmed.toLowerCase()) ? null : trimmed }
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Names that HTTP or this proxy needs for itself: a user in one of them could not be told from its usual meaning. */
const reserved =
  /^(host|cookie|authorization|proxy-.*|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|date|origin|referer|user-agent|accept.*|sec-.*|if-.*|range|via|forwarded|x-forwarded-(for|proto|host|port)|x-real-ip|x-batchway-.*)$/

/** @throws {RangeError} with words for the admin. */
export function checkIdentityHeaders({ user, data }: IdentityHeaders): void {
  for (const name of [user, ...(data === null ? [] : [data])])
    if (!/^[a-z0-9][a-z0-9_-]{0,63}$/i.test(name) || reserved.test(foldName(name)))
      throw new RangeError(`${JSON.stringify(name)} cannot be the header that names a user`)
  if (data !== null && foldName(user) === foldName(data))
    throw new RangeError('the user and the data about the user need headers of different names')
}
