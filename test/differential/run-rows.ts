/** Sends rows to a side, one after the other, and tells what came back. */
import { until } from '../e2e/support/until.ts'
import { exchange } from './exchange.ts'
import { type Observed, observe, parseBody } from './observe.ts'
import type { Row } from './row.ts'
import type { Side } from './side.ts'

const fill = (text: string, kept: ReadonlyMap<string, string>): string =>
  text.replace(/\{(\w+)\}/g, (whole, word: string) => kept.get(word) ?? whole)

const filled = (headers: Row['headers'], kept: ReadonlyMap<string, string>): Row['headers'] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value, kept)]))

const bodyToSend = ({ body }: Row, kept: ReadonlyMap<string, string>): Buffer | null =>
  typeof body === 'string' ? Buffer.from(fill(body, kept)) : body

/** How long a server may take to be ready or gone (ms), on a machine with other work. */
const patienceMs = 90_000

/** @throws {Error} when a condition does not come true. */
export async function runRows(side: Side, rows: readonly Row[]): Promise<ReadonlyMap<string, Observed>> {
  const kept = new Map<string, string>()
  const seen = new Map<string, Observed>()
  for (const row of rows) {
    const path = fill(row.path, kept)
    const send = () =>
      exchange(
        side.port,
        {
          method: row.method,
          path: path.startsWith('/hub/') ? path : `/hub/api${path}`,
          headers: { host: 'gateway.invalid', ...side.credentials[row.caller], ...filled(row.headers, kept) },
          body: bodyToSend(row, kept),
        },
        row.toTheEnd,
      )
    const { until: isSo } = row
    let answer = await send()
    const bodyOf = () => parseBody(answer.text, String(answer.headers['content-type'] ?? ''))
    if (isSo !== null && !isSo({ status: answer.status, body: bodyOf() }))
      await until(
        `${side.name}: ${row.name}`,
        async () => {
          answer = await send()
          return isSo({ status: answer.status, body: bodyOf() })
        },
        patienceMs,
      ).catch((cause: unknown) => {
        throw new Error(`${side.name} answers ${row.name} in vain: ${answer.status} ${answer.text}`, { cause })
      })
    seen.set(row.name, observe(answer))
    for (const [word, take] of Object.entries(row.keep))
      kept.set(word, take(bodyOf(), String(answer.headers.location ?? '')))
  }
  return seen
}
