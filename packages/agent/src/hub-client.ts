import { request as requestHttps } from 'node:https'
import { request as requestHttp } from './node-http.ts'

export interface HubAnswer {
  readonly status: number
  readonly body: unknown
}

/** No answer: refused, timed out, cut, or an answer that is not JSON. Its message never holds a header or a body. */
export class HubUnreachable extends Error {
  override readonly name = 'HubUnreachable'
}

export interface HubClient {
  /** POST JSON. @throws {HubUnreachable} */
  post(path: string, token: string, body: object, timeoutMs?: number): Promise<HubAnswer>
  /** POST a form without credentials in the header. @throws {HubUnreachable} */
  postForm(path: string, fields: Readonly<Record<string, string>>): Promise<HubAnswer>
  /** GET with a bearer token. @throws {HubUnreachable} */
  get(path: string, token: string): Promise<HubAnswer>
}

const maxAnswerBytes = 1024 * 1024

/** Talks to the hub's internal listener. A new connection each time: heartbeats are rare and the hub may restart in between. */
export function openHubClient(hubUrl: string): HubClient {
  const call = (
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string | null,
    timeoutMs = 10_000,
  ): Promise<HubAnswer> =>
    new Promise((resolve, reject) => {
      const url = new URL(hubUrl + path)
      const start = url.protocol === 'https:' ? requestHttps : requestHttp
      const request = start(
        url,
        {
          method,
          headers: { accept: 'application/json', ...headers },
          agent: false,
          signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
        },
        (response) => {
          const chunks: Buffer[] = []
          let size = 0
          response.on('data', (chunk: Buffer) => {
            size += chunk.length
            if (size > maxAnswerBytes) response.destroy(new Error('answer too long'))
            else chunks.push(chunk)
          })
          response.on('error', (error) => reject(new HubUnreachable(error.message)))
          response.on('end', () => {
            const status = response.statusCode ?? 0
            try {
              resolve({ status, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) })
            } catch {
              if (status >= 200 && status < 300) reject(new HubUnreachable('the answer is not JSON'))
              else resolve({ status, body: null })
            }
          })
        },
      )
      request.on('error', (error: NodeJS.ErrnoException) =>
        reject(new HubUnreachable(error.name === 'AbortError' ? 'timed out' : error.code || error.message)),
      )
      request.end(body)
    })

  return {
    post: (path, token, body, timeoutMs) => {
      const text = JSON.stringify(body)
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
      }
      return call('POST', path, headers, text, timeoutMs)
    },
    postForm: (path, fields) => {
      const text = new URLSearchParams(fields).toString()
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(text)),
      }
      return call('POST', path, headers, text)
    },
    get: (path, token) => call('GET', path, { authorization: `token ${token}` }, null),
  }
}
