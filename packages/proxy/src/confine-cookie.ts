/** Cookies that an application sets stay its own: no other host gets them, and on a shared host no other path. */

/** The part of a shared host that belongs to an application. */
export interface CookiePlace {
  /** Decoded path of the route, as the route table has it: `/jupyter/user/alice`. */
  readonly route: string
  /** The same part of the address as this browser writes it: cookie paths are compared letter by letter. */
  readonly prefix: string
  /** The request went below the prefix, not to the prefix without its slash, whose folder belongs to everyone. */
  readonly isBelow: boolean
}

/** @param url the request's target. */
export function cookiePlace(route: string, url: string): CookiePlace {
  const path = url.split('?', 1)[0] ?? ''
  const depth = route === '/' ? 0 : route.split('/').length - 1
  const pieces = path.split('/')
  return { route, prefix: pieces.slice(0, depth + 1).join('/'), isBelow: pieces.length > depth + 1 }
}

/**
 * Take `Domain` from a Set-Cookie value, which would send the cookie to other hosts, and make its `Path` the application's own if it is not.
 * What needs no change stays byte for byte.
 * @param place null where the application has its host for itself.
 */
export function confineCookie(value: string, place: CookiePlace | null): string {
  const [pair = '', ...attributes] = value.split(';')
  const kept = attributes.filter((each) => !isNamed(each, 'domain'))
  const paths = kept.filter((each) => isNamed(each, 'path'))
  // Browsers go by the last one (RFC 6265 5.3), and by the folder of the address for what is no path.
  const last = paths.at(-1)
  const wanted = last === undefined ? '' : last.slice(last.indexOf('=') + 1).trim()
  const fits = place === null || (wanted.startsWith('/') ? isOwn(wanted, place) : place.isBelow)
  if (fits && paths.length < 2) return [pair, ...kept].join(';')
  const others = kept.filter((each) => !isNamed(each, 'path'))
  const path = fits ? last : ` Path=${place?.prefix ?? ''}/`
  return [pair, ...others, path].join(';')
}

const isNamed = (attribute: string, name: string): boolean =>
  (attribute.split('=', 1)[0] ?? '').trim().toLowerCase() === name

/** Whether a cookie of this path goes to nobody but the application. */
function isOwn(path: string, { route }: CookiePlace): boolean {
  if (route === '/') return true
  const wanted = route.split('/')
  const given = path.split('/').slice(0, wanted.length)
  return given.length === wanted.length && given.every((each, i) => decode(each) === wanted[i])
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
