import type { AppConnector } from './app-connection.ts'
import { request } from './node-http.ts'

const answerMs = 5_000

/** One GET at the application; the answer's body is not awaited. @throws when nobody of ours answers. */
export const askStatus = async (connector: AppConnector, path: string): Promise<number> =>
  (await ask(connector, path, {}, 0)).status

/**
 * One GET at the application, read to its end.
 * @throws when nobody of ours answers in time, or with more than `maxBytes`.
 */
export function askText(
  connector: AppConnector,
  path: string,
  headers: Readonly<Record<string, string>>,
  maxBytes: number,
): Promise<{ readonly status: number; readonly text: string }> {
  return ask(connector, path, headers, maxBytes)
}

/** @param maxBytes 0: without the body. */
async function ask(
  connector: AppConnector,
  path: string,
  headers: Readonly<Record<string, string>>,
  maxBytes: number,
): Promise<{ status: number; text: string }> {
  const socket = await connector.open()
  return new Promise((resolve, reject) => {
    const asked = request({
      path,
      headers: { host: 'localhost', connection: 'close', ...headers },
      createConnection: () => socket,
    })
    asked.setTimeout(answerMs, () => asked.destroy(new Error('no answer')))
    asked.on('response', (response) => {
      const status = response.statusCode ?? 500
      if (maxBytes === 0) {
        resolve({ status, text: '' })
        response.destroy()
        return
      }
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxBytes) asked.destroy(new Error('answer too long'))
        else chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status, text: Buffer.concat(chunks).toString('utf8') }))
    })
    asked.on('error', reject)
    asked.on('close', () => reject(new Error('closed')))
    asked.end()
  })
}
