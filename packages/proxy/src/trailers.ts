/**
 * What may follow a body, on both ways. Never more than what may be announced in a head, and never as part of one.
 * @see RFC 9110 sections 6.5, 6.6.2 and 10.1.4; RFC 9112 section 7.1.2
 */
import { lowerName, withoutBlanks } from './header-lines.ts'
import {
  connectionNames,
  downstreamHeaders,
  foldName,
  type HeaderPolicy,
  isClaimed,
  isHopByHop,
  type RawHeaders,
  type Sender,
  valuesOf,
} from './headers.ts'

/** RFC 9110 6.5.1: what routes, frames, tells of the body or lets somebody in counts in a head alone. */
const never = new Set([
  ...['host', 'content-length', 'content-encoding', 'content-type', 'content-range', 'set-cookie', 'location', 'vary'],
  ...['authorization', 'www-authenticate', 'cache-control', 'expires', 'age', 'date', 'retry-after', 'refresh', 'link'],
  ...['cookie', 'expect', 'max-forwards', 'pragma', 'range', 'origin', 'referer', 'trailer', 'via', 'forwarded'],
  ...[
    'content-security-policy',
    'content-disposition',
    'access-control-allow-origin',
    'access-control-allow-credentials',
  ],
])
/** Of requests: what a browser vouches for, what a request depends on, what tells of its body. */
const neverAsked = /^(?:sec-|if-|content-|accept|access-control-|proxy-)/

/** What may follow a body on its way to the browser. */
export function downstreamTrailers(raw: RawHeaders, sender: Sender, policy: HeaderPolicy): string[] {
  const passed = raw.length === 0 ? [] : downstreamHeaders(raw, sender, policy)
  return passed.filter((_, at) => !never.has((passed[at - (at % 2)] ?? '').toLowerCase()))
}

/** The line in which an answer says what will follow its body; nothing where nothing of it may. */
export function downstreamAnnouncement(raw: RawHeaders, sender: Sender, policy: HeaderPolicy): string[] {
  const names = announced(raw)
  if (names.length === 0) return none
  const dropped = connectionNames(raw)
  const said = names.filter((name) => !dropped.has(name.toLowerCase())).flatMap((name) => [name, ''])
  const passed = downstreamTrailers(said, sender, policy).filter((_, at) => at % 2 === 0)
  return passed.length === 0 ? [] : ['Trailer', passed.join(', ')]
}

/** Names that `Trailer` tells, in their order and spelling. */
function announced(raw: RawHeaders): readonly string[] {
  const values = valuesOf(raw, 'trailer')
  if (values.length === 0) return none
  const names = values.flatMap((value) => value.split(',')).map(withoutBlanks)
  return names.filter((name) => lowerName(name) !== null)
}
const none: string[] = []

/**
 * Of the names that the client announces, those that may follow its body to an application, in their order and spelling. Others stay behind:
 * there are programs that take trailers for headers, and programs that take them for no HTTP, so nobody gets what nobody spoke of.
 * @param replaced folded names that are ours to tell.
 */
export function upstreamTrailerNames(
  raw: RawHeaders,
  policy: HeaderPolicy,
  replaced: ReadonlySet<string> | undefined,
): readonly string[] {
  const names = announced(raw)
  if (names.length === 0) return none
  const dropped = connectionNames(raw)
  const isOurs = (lower: string) => isClaimed(lower, policy) || replaced?.has(foldName(lower)) === true
  return names.filter((name) => {
    const lower = name.toLowerCase()
    return !never.has(lower) && !neverAsked.test(lower) && !isHopByHop(lower) && !dropped.has(lower) && !isOurs(lower)
  })
}

/** @param names that were announced, and may pass. */
export function upstreamTrailers(raw: RawHeaders, names: readonly string[]): string[] {
  const wanted = new Set(names.map((name) => name.toLowerCase()))
  return raw.filter((_, at) => wanted.has((raw[at - (at % 2)] ?? '').toLowerCase()))
}

/** The client takes trailers, for itself or for whoever is before it: then we may say so, since we pass them on. */
export const takesTrailers = (raw: RawHeaders): boolean =>
  valuesOf(raw, 'te').some((value) => value.split(',').some((each) => withoutBlanks(each).toLowerCase() === 'trailers'))
