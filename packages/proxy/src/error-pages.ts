import { createHash } from 'node:crypto'

/** Everything the proxy itself can answer on the data path. Statuses as in configurable-http-proxy: no route 404, failed target 503. */
const refusals = {
  bad_request: {
    status: 400,
    title: 'This request cannot be understood',
    hint: 'Check the address, or start again from the home page.',
  },
  bad_identity: {
    status: 400,
    title: 'Your sign-in cannot be read',
    hint: 'The site’s sign-in names you in a form that is not allowed here. Close the browser and try again, or tell your support.',
  },
  revoked: {
    status: 403,
    title: 'This access has ended',
    hint: 'The sign-in or the token was revoked. Sign in again.',
  },
  no_route: {
    status: 404,
    title: 'Nothing is running here',
    hint: 'The session may have ended. Start it again from the home page.',
  },
  unknown_host: {
    status: 404,
    title: 'Nobody answers under this name',
    hint: 'Check the address, or start again from the home page.',
  },
  not_running: {
    status: 424,
    title: 'The server is not running',
    hint: 'The session has ended, or was never started. Start it from the home page.',
  },
  foreign_page: {
    status: 403,
    title: 'Another application asked for this',
    hint: 'A page of somebody else’s application may not act here. Open this address yourself.',
  },
  unreachable: {
    status: 503,
    title: 'The application does not answer',
    hint: 'It may be starting or ending. Try again in a moment.',
  },
  pending: {
    status: 503,
    title: 'This session is being checked',
    hint: 'The gateway has just restarted. Try again in a moment.',
  },
  broken: {
    status: 503,
    title: 'The application broke off its answer',
    hint: 'Try again. If it stays so, stop the session and start it again.',
  },
  late: {
    status: 504,
    title: 'The application takes too long',
    hint: 'It did not answer in the time that it has. Try again in a moment.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong on our side',
    hint: 'The log of the gateway has the details under the request id.',
  },
} as const satisfies Record<string, { status: number; title: string; hint: string }>
export type Refusal = keyof typeof refusals

export interface ErrorAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string | Buffer
}

/**
 * The answer for a refusal: a page for browsers that ask for one, JSON for everything else (JupyterLab shows its own dialog on a 503).
 * It depends on nothing the client sent but `accept`, so it cannot echo anything.
 * @param home path of the home page, from the configuration.
 */
export function errorAnswer(
  refusal: Refusal,
  { requestId, accept, home }: { readonly requestId: string; readonly accept: string; readonly home: string },
): ErrorAnswer {
  const { status, title, hint } = refusals[refusal]
  const html = /\btext\/html\b/i.test(accept)
  const problem = {
    status,
    message: `${title}. ${hint}`,
    type: `urn:batchway:proxy:${refusal}`,
    title,
    instance: requestId,
  }
  const body = html ? page(status, title, hint, requestId, home) : `${JSON.stringify(problem)}\n`
  return {
    status,
    headers: [
      ...['Content-Type', html ? 'text/html; charset=utf-8' : 'application/json'],
      ...['Content-Length', String(Buffer.byteLength(body)), 'Cache-Control', 'no-store', 'Vary', 'Accept'],
      ...['X-Content-Type-Options', 'nosniff', 'Referrer-Policy', 'no-referrer', 'X-Request-Id', requestId],
      ...(html ? ['Content-Security-Policy', contentSecurityPolicy] : []),
      ...(status === 503 ? ['Retry-After', '5'] : []),
    ],
    body,
  }
}

/** The look of the gateway's pages in one small sheet: same colours, system font, no request to anywhere. */
const sheet = `
:root{color-scheme:light dark;--page:#f5f6f8;--surface:#fff;--text:#1a2029;--muted:#4f5967;--line:#dce0e6;--accent:#1f5aa6;--on:#fff}
@media (prefers-color-scheme:dark){:root{--page:#11151b;--surface:#191f27;--text:#e7eaef;--muted:#a9b3c0;--line:#303a46;--accent:#8fb8f2;--on:#0d1a2c}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--page);color:var(--text);
font:.9375rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif}
main{width:100%;max-width:34rem;padding:2rem;background:var(--surface);border:1px solid var(--line);border-radius:10px}
h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem}
.code,small{color:var(--muted);font-size:.8125rem}
a{display:inline-block;padding:.4rem .9rem;border-radius:6px;background:var(--accent);color:var(--on);text-decoration:none}
a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
small{display:block;margin-top:1.5rem}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
`
const sheetHash = createHash('sha256').update(sheet).digest('base64')
const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${sheetHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`

const page = (status: number, title: string, hint: string, requestId: string, home: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${sheet}</style>
</head>
<body>
<main>
<p class="code">Error ${status}</p>
<h1>${title}</h1>
<p>${hint}</p>
<a href="${escapeHtml(home)}">Home page</a>
<small>Request id <code>${escapeHtml(requestId)}</code></small>
</main>
</body>
</html>
`

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
