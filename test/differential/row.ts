/** A request of the comparison, written in one line: who asks, for what, with which body. */
import type { CallerName } from './world.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export interface Row {
  /** Unique; differences are listed under it. */
  readonly name: string
  readonly caller: CallerName
  readonly method: string
  /** Below `/hub/api`; whole, when it begins with `/hub/`. `{word}` is what a row before has kept. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** `{word}` in a text is what a row before has kept. */
  readonly body: Buffer | string | null
  /** Asked again until the answer is so; the sides take different times. Its answer is compared all the same. */
  readonly until: ((answer: { readonly status: number; readonly body: Json }) => boolean) | null
  /** What later rows need of the answer. */
  readonly keep: Readonly<Record<string, (body: Json, location: string) => string>>
  /** An event stream is read to its last event. */
  readonly toTheEnd: boolean
}

export interface RowOptions {
  /** Sent as JSON. */
  readonly json?: Json
  /** Sent as it is. */
  readonly raw?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Tells rows apart whose caller, method and path are the same. */
  readonly note?: string
  readonly until?: Row['until']
  readonly keep?: Row['keep']
  readonly toTheEnd?: boolean
}

/**
 * @param callers one, or several words: one row each.
 * @param request `GET /users/alice`
 */
export function ask(callers: CallerName | readonly CallerName[], request: string, options: RowOptions = {}): Row[] {
  const { json, raw, headers = {}, note, until = null, keep = {}, toTheEnd = false } = options
  const [method = '', ...rest] = request.split(' ')
  const text = json === undefined ? raw : JSON.stringify(json)
  return (typeof callers === 'string' ? [callers] : callers).map((caller) => ({
    name: `${caller}: ${request}${json === undefined ? '' : ` ${JSON.stringify(json).slice(0, 80)}`}${note === undefined ? '' : ` (${note})`}`,
    caller,
    method,
    path: rest.join(' '),
    headers: { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: text ?? null,
    until,
    keep,
    toTheEnd,
  }))
}
