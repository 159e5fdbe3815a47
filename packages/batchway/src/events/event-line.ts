/** An event as text: JSON or key=value. Pure. Whatever strangers wrote into a field cannot begin a line or a field of its own. */
import { auditText } from '../people/audit.ts'
import { type EventName, type EventTime, eventFields, events, type FieldName, type Severity } from './event-table.ts'

export type LineFormat = 'json' | 'key-value'
type Value = string | number | boolean | null

export interface EventLine {
  readonly name: EventName
  readonly severity: Severity
  /** Unix ms. */
  readonly at: number
  /** One line without its end. */
  text(format: LineFormat): string
}

/** What every line carries. */
export interface LineFrame {
  /** The two characters of the configuration that tell hubs apart. */
  readonly instance: string
  /** Of the request that caused it; null if none did. */
  readonly request: string | null
}

const longestName = 256
const longestWords = 512

/** A text of strangers as one printable line. Names are compared by programs: nothing is taken out of them that is printable. */
const cleanName = (text: string): string =>
  text
    .slice(0, longestName)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, '\ufffd')

function toValue(name: FieldName, value: string | number | null): Value {
  if (value === null) return null
  const { kind } = eventFields[name]
  if (kind === 'time') return new Date(Number(value)).toISOString()
  if (typeof value === 'number') return Number.isFinite(value) ? Math.round(value * 1_000) / 1_000 : null
  return kind === 'words' ? auditText(value, longestWords) : cleanName(value)
}

/** Bare only where no reader of key=value pairs can misread it. */
const toPair = ([key, value]: readonly [string, Value]): string => {
  const text = String(value)
  return `${key}=${/^[\w.@:/+,-]+$/.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`}`
}

/**
 * @param told the event's own fields; what the table does not name is left out.
 * @param at Unix ms.
 */
export function toEventLine(
  name: EventName,
  told: Readonly<Partial<Record<FieldName, string | number | null>>>,
  { at, isAgain = false }: EventTime & { readonly at: number },
  { instance, request }: LineFrame,
): EventLine {
  const own = events[name].fields.map((key): [string, Value] => [key, toValue(key, told[key] ?? null)])
  const subject = told.session ?? null
  const all: readonly (readonly [string, Value])[] = [
    ['time', new Date(at).toISOString()],
    ['event', name],
    ...own,
    // Who hears of a session twice, after a crash, knows it by this.
    ...(subject === null ? [] : [['id', `${subject}.${name.slice(name.indexOf('.') + 1)}.${at}`] as const]),
    ...(request === null ? [] : [['request', cleanName(request)] as const]),
    ...(isAgain ? [['again', true] as const] : []),
    ['instance', instance],
  ]
  const known = new Map<LineFormat, string>()
  const write: Readonly<Record<LineFormat, () => string>> = {
    json: () => JSON.stringify(Object.fromEntries(all)),
    'key-value': () =>
      all
        .filter(([, value]) => value !== null)
        .map(toPair)
        .join(' '),
  }
  return {
    name,
    severity: events[name].severity,
    at,
    text(format) {
      const text = known.get(format) ?? write[format]()
      known.set(format, text)
      return text
    },
  }
}
