/** Where two answers to one request differ. Pure. */
import type { Observed } from './observe.ts'
import type { Json } from './row.ts'

export interface Difference {
  /** `status`, `header cache-control`, `body servers.lab.ready`; items of lists are `[]`. */
  readonly place: string
  /** `absent`, or the value as JSON. */
  readonly theirs: string
  readonly ours: string
}

const absent = 'absent'
const say = (value: unknown): string =>
  value === undefined ? absent : (JSON.stringify(value) ?? absent).slice(0, 4_000)

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function* compareBodies(
  theirs: Json | undefined,
  ours: Json | undefined,
  at: readonly string[],
): Generator<Difference> {
  if (isObject(theirs) && isObject(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)]))
      yield* compareBodies(theirs[key], ours[key], [...at, key])
    return
  }
  if (Array.isArray(theirs) && Array.isArray(ours) && theirs.length === ours.length && theirs.some(isObject)) {
    for (const [index, item] of theirs.entries()) yield* compareBodies(item, ours[index], [...at, '[]'])
    return
  }
  if (say(theirs) !== say(ours))
    yield { place: ['body', at.join('.')].join(' ').trim(), theirs: say(theirs), ours: say(ours) }
}

/** A success and a refusal have nothing in common but that they differ: then only the status is told. */
export function compare(theirs: Observed, ours: Observed): readonly Difference[] {
  const found: Difference[] = []
  const differs = theirs.status !== ours.status
  if (differs) found.push({ place: 'status', theirs: String(theirs.status), ours: String(ours.status) })
  if (differs && (theirs.status < 400 || ours.status < 400)) return found
  for (const name of new Set([...Object.keys(theirs.headers), ...Object.keys(ours.headers)]))
    if (theirs.headers[name] !== ours.headers[name])
      found.push({ place: `header ${name}`, theirs: say(theirs.headers[name]), ours: say(ours.headers[name]) })
  const seen = new Set<string>()
  for (const each of compareBodies(theirs.body, ours.body, [])) {
    // The status that stands in the body of an error has been told.
    if (differs && each.place === 'body status') continue
    const key = JSON.stringify(each)
    if (!seen.has(key)) found.push(each)
    seen.add(key)
  }
  return found
}
