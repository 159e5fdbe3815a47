/** What the lines of an event log have to tell for a report: what it reads of them, and the fields of a request that it shares with who writes them. Pure. */
import { z } from 'zod'
import { outcomeCodes, type Session } from '../sessions/session.ts'
import { askedOf } from './start.ts'

const at = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const name = z.string().max(1_000)
const count = z.number().nonnegative()
const common = { time: at, session: z.string().min(1).max(100) }
const outcome = z.enum(outcomeCodes)
/** Seconds of processor time, as the agent measured them; null where none could tell. */
const cpu = z.number().nonnegative().nullable()

/** Fields beside these belong to others. */
export const StartEvent = z.discriminatedUnion('event', [
  z.object({
    ...common,
    event: z.literal('session.requested'),
    user: name,
    profile: name,
    cluster: name,
    application: name,
    queue: name,
    account: name,
    memory_mib: count,
    wall_seconds: count,
    nodes: count,
    cores: count,
  }),
  /** The job got its nodes. */
  z.object({ ...common, event: z.literal('session.started') }),
  /** The job that had them waits again. */
  z.object({ ...common, event: z.literal('session.requeued') }),
  z.object({ ...common, event: z.literal('session.ready') }),
  z.object({ ...common, event: z.literal('session.ended'), outcome, cpu_seconds: cpu }),
  /** What became known after the end. */
  z.object({ ...common, event: z.literal('session.accounted'), outcome, cpu_seconds: cpu }),
])
export type StartEvent = z.output<typeof StartEvent>
export type StartEventName = StartEvent['event']

/** The fields of what was asked for, as lines carry them. */
export function requestFields({ userName, spec }: Pick<Session, 'userName' | 'spec'>) {
  const { memoryMiB, wallSeconds, ...asked } = askedOf(spec)
  return { user: userName, ...asked, memory_mib: memoryMiB, wall_seconds: wallSeconds }
}

/**
 * Read a line of a log: JSON, with whatever a log daemon has put before it.
 * @returns null for a line about something else. @throws never: what cannot be read is `unreadable`.
 */
export function parseEventLine(line: string): StartEvent | 'unreadable' | null {
  if (!line.includes('"session.')) return null
  const begin = line.indexOf('{')
  let value: unknown
  try {
    value = JSON.parse(line.slice(Math.max(0, begin)))
  } catch {
    return 'unreadable' // cut by a crash or a rotation
  }
  const event: unknown =
    typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === 'event')?.[1] : null
  if (!StartEvent.options.some(({ shape }) => shape.event.value === event)) return null
  const result = StartEvent.safeParse(value)
  return result.success ? result.data : 'unreadable'
}
