import { readBytes } from '../core/http-body.ts'
import type { Logger } from '../core/logger.ts'
import { showErrorWords } from './error-pages.ts'
import type { HubPaths } from './hub-paths.ts'
import type { StaticFile } from './static-files.ts'
import { servedName } from './theme/compile-theme.ts'
import type { ThemeSource } from './theme/live-theme.ts'
import type { WebApp, WebRoom } from './web-room.ts'

/** Addresses without a visitor: files, health, reports of browsers. Mounted before the visitor is looked at. */
export function mountStatic(
  app: WebApp,
  paths: HubPaths,
  files: ReadonlyMap<string, StaticFile>,
  theme: ThemeSource,
  log: Logger,
): void {
  const serve = async (name: string, hash: string | undefined): Promise<Response> => {
    const ours = files.get(name)
    // Names of a theme's files begin with "theme", which none of ours does.
    const file = ours ?? (name.startsWith('theme') ? (await theme.current()).statics.get(name) : undefined)
    if (file === undefined)
      return new Response('Not found\n', { status: 404, headers: { 'Content-Type': 'text/plain' } })
    // Only the address with the right hash may be kept: after an update an old page asks with the old one.
    const cache = hash === file.hash ? 'public, max-age=31536000, immutable' : 'public, max-age=300'
    return new Response(file.body, {
      headers: {
        'Content-Type': file.type,
        'Cache-Control': cache,
        'X-Content-Type-Options': 'nosniff',
        'Cross-Origin-Resource-Policy': 'same-origin',
        // An image opened as a page may hold a script; ours does not, and this keeps it so. A site's own could name a file of a
        // user's application on our origin.
        'Content-Security-Policy':
          ours === undefined
            ? "default-src 'none'; style-src 'unsafe-inline'; sandbox"
            : "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'",
      },
    })
  }
  app.get(`${paths.hub}static/:name`, (c) => serve(c.req.param('name'), c.req.query('v')))
  const serveOwn = async (name: string, ours: string): Promise<Response> => {
    const { statics } = await theme.current()
    const own = ['svg', 'png', 'webp', 'ico'].map((ending) => servedName(`${name}.${ending}`))
    return serve(own.find((each) => statics.has(each)) ?? ours, undefined)
  }
  app.get(`${paths.hub}logo`, () => serveOwn('logo', 'logo.svg'))
  app.get(`${paths.hub}favicon.ico`, () => serveOwn('favicon', 'icon.svg'))
  app.get(`${paths.base}favicon.ico`, () => serveOwn('favicon', 'icon.svg'))

  app.get(`${paths.hub}health`, (c) => c.text('ok\n'))

  app.post(`${paths.hub}security/csp-report`, async (c) => {
    const bytes = await readBytes(c.req.raw, 16_384)
    if (bytes === null) return c.body(null, 413)
    const text = Buffer.from(bytes).toString('utf8')
    log.warn(reportFields(text), 'a browser reported a breach of the content security policy')
    return c.body(null, 200)
  })
}

/** What helps to find the cause, without addresses' queries, cut to a line. Anyone can send anything here. */
function reportFields(text: string): Record<string, string> {
  try {
    const report: unknown = JSON.parse(text)
    const inner: unknown =
      typeof report === 'object' && report !== null && 'csp-report' in report ? report['csp-report'] : report
    if (typeof inner !== 'object' || inner === null) return {}
    const wanted = ['document-uri', 'violated-directive', 'effective-directive', 'blocked-uri', 'source-file']
    return Object.fromEntries(
      Object.entries(inner)
        .filter(([key, value]) => wanted.includes(key) && typeof value === 'string')
        .map(([key, value]) => [
          key,
          String(value)
            .split(/[?#]/, 1)[0]
            ?.replace(/[\u0000-\u001f\u007f]/g, '')
            .slice(0, 200) ?? '',
        ]),
    )
  } catch {
    return {}
  }
}

const proxyErrors: Readonly<Record<number, readonly [title: string, sentence: string, next: string]>> = {
  404: ['Not found', 'There is nothing at this address.', 'Check the address, or go on from home.'],
  503: [
    'Not answering',
    'The application does not answer at the moment.',
    'Wait a few seconds and load the page again; the session’s page tells how it is.',
  ],
}

/** What the proxy shows when an application cannot be reached. No sign-in is needed to read it. */
export function mountErrorTarget(app: WebApp, room: WebRoom): void {
  app.get(`${room.paths.hub}error/:code{[45][0-9][0-9]}`, (c) => {
    const status = Number(c.req.param('code'))
    const [title, sentence, next] = proxyErrors[status] ?? [
      'Error',
      'The application could not be reached.',
      'Load the page again in a moment.',
    ]
    return showErrorWords(c, room, {
      status,
      title,
      sentence,
      next,
      code: `proxy.${status}`,
      detail: status === 503 ? 'It may be starting, stopping, or too busy to answer.' : '',
      tone: status >= 500 ? 'bad' : 'idle',
    })
  })
}
