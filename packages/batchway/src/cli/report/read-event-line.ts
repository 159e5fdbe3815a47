/** A line of an event log in either of its forms: JSON, or key=value with whatever a log daemon has put before it. Pure. */
import { parseKeyValue } from '../../events/parse-key-value.ts'
import { parseEventLine, StartEvent } from '../../report/start-events.ts'

type Read = ReturnType<typeof parseEventLine>

/** What is a number in the lines that a report reads. */
const numbers: ReadonlySet<string> = new Set(['memory_mib', 'wall_seconds', 'nodes', 'cores', 'cpu_seconds'])
const kinds: ReadonlySet<string> = new Set(StartEvent.options.map(({ shape }) => shape.event.value))

/** @returns as `parseEventLine`. */
export function readEventLine(line: string): Read {
  const begin = line.indexOf('time=')
  if (begin < 0 || line.includes('"session.')) return parseEventLine(line)
  const [, event = ''] = / event=([a-z.]+)/.exec(line) ?? []
  if (!kinds.has(event)) return null
  const pairs = parseKeyValue(line.slice(begin))
  if (pairs === null) return 'unreadable'
  const fields = [...pairs].map(([name, value]) => [name, numbers.has(name) ? Number(value) : value])
  // What has no value is left out of such lines.
  const result = StartEvent.safeParse({ cpu_seconds: null, ...Object.fromEntries(fields) })
  return result.success ? result.data : 'unreadable'
}
