/** How requests and answers of a route differ from those of others, as its options say. */
import type { RawHeaders } from './headers.ts'
import type { LiveRoute } from './route-book.ts'
import { locationBelow, wishedHeaders } from './route-options.ts'

type Wishing = Pick<LiveRoute, 'wishes' | 'stripped' | 'depth'>

/** The raw path without its first segments, `''` if there are no more; the query stays. */
export function withoutSegments(url: string, count: number): string {
  let at = 0
  const end = url.indexOf('?') < 0 ? url.length : url.indexOf('?')
  for (let i = 0; i < count && at < end; i += 1) {
    const next = url.indexOf('/', at + 1)
    at = next < 0 || next > end ? end : next
  }
  return url.slice(at)
}

/** The path that the target is asked for. One slash at its beginning: with two it would name a host to whoever makes an address of it. */
export const pathBelow = ({ stripped, depth }: Wishing, url: string): string =>
  stripped === '' ? url : `/${withoutSegments(url, depth).replace(/^\/+/, '')}`

/** The headers of a request as the route wants them. */
export const headersOnward = ({ wishes, stripped }: Wishing, headers: string[]): string[] =>
  wishes === null ? headers : wishedHeaders(headers, wishes, stripped)

/** Folded names of headers that a client cannot send: those that are ours to tell anyway, and those that the route tells or takes away. */
export const replacedNames = (
  { wishes }: Wishing,
  ours: ReadonlySet<string> | undefined,
): ReadonlySet<string> | undefined =>
  wishes === null || wishes.removed.size === 0 ? ours : new Set([...wishes.removed, ...(ours ?? [])])

/** The headers of an answer, as the browser may follow them. */
export const headersBack = ({ stripped }: Wishing, headers: RawHeaders, host: string): RawHeaders =>
  stripped === '' ? headers : withLocation(headers, (location) => locationBelow(location, stripped, host))

export function withLocation(headers: RawHeaders, change: (location: string) => string): RawHeaders {
  return headers.map((text, i) => (i % 2 === 1 && headers[i - 1]?.toLowerCase() === 'location' ? change(text) : text))
}
