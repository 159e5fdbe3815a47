/** One request to one side, and what is seen of the answer. */
import { request } from 'node:http'

export interface Sent {
  readonly method: string
  /** As it goes out: nothing is encoded or tidied here. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | null
}

export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

/** How long one answer may take (ms). JupyterHub lets a start wait for ten seconds. */
const patienceMs = 60_000

/** An event stream is read until its last event: `ready` or `failed`; of others the first is enough. */
const enough = (text: string, untilLast: boolean): boolean =>
  untilLast ? /"(ready|failed)": ?true/.test(text) : /^data: .*$/m.test(text)

/** @param untilLast of an event stream. @throws {Error} without a complete answer. */
export function exchange(port: number, { method, path, headers, body }: Sent, untilLast = false): Promise<Received> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...(body !== null && { 'content-length': String(body.length) }), ...headers },
      agent: false,
    })
    const late = setTimeout(() => asked.destroy(new Error(`${method} ${path}: no answer`)), patienceMs)
    asked.on('error', (error) => {
      clearTimeout(late)
      reject(error)
    })
    asked.on('response', (answer) => {
      let text = ''
      const finish = (): void => {
        clearTimeout(late)
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text })
      }
      answer.setEncoding('utf8')
      const isStream = /^text\/event-stream/.test(answer.headers['content-type'] ?? '')
      answer.on('data', (chunk: string) => {
        text += chunk
        if (!isStream || !enough(text, untilLast)) return
        finish()
        asked.destroy()
      })
      answer.on('end', finish)
      answer.on('error', reject)
    })
    asked.end(body ?? undefined)
  })
}
