/** A session on the wire: Batchway's own resource, beside JupyterHub's servers. */
import { z } from '@hono/zod-openapi'
import { toWireTime } from '../core/times.ts'
import { outcomeWords, type Say, waitingWords } from '../sessions/outcomes.ts'
import { outcomeCodes, type Session, type SessionEvent } from '../sessions/session.ts'
import { isEnding, type SchedulerWord } from '../sessions/sessions.ts'
import { warningsOf } from '../sessions/warning-words.ts'
import type { ModelSettings } from './models.ts'

const time = z.string().nullable()
const text = z.string().nullable()

export const SessionView = z
  .object({
    id: z.string(),
    user: z.string(),
    server: z.string(),
    state: z.enum(['submitting', 'queued', 'starting', 'ready', 'stopping', 'ended']),
    profile: z.object({ key: z.string(), title: z.string() }),
    cluster: z.string(),
    application: z.object({ key: z.string(), title: z.string() }),
    resources: z.object({
      cores: z.number(),
      memory_mib: z.number(),
      gpus: z.number(),
      gpu_type: text,
      wall_seconds: z.number(),
    }),
    account: z.string(),
    attempt: z.number(),
    job_id: text,
    node: text,
    reachable: z.boolean().openapi({ description: 'False while the agent of a ready session is silent' }),
    paused: z
      .boolean()
      .openapi({ description: 'Suspended by the scheduler: the job keeps its place and its memory, and does nothing' }),
    ending: z.boolean().openapi({
      description: 'The scheduler says that the job is over, and is still clearing up after it; how it ended follows',
    }),
    told: time.openapi({
      description: 'When the scheduler last told of the job of a session that has not ended; null where it has not yet',
    }),
    waiting: z
      .object({
        hold: z.enum(['none', 'held', 'paused']),
        reason: text,
        sentence: z.string(),
        cause: z.string(),
        next: z.string(),
        estimated_start: time,
      })
      .nullable(),
    warnings: z
      .array(
        z.object({ about: z.enum(['walltime', 'idle']), ends: z.string(), sentence: z.string(), next: z.string() }),
      )
      .openapi({ description: 'What will end a ready session soon, the nearest end first' }),
    outcome: z
      .object({
        code: z.enum(outcomeCodes),
        title: z.string(),
        sentence: z.string(),
        cause: z.string(),
        next: z.string(),
        words: text,
        exit_code: z.number().nullable(),
        signal: text,
        by: text,
        log: z.array(z.string()),
        log_place: text,
        use: z
          .object({ cpu_seconds: z.number().nullable(), memory_peak_mib: z.number().nullable() })
          .nullable()
          .openapi({ description: 'What its agent measured; null where none could tell' }),
      })
      .nullable(),
    created: z.string(),
    submitted: time,
    started: time,
    became_ready: time,
    ended: time,
    ends: time,
    last_activity: time,
    url: z.string(),
    full_url: z.string(),
    open_url: z.string(),
  })
  .openapi('Session')
export type SessionView = z.infer<typeof SessionView>

export const EventView = z
  .object({ seq: z.number(), at: z.string(), type: z.string(), data: z.record(z.string(), z.unknown()) })
  .openapi('SessionEvent')

/** The API knows nobody's time zone: clock times are in UTC and say so. */
export const sayPlainly: Say = {
  clock: (at) => `${new Date(at).toISOString().slice(11, 16)} UTC`,
  // As on the pages: who asked for 300M reads of 300 MB.
  memory: (mebibytes) => (mebibytes < 1024 ? `${mebibytes} MB` : `${Math.round(mebibytes / 102.4) / 10} GB`),
  duration: (seconds) =>
    seconds % 3600 === 0 ? `${seconds / 3600} h` : seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`,
}

/** @param word the scheduler's last word on its job. */
export function toSessionView(session: Session, settings: ModelSettings, word: SchedulerWord | null): SessionView {
  const { spec, facts } = session
  const { resources } = spec
  const url = settings.places.url(session.userName, session.serverName)
  return {
    id: session.id,
    user: session.userName,
    server: session.serverName,
    state: facts.state,
    profile: { key: spec.profile.key, title: spec.profile.title },
    cluster: spec.cluster,
    application: { key: spec.application.key, title: spec.application.title },
    resources: {
      cores: resources.cores,
      memory_mib: resources.memoryMiB,
      gpus: resources.gpus,
      gpu_type: resources.gpuType ?? null,
      wall_seconds: resources.wallSeconds,
    },
    account: session.account,
    attempt: session.attempt,
    job_id: 'jobId' in facts ? facts.jobId : null,
    node: 'node' in facts ? facts.node : null,
    reachable: facts.state === 'ready' && facts.reachable,
    paused: 'paused' in facts ? facts.paused : facts.state === 'queued' && facts.waiting.hold === 'paused',
    ending: isEnding(session, word),
    told: session.facts.state === 'ended' || word === null ? null : toWireTime(word.askedAt),
    waiting: waitingOf(session),
    warnings: warningsOf(session, sayPlainly).map(({ about, endsAt, sentence, next }) => ({
      about,
      ends: toWireTime(endsAt),
      sentence,
      next,
    })),
    outcome: outcomeOf(session),
    created: toWireTime(session.createdAt),
    submitted: toWireTime(session.submittedAt),
    started: toWireTime(session.startedAt),
    became_ready: toWireTime(session.readyAt),
    ended: toWireTime(session.endedAt),
    ends: toWireTime(session.endsAt),
    last_activity: toWireTime(session.lastActivityAt),
    url,
    full_url: settings.places.fullUrl(session.userName, session.serverName),
    open_url: url + spec.application.openPath.replace(/^\//, ''),
  }
}

function waitingOf(session: Session): SessionView['waiting'] {
  if (session.facts.state !== 'queued') return null
  const { waiting } = session.facts
  const { sentence, cause, next } = waitingWords(waiting, session.spec, sayPlainly)
  const { hold, reason } = waiting
  return { hold, reason, sentence, cause, next, estimated_start: toWireTime(waiting.estimatedStartAt) }
}

function outcomeOf(session: Session): SessionView['outcome'] {
  if (session.facts.state !== 'ended') return null
  const { outcome } = session.facts
  const { title, sentence, cause, next } = outcomeWords(outcome, session, sayPlainly)
  return {
    code: outcome.code,
    title,
    sentence,
    cause,
    next,
    words: outcome.words,
    exit_code: outcome.exitCode,
    signal: outcome.signal,
    by: outcome.by,
    log: [...outcome.log],
    log_place: outcome.logPlace,
    use: outcome.use ? { cpu_seconds: outcome.use.cpuSeconds, memory_peak_mib: outcome.use.memoryPeakMiB } : null,
  }
}

export const toEventView = (event: SessionEvent): z.infer<typeof EventView> => ({
  seq: event.seq,
  at: toWireTime(event.at),
  type: event.type,
  data: { ...event.data },
})
