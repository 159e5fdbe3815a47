/**
 * The words of this room: every event with its meaning, how grave it is, and the fields of its line. The one source of
 * docs/reference/events.md. Names and fields stay as they are; new ones may be added.
 */
import { type AuditAction, auditActions } from '../people/audit.ts'

/** As syslog counts them. @see RFC 5424, table 2 */
export type Severity = 'error' | 'warning' | 'notice' | 'info'

/**
 * `name`: text that tells one thing from others, kept whole. `words`: text for people, in which whatever looks like a secret is blanked.
 */
type Kind = 'name' | 'words' | 'number' | 'time'

const field = <K extends Kind>(kind: K, meaning: string) => ({ kind, meaning })

export const eventFields = {
  session: field('name', 'id of the session: the same in all its lines'),
  user: field('name', 'name of the user whose server it is'),
  server: field('name', 'name of the server; empty for the default one'),
  profile: field('name', 'key of the profile'),
  application: field('name', 'key of the application'),
  cluster: field('name', 'key of the cluster'),
  queue: field('name', 'queue or partition and cluster, `ram256g@mesabim3`; the cluster alone where it has no queues'),
  account: field('name', 'what the job is charged to; empty where it named nothing'),
  unix_account: field('name', 'account that the job runs as'),
  memory_mib: field('number', 'main memory asked for, MiB'),
  wall_seconds: field('number', 'walltime asked for'),
  nodes: field('number', 'nodes asked for'),
  cores: field('number', 'cores asked for on each node'),
  gpus: field('number', 'GPUs asked for'),
  attempt: field('number', 'which try to run the job this is, from 1'),
  job: field('name', 'id of the job in the scheduler; null while there is none'),
  node: field('name', 'compute node; null while nobody knows'),
  queue_seconds: field('number', 'from the request to the start of the job'),
  boot_seconds: field('number', 'from the start of the job to ready'),
  start_seconds: field('number', 'from the request to ready; null if it never was'),
  run_seconds: field('number', 'from the start of the job to its end; null if it never started'),
  outcome: field('name', 'how it ended: a code of [outcomes](outcomes.md)'),
  by: field('name', 'name of the person who stopped it; null if nobody did'),
  exit_code: field('number', 'exit code of the application; null where there is none'),
  signal: field('name', 'signal that ended the application; null where there is none'),
  cpu_seconds: field('number', 'processor time used, as the agent measured it; null where none could tell'),
  memory_peak_mib: field('number', 'most memory used, as the agent measured it; null where none could tell'),
  words: field('words', 'why, in words of the scheduler, the agent or the hub; null where there are none'),
  code: field('name', 'a code of [errors](errors.md), or `internal`'),
  since: field('time', 'when it began'),
  silent_seconds: field('number', 'for how long it did not answer'),
  count: field('number', 'how many'),
  sink: field('name', 'which entry of `events.to`, e.g. `syslog-tcp loghost:601`'),
  version: field('name', 'version of Batchway'),
  method: field('name', 'method of the request'),
  handler: field('name', 'what was asked: a route of the API, or a kind of page; never the address itself'),
  status: field('number', 'HTTP status of the answer'),
  actor: field('name', 'who did it, as in the [audit log](audit.md)'),
  object: field('name', 'to whom or what'),
  address: field('name', 'address of the client; empty if there was none'),
  way: field('name', 'how the actor had signed in'),
  result: field('name', '`ok` or `refused`'),
  detail: field('words', 'more in a few words'),
} as const
export type FieldName = keyof typeof eventFields

const event = <const F extends readonly FieldName[]>(severity: Severity, meaning: string, fields: F) => ({
  severity,
  meaning,
  fields,
})

const session = ['session', 'user', 'server', 'profile', 'cluster'] as const
const audited = ['actor', 'object', 'address', 'way', 'result', 'detail'] as const

const happenings = {
  'session.requested': event('info', 'a session was asked for and written down', [
    ...session,
    'application',
    'queue',
    'account',
    'unix_account',
    'memory_mib',
    'wall_seconds',
    'nodes',
    'cores',
    'gpus',
  ]),
  'session.refused': event('warning', 'a session was asked for, and not begun', ['user', 'server', 'code', 'words']),
  'session.queued': event('info', 'the scheduler took its job', [...session, 'attempt', 'job', 'words']),
  'session.started': event('info', 'its job got its nodes', [...session, 'attempt', 'job', 'node', 'queue_seconds']),
  'session.requeued': event('warning', 'its job, which ran, waits again', [...session, 'attempt', 'job', 'words']),
  'session.ready': event('info', 'its application answers', [
    ...session,
    'attempt',
    'job',
    'node',
    'queue_seconds',
    'boot_seconds',
    'start_seconds',
  ]),
  'session.silent': event('warning', 'its agent is not heard of, so that nobody is led there', [...session, 'node']),
  'session.back': event('info', 'its agent is heard of again', [...session, 'node']),
  'session.stopping': event('info', 'somebody or a rule asked it to end', [...session, 'job', 'outcome', 'by']),
  'session.ended': event('info', 'it has ended', [
    ...session,
    'attempt',
    'outcome',
    'by',
    'words',
    'exit_code',
    'signal',
    'start_seconds',
    'run_seconds',
    'cpu_seconds',
    'memory_peak_mib',
  ]),
  'session.accounted': event('info', 'what became known after its end changed its outcome', [
    ...session,
    'outcome',
    'words',
    'cpu_seconds',
  ]),
  'cluster.silent': event('error', 'a scheduler does not answer', ['cluster', 'since', 'words']),
  'cluster.back': event('notice', 'it answers again', ['cluster', 'silent_seconds']),
  'proxy.silent': event('error', 'the proxy does not answer', ['since', 'words']),
  'proxy.back': event('notice', 'it answers again', ['silent_seconds']),
  'routes.mended': event('warning', 'routes of the proxy were not what they should be, and were mended', ['count']),
  'request.refused': event(
    'notice',
    'requests that would have changed something were refused: the first at once, more of its kind as one',
    ['method', 'handler', 'status', 'count'],
  ),
  'request.failed': event(
    'error',
    'requests met a fault of the hub or of what it needs: the first at once, more of its kind as one',
    ['method', 'handler', 'status', 'count'],
  ),
  'hub.started': event('notice', 'the hub listens; `count` sessions were there before', ['version', 'count']),
  'hub.stopping': event('notice', 'the hub ends in order; sessions go on', ['version']),
  'events.dropped': event('warning', 'so many events were not handed to this sink, which was behind', [
    'sink',
    'count',
    'since',
  ]),
} as const

/** The end of a session is told with its figures already. */
type Audited = Exclude<AuditAction, 'session-end'>
const isAudited = (entry: [string, string]): entry is [Audited, string] => entry[0] !== 'session-end'

type AuditEvents = { readonly [A in Audited as `audit.${A}`]: ReturnType<typeof event<typeof audited>> }

const auditEvents = Object.fromEntries(
  Object.entries(auditActions)
    .filter(isAudited)
    .map(([action, meaning]) => [`audit.${action}`, event('notice', meaning, audited)]),
)
const hasAll = (made: object): made is AuditEvents =>
  Object.keys(auditActions).every((action) => action === 'session-end' || `audit.${action}` in made)
if (!hasAll(auditEvents)) throw new TypeError('an action of the audit log has no event')

export const events: typeof happenings & AuditEvents = { ...happenings, ...auditEvents }
export type EventName = keyof typeof events

/** Times are Unix milliseconds. */
type ValueOf<F extends FieldName> = (typeof eventFields)[F]['kind'] extends 'number' | 'time'
  ? number | null
  : string | null

/** The fields of an event, all of them. */
export type Told<N extends EventName> = { readonly [F in (typeof events)[N]['fields'][number]]: ValueOf<F> }

export type Emit = <N extends EventName>(name: N, told: Told<N>, when?: EventTime) => void

export interface EventTime {
  /** Unix ms; now if absent. */
  readonly at?: number
  /** It may have been told before: by a hub that died. */
  readonly isAgain?: boolean
}

export const eventNames: readonly string[] = Object.keys(events)
export const isEventName = (text: string): text is EventName => Object.hasOwn(events, text)
