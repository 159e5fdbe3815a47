/** Error pages of the site in place of our own, as configurable-http-proxy has them: from a server (`--error-target`) or a folder (`--error-path`). */
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import type { ErrorAnswer } from './error-pages.ts'
import { errorWords, type Log } from './log.ts'
import { authorityOf, parseTarget, type TargetRules } from './route.ts'
import { tlsOptions } from './target-tls.ts'

/**
 * The page for a status, or null where our own is to be used. @param url of the request that failed, its query included: it is told to
 * the server that makes the page.
 */
export type SitePages = (status: number, url: string) => Promise<ErrorAnswer | null>

/** A server of pages knows these; what cannot be read as a request is nobody's to explain but ours. */
const asked: ReadonlySet<number> = new Set([404, 500, 503])

/** While the hub is down every request asks for a page: so many at once, and no more. */
const mostAtOnce = 32
const patienceMs = 10_000
const mostBytes = 4 * 1024 * 1024

/**
 * `GET TARGET/STATUS?url=…`. What comes back within ten seconds is the page, whatever its own status; its type and coding are passed on,
 * and no other header: cookies and policies of that answer were meant for another address.
 * @throws {RouteError} if it is no target.
 */
export function pagesOfServer(text: string, rules: TargetRules, log: Log): SitePages {
  const target = parseTarget({ target: text }, rules)
  const { connect } = target
  const place = connect.kind === 'unix' ? { socketPath: connect.path } : { host: connect.host, port: connect.port }
  const tls = tlsOptions(target)
  const client = tls === null ? http : https
  const agent = new client.Agent({ keepAlive: true, maxSockets: mostAtOnce, timeout: patienceMs })
  let running = 0
  const ask = (status: number, url: string): Promise<ErrorAnswer> =>
    new Promise((resolve, reject) => {
      const path = `${target.prefix}/${status}?${new URLSearchParams({ url })}`
      const headers = { Host: authorityOf(text) }
      const signal = AbortSignal.timeout(patienceMs)
      const request = client.request({ ...place, ...tls?.(), agent, path, headers, signal }, (answer) => {
        const chunks: Buffer[] = []
        let size = 0
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > mostBytes) request.destroy(new Error('the page is too large'))
          else chunks.push(chunk)
        })
        answer.once('error', reject)
        answer.once('end', () => resolve(pageOf(status, answer.headers, Buffer.concat(chunks))))
      })
      request.once('error', reject)
      request.end()
    })
  return async (status, url) => {
    if (!asked.has(status) || running >= mostAtOnce) return null
    running += 1
    try {
      return await ask(status, url)
    } catch (error) {
      log.warn({ status, cause: errorWords(error) }, 'no error page from the error target')
      return null
    } finally {
      running -= 1
    }
  }
}

/** `STATUS.html` of the folder, else `error.html`. Files are read again when they are a second old, so that they can be edited. */
export function pagesOfFolder(folder: string, log: Log, now: () => number): SitePages {
  const known = new Map<number, { readonly at: number; readonly page: Promise<ErrorAnswer | null> }>()
  const read = async (status: number): Promise<ErrorAnswer | null> => {
    for (const name of [`${status}.html`, 'error.html'])
      try {
        return pageOf(status, { 'content-type': 'text/html' }, await readFile(join(folder, name)))
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
          log.warn({ file: name, cause: errorWords(error) }, 'error page not read')
      }
    return null
  }
  return (status) => {
    const old = known.get(status)
    if (old !== undefined && now() - old.at < 1_000) return old.page
    const page = read(status)
    known.set(status, { at: now(), page })
    return page
  }
}

function pageOf(status: number, headers: http.IncomingHttpHeaders, body: Buffer): ErrorAnswer {
  const { 'content-type': type, 'content-encoding': coding } = headers
  return {
    status,
    headers: [
      ...(type === undefined ? [] : ['Content-Type', type]),
      ...(coding === undefined ? [] : ['Content-Encoding', coding]),
      ...['Content-Length', String(body.length), 'Cache-Control', 'no-store'],
      ...(status === 503 ? ['Retry-After', '5'] : []),
    ],
    body,
  }
}
