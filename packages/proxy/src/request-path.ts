/**
 * One request path read in two ways. `strict` splits the raw bytes at `/` and decodes each segment (what we do); `lenient`
 * decodes first, takes `\` for `/` and drops empty segments (what careless software does). Where both lead to different
 * routes the request is refused, so that no upstream can see another resource than the one we routed to.
 */
export interface RequestPath {
  readonly strict: readonly string[]
  readonly lenient: readonly string[]
}

const controls = /[\u0000-\u001f\u007f]/
const onlyVisibleAscii = /^[\u0021-\u007e]+$/
/** Nothing in such a path can be read in two ways, so decoding is not needed. */
const suspicious = /[%\\]|\/\/|\/\./

/**
 * Read the target of a request line.
 * @returns null for what must be answered with 400: not origin-form, raw bytes outside ASCII, a fragment, malformed percent
 *   escapes, control characters, or a dot segment in either reading.
 */
export function parseRequestPath(target: string): RequestPath | null {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  if (!path.startsWith('/') || !onlyVisibleAscii.test(target) || target.includes('#')) return null
  if (!suspicious.test(path)) {
    const plain = path.slice(1).split('/')
    return { strict: plain, lenient: plain }
  }
  const strict: string[] = []
  for (const raw of path.slice(1).split('/')) {
    const segment = decode(raw)
    if (segment === null) return null
    strict.push(segment)
  }
  const lenient = strict.join('/').split(/[/\\]/)
  if (lenient.some(isDots)) return null
  return { strict, lenient: lenient.filter((segment) => segment !== '') }
}

/**
 * Bring a route's path into its one form: decoded, leading slash, no trailing slash; `/` is the root.
 * @param text percent-encoded as in a URL, or already decoded.
 * @returns null for a path no request can ever match (empty or dot segments, control characters, malformed escapes).
 */
export function toRoutePath(text: string, form: 'encoded' | 'decoded'): string | null {
  const decoded = form === 'encoded' ? decode(text) : controls.test(text) ? null : text
  if (decoded === null || decoded.includes('\\')) return null
  const segments = routeSegments(decoded)
  if (segments.some((segment) => segment === '' || isDots(segment))) return null
  return `/${segments.join('/')}`
}

/** Segments of a route's path; none for the root. */
export function routeSegments(path: string): string[] {
  const inner = path.replace(/^\//, '').replace(/\/$/, '')
  return inner === '' ? [] : inner.split('/')
}

const isDots = (segment: string): boolean => segment === '.' || segment === '..'

function decode(text: string): string | null {
  try {
    const decoded = decodeURIComponent(text)
    return controls.test(decoded) ? null : decoded
  } catch {
    return null
  }
}
