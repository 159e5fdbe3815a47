/** Small HTTP servers of the doctor: one takes the probe job's reports, and one answers in the hub's place where no hub runs. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type JobReport, maxReportBytes, parseJobReport } from './job-report.ts'

export interface Collector {
  /** The last report that came. `at`: Unix milliseconds. */
  latest(): { readonly facts: JobReport; readonly at: number } | null
  /** Take a request if it is a report: POST to the secret path. @returns false for anything else, unanswered. */
  take(request: IncomingMessage, response: ServerResponse): boolean
}

/** @param path with an unguessable part: whoever does not read the job's script cannot report. */
export function openCollector(path: string, now: () => number): Collector {
  let latest: ReturnType<Collector['latest']> = null
  return {
    latest: () => latest,
    take(request, response) {
      if (request.method !== 'POST' || request.url !== path) return false
      const chunks: Buffer[] = []
      let size = 0
      request.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxReportBytes) request.destroy()
        else chunks.push(chunk)
      })
      request.on('end', () => {
        const facts = parseJobReport(Buffer.concat(chunks).toString('utf8'))
        // The first report may come late, behind the complete one.
        if (facts !== null && latest?.facts.isComplete !== true) latest = { facts, at: now() }
        response.writeHead(facts === null ? 400 : 204).end()
      })
      return true
    },
  }
}

export interface Served extends AsyncDisposable {
  readonly port: number
}

/** @throws if the address cannot be had. */
export async function serve(host: string, port: number, listener: RequestListener): Promise<Served> {
  const server = createServer({ requestTimeout: 10_000 }, listener)
  server.listen(port, host)
  await once(server, 'listening')
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Only reports; for a port of the doctor's own. */
export const reportsOnly =
  (collector: Collector): RequestListener =>
  (request, response) => {
    if (!collector.take(request, response)) response.writeHead(404).end()
  }

/**
 * What answers in the hub's place: its version and which it is, as the hub tells them. Agents of running sessions are told to come again (503), which
 * they take for a hub that starts; any other answer would end their jobs.
 */
export const standIn =
  (
    collector: Collector,
    { apiPath, version, site }: { readonly apiPath: string; readonly version: string; readonly site: string },
  ): RequestListener =>
  (request, response) => {
    if (collector.take(request, response)) return
    request.resume()
    if (request.method !== 'GET') {
      response.writeHead(503, { 'Retry-After': '5' }).end()
      return
    }
    const isVersion = request.url === apiPath || request.url === `${apiPath}/`
    response.writeHead(isVersion ? 200 : 404, {
      'Content-Type': 'application/json',
      'X-Batchway-Version': version,
      'X-Batchway-Site': site,
    })
    response.end(JSON.stringify(isVersion ? { version } : { status: 404, message: 'Not found' }))
  }
