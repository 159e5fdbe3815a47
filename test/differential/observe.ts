/** What is compared of an answer: its status, the headers that clients read, and its body with what must differ made alike. */
import type { Received } from './exchange.ts'
import type { Json } from './row.ts'

export interface Observed {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json
}

/** Headers that clients or browsers act on. */
const read = [
  'content-type',
  'location',
  'www-authenticate',
  'retry-after',
  'link',
  'allow',
  'cache-control',
  'etag',
  'set-cookie',
  'content-security-policy',
  'access-control-allow-origin',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-credentials',
  'x-jupyterhub-version',
  'vary',
] as const

const wireTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

/** Values that two hubs cannot have in common, each by what it has to look like. */
function alike(key: string, text: string): string {
  if (wireTime.test(text)) return '<time>'
  if (key === 'access_token' || key === 'refresh_token') return /^[\w-]{24,64}$/.test(text) ? '<secret>' : text
  if (key === 'token') return /^[0-9a-f]{32,64}$/.test(text) ? '<secret>' : text
  // Of whatever length, in the alphabet of addresses.
  if (key === 'code') return /^[\w-]{24,64}$/.test(text) ? '<code>' : text
  if (/accept_url$/.test(key)) return text.replace(/(\?code=)[\w-]{24,64}$/, '$1<code>')
  if (/^a\d+$/.test(text) && /^(id|token_id)$/.test(key)) return '<token id>'
  if (key === 'session_id') return '<session>'
  if (key === 'message' || key === 'html_message') return '<words>'
  if (key === 'python' || key === 'sys_executable' || key === 'class' || key === 'version') return '<text>'
  if (key === 'target') return '<address>'
  return text
}

/** Lists of words are sets: scopes, groups, roles. */
function normalise(value: Json, key = ''): Json {
  if (typeof value === 'string') return alike(key, value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) {
    const items = value.map((each) => normalise(each, key))
    return items.every((each) => typeof each === 'string') ? items.toSorted() : items
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, normalise(inner, name)]))
}

export function parseBody(text: string, type: string): Json {
  if (text === '') return null
  if (type.startsWith('text/event-stream')) {
    const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as Json)
    // How many there are between is each side's own story.
    return { first: events[0] ?? null, last: events.at(-1) ?? null }
  }
  if (!/json/.test(type)) return '<text>'
  try {
    return JSON.parse(text)
  } catch {
    return '<not JSON>'
  }
}

export function observe({ status, headers, text }: Received): Observed {
  const seen: Record<string, string> = {}
  for (const name of read) {
    const value = headers[name]
    if (value === undefined) continue
    const all = typeof value === 'string' ? [value] : value
    seen[name] =
      name === 'set-cookie' ? all.map((each) => each.split('=')[0]).join(' ') : normaliseHeader(name, all.join(', '))
  }
  return { status, headers: seen, body: normalise(parseBody(text, seen['content-type'] ?? '')) }
}

function normaliseHeader(name: string, value: string): string {
  if (name === 'etag' || name === 'x-jupyterhub-version' || name === 'retry-after') return '<some>'
  return value.replace(/^https?:\/\/(127\.0\.0\.1|localhost):\d+/, '').replace(/\bcode=[\w-]{24,64}/, 'code=<code>')
}
