/**
 * What a log of events has to tell for a report, one line for each thing that happened to a session. Both directions stand here, so that
 * writing and reading cannot drift apart. Pure.
 */
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

const endFields = ({ facts }: Session) =>
  facts.state === 'ended' ? { outcome: facts.outcome.code, cpu_seconds: facts.outcome.use?.cpuSeconds ?? null } : null

type Told = StartEvent extends infer E
  ? E extends StartEvent
    ? Omit<E, 'time'> & { readonly at: number }
    : never
  : never

/**
 * What a change of a session's row means for a report; nothing, one or several things.
 * @param before the row as it was last told; null for a new one. One that a hub finds when it starts is told as it is: repeating is harmless.
 */
export function startEvents(before: Session | null, after: Session, now: number): readonly Told[] {
  const session = after.id
  const told: Told[] = []
  if (before === null) told.push({ at: after.createdAt, event: 'session.requested', session, ...requestFields(after) })
  const was = before?.startedAt ?? null
  if (after.startedAt !== null && after.startedAt !== was)
    told.push({ at: after.startedAt, event: 'session.started', session })
  if (after.startedAt === null && was !== null) told.push({ at: now, event: 'session.requeued', session })
  if (after.readyAt !== null && after.readyAt !== (before?.readyAt ?? null))
    told.push({ at: after.readyAt, event: 'session.ready', session })
  const [end, known] = [endFields(after), before && endFields(before)]
  if (end !== null && known === null) told.push({ at: after.endedAt ?? now, event: 'session.ended', session, ...end })
  else if (end !== null && (end.outcome !== known?.outcome || end.cpu_seconds !== known.cpu_seconds))
    told.push({ at: now, event: 'session.accounted', session, ...end })
  return told
}

/** One line, without its end. */
export const toEventLine = ({ at: when, ...rest }: Told): string =>
  JSON.stringify({ time: new Date(when).toISOString(), ...rest })

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
