/** What a request for a page counts as in the figures. Pure: a fixed set of names, whatever people write into addresses. */

export interface PageKind {
  /** `page/home`: the page’s first word, if it is one of ours. */
  readonly handler: string
  readonly event: 'sign-in' | 'sign-out' | 'csp-report' | null
}

const words: ReadonlySet<string> = new Set([
  'home',
  'history',
  'preferences',
  'token',
  'servers',
  'admin',
  'spawn',
  'spawn-pending',
  'sessions',
  'user-redirect',
  'user',
  'login',
  'logout',
  'oauth_callback',
  'accept-share',
  'docs',
  'static',
  'security',
  'error',
])

/** @param hub the hub's path with both slashes. */
export function pageKind(hub: string, method: string, path: string): PageKind {
  const rest = path.startsWith(hub) ? path.slice(hub.length) : null
  if (rest === null) return { handler: 'page', event: null }
  if (/^api\/oauth2\/(authorize|token)$/.test(rest)) return { handler: rest, event: null }
  const [word = ''] = rest.split('/')
  return { handler: words.has(word) ? `page/${word}` : 'page', event: eventOf(method, rest) }
}

function eventOf(method: string, rest: string): PageKind['event'] {
  if (method === 'POST' && rest === 'security/csp-report') return 'csp-report'
  if (rest === 'logout') return 'sign-out'
  // A form or a link is posted; a provider sends the browser back by a GET.
  const isSignIn =
    method === 'POST' ? /^login(\/link)?$/.test(rest) : /^(login\/[^/]+\/callback|oauth_callback)$/.test(rest)
  return isSignIn && (method === 'POST' || method === 'GET') ? 'sign-in' : null
}
