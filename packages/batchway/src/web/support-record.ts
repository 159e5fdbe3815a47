/** What somebody needs to help with a session: a text to copy, and the whole record as data. Pure; no secret gets in. */
import type { Session, SessionEvent } from '../sessions/session.ts'
import { evidenceOf } from './ended-view.ts'
import type { TimeWords } from './format.ts'
import type { SessionView } from './session-view.ts'
import { jobOf, nodeOf, type Trace } from './stage-timeline.ts'

/**
 * Take secrets out of an application's text. Agents do it for the secrets they know; this is for those that an application
 * makes itself, such as the token in the address that Jupyter prints.
 */
export const withoutSecrets = (text: string): string =>
  text
    .replace(/\b(token|_xsrf|code|key|secret|password|passwd)=[^\s&"'<>]+/gi, '$1=[removed]')
    .replace(/\b(authorization:\s*(?:\w+\s+)?|bearer\s+)[\w+/=.~-]{8,}/gi, '$1[removed]')

/** Plain text for a mail: code, words, job, node, times, address. @param url full address of the session's page. */
export function supportText(session: Session, view: SessionView, times: TimeWords, url: string, trace: Trace): string {
  const { facts, spec } = session
  const outcome = facts.state === 'ended' ? facts.outcome : null
  const at = (moment: number | null) => (moment === null ? null : `${times.full(moment)} (${iso(moment)})`)
  const lines: readonly (readonly [string, string | number | null])[] = [
    ['Code', outcome === null ? null : `session.${outcome.code}`],
    ['State', outcome === null ? `${view.chip.word}: ${view.sentence}` : null],
    ['What happened', outcome === null ? null : view.sentence],
    ['Likely cause', outcome === null ? null : view.cause],
    ...(outcome === null ? [] : evidenceOf(outcome, spec.clusterTitle)).map(
      ({ who, words, more }) => [who, [words, more].filter(Boolean).join(', ')] as const,
    ),
    ['Exit code', outcome?.exitCode ?? null],
    ['Signal', outcome?.signal ?? null],
    ['Ended by', outcome?.by ?? null],
    ['Session', session.id],
    [
      'User',
      session.account === session.userName ? session.userName : `${session.userName}, account ${session.account}`,
    ],
    ['Profile', `${spec.profile.title} (${spec.profile.key}), ${spec.application.title}`],
    ['Asked for', view.size],
    ['Cluster', spec.clusterTitle],
    ['Job', jobOf(session, trace)],
    ['Node', nodeOf(session, trace)],
    ['Attempts', session.attempt > 1 ? session.attempt : null],
    ['Asked', at(session.createdAt)],
    ['Submitted', at(session.submittedAt)],
    ['Started', at(session.startedAt)],
    ['Ready', at(session.readyAt)],
    ['Ended', at(session.endedAt)],
    ['Log', outcome?.logPlace ?? null],
    ['Page', url],
  ]
  const known = lines.filter(([, value]) => value !== null && value !== '')
  return withoutSecrets(known.map(([key, value]) => `${key}: ${String(value)}`).join('\n'))
}

/** Everything that is kept of a session, for a file. Its layout may grow; what is there keeps its meaning. */
export function sessionRecord(
  session: Session,
  events: readonly SessionEvent[],
  view: SessionView,
  made: { readonly at: number; readonly version: string },
): Readonly<Record<string, unknown>> {
  const { facts, spec } = session
  const outcome = facts.state === 'ended' ? facts.outcome : null
  return {
    format: 'batchway-session-1',
    made: iso(made.at),
    batchway: made.version,
    session: session.id,
    user: session.userName,
    server: session.serverName,
    account: session.account,
    state: facts.state,
    sentence: view.sentence,
    cause: view.cause,
    next: view.next,
    profile: spec.profile,
    cluster: { key: spec.cluster, title: spec.clusterTitle },
    // Not its arguments and environment: a site may keep secrets there.
    application: { key: spec.application.key, title: spec.application.title, access: spec.application.access },
    resources: spec.resources,
    job_options: spec.jobOptions,
    limits: spec.limits,
    attempts: session.attempt,
    job: 'jobId' in facts ? facts.jobId : view.job,
    node: view.node,
    waiting: facts.state === 'queued' ? facts.waiting : null,
    warnings: facts.state === 'ready' ? (facts.warnings ?? []) : [],
    times: {
      created: iso(session.createdAt),
      submitted: iso(session.submittedAt),
      started: iso(session.startedAt),
      ready: iso(session.readyAt),
      ended: iso(session.endedAt),
      walltime_ends: iso(session.endsAt),
      last_activity: iso(session.lastActivityAt),
    },
    outcome: outcome && {
      code: outcome.code,
      words: outcome.words && withoutSecrets(outcome.words),
      exit_code: outcome.exitCode,
      signal: outcome.signal,
      by: outcome.by,
      accounting: outcome.accounting,
      use: outcome.use ?? null,
      log: outcome.log.map(withoutSecrets),
      log_place: outcome.logPlace,
    },
    events: events.map(({ seq, at, type, data }) => ({ seq, at: iso(at), type, data })),
  }
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
