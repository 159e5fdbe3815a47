/**
 * Sentences for how a session ended and why it waits: pure tables, for pages and API alike. Voice: plain words, present facts, a
 * clock time, then the reason, then what one can do. Scheduler codes never stand without a sentence.
 */
import type { Spec } from '../profiles/spec.ts'
import type { Outcome, OutcomeCode, Session, Waiting } from './session.ts'

/** How to say quantities: the page knows time zone and locale, this file does not. */
export interface Say {
  /** Unix milliseconds → `11:26`. */
  clock(at: number): string
  memory(mebibytes: number): string
  duration(seconds: number): string
}

/** Meaning of the state for colour and icon. `bad` is for what failed; a walltime end is not. */
export type Tone = 'ok' | 'wait' | 'move' | 'bad' | 'idle'

export interface OutcomeWords {
  /** Two or three words, for a chip. */
  readonly title: string
  readonly tone: Tone
  readonly sentence: string
  /** What is kept and what is gone. */
  readonly safe: string
  readonly cause: string
  readonly next: string
}

interface Told {
  /** ` at 11:26`, or nothing if the time is unknown. */
  readonly at: string
  readonly memory: string
  readonly wall: string
  readonly queueLimit: string
  readonly readyLimit: string
  readonly idle: string
  readonly by: string | null
  readonly exit: string
  readonly application: string
  readonly account: string
  readonly cluster: string
}
type Entry = readonly [title: string, tone: Tone, sentence: (t: Told) => string, cause: string, next: string]

const again = 'Start it again.'
const readTheLog = 'Read the last log lines below; the first error is usually the cause.'

const outcomes: Readonly<Record<OutcomeCode, Entry>> = {
  finished: [
    'Finished',
    'idle',
    (t) => `${t.application} ended by itself${t.at}.`,
    'It was shut down from inside, for example by “Shut Down” in its menu.',
    again,
  ],
  'stopped-by-user': [
    'Stopped',
    'idle',
    (t) => `You stopped it${t.at}.`,
    'Someone signed in as you pressed Stop or Cancel.',
    again,
  ],
  'stopped-by-admin': [
    'Stopped by an administrator',
    'idle',
    (t) => `${t.by ?? 'An administrator'} stopped it${t.at}.`,
    'Administrators stop sessions for maintenance, or when one disturbs others.',
    'Ask your support before starting it again.',
  ],
  'cancelled-outside': [
    'Cancelled',
    'idle',
    (t) => `${t.by ? `${t.by} cancelled its job` : 'Its job was cancelled'} on ${t.cluster}${t.at}.`,
    'The job was cancelled with the scheduler’s own command, not on this page.',
    again,
  ],
  idle: [
    'Stopped, idle',
    'idle',
    (t) => `Nobody used it for ${t.idle}, so it was stopped${t.at}.`,
    'The site stops sessions that nobody uses, to free their nodes.',
    again,
  ],
  walltime: [
    'Walltime reached',
    'idle',
    (t) => `Its time of ${t.wall} was over${t.at}.`,
    'A job runs at most for the time it asked for.',
    'Start it again, with more time if the profile allows it.',
  ],
  'out-of-memory': [
    'Out of memory',
    'bad',
    (t) => `It needed more than the ${t.memory} it had, so the node stopped it${t.at}.`,
    'A table or array larger than the memory, or many notebooks open at once.',
    'Ask for more memory, or read the data in pieces.',
  ],
  'node-failure': [
    'Node failure',
    'bad',
    (t) => `The node it ran on failed${t.at}.`,
    'A fault of the machine, not of your work.',
    'Start it again: it gets another node.',
  ],
  preempted: [
    'Preempted',
    'idle',
    (t) => `A job with higher priority took its place${t.at}.`,
    'The partition lets more important jobs push others out.',
    'Start it again, on another partition if this happens often.',
  ],
  rejected: [
    'Rejected',
    'bad',
    (t) => `${t.cluster} did not accept the job${t.at}.`,
    'What was asked for breaks a rule of the scheduler; its own words say which.',
    'Change what you ask for, then start it again.',
  ],
  'can-never-run': [
    'Can never run',
    'bad',
    (t) => `${t.cluster} can never run what was asked for.`,
    'The request is larger than a node, longer than the partition allows, or needs something that is not there.',
    'Ask for less, or choose another profile.',
  ],
  'not-prepared': [
    'Node not prepared',
    'bad',
    (t) => `The node could not be prepared for ${t.application}${t.at}.`,
    'What the site runs on a node before a job, or before this application, failed there.',
    'Start it again: it may get another node. If it happens twice, tell your support.',
  ],
  'queue-limit': [
    'Waited too long',
    'idle',
    (t) => `It waited longer than ${t.queueLimit}, so it was taken out of the queue${t.at}.`,
    'The profile limits the wait in the queue.',
    'Start it again at a quieter hour, or ask for less.',
  ],
  'home-missing': [
    'Home folder missing',
    'bad',
    (t) => `The home folder of ${t.account} was not there on the node.`,
    'The file system is not mounted on that node, or the account has no home folder yet.',
    'Tell your support: they know the node from the details below.',
  ],
  'home-full': [
    'Home folder full',
    'bad',
    (t) => `The home folder of ${t.account} is full.`,
    'Applications write small files when they start; without space they cannot.',
    'Delete or move files, then start it again.',
  ],
  'home-read-only': [
    'Home folder read-only',
    'bad',
    (t) => `The home folder of ${t.account} could not be written to.`,
    'The file system is mounted read-only on that node, or the permissions of the folder changed.',
    'Check that you can write there from a login node; if so, tell your support.',
  ],
  'output-unwritable': [
    'Log not writable',
    'bad',
    (t) => `The job could not write its log file in the home folder of ${t.account}.`,
    'The folder can be written to, but this file cannot: the quota of files is used up, or something else has its name.',
    'Check space and permissions of your home folder, then start it again.',
  ],
  'application-not-found': [
    'Application not found',
    'bad',
    (t) => `${t.application} was not found on the node.`,
    'Its program is missing there, or a module that provides it is not loaded.',
    'Choose another profile, or tell your support.',
  ],
  'module-failed': [
    'Module failed',
    'bad',
    (t) => `A module that ${t.application} needs could not be loaded.`,
    'The module was renamed or removed, or it conflicts with another one.',
    'Tell your support: the module’s own words are below.',
  ],
  'runtime-not-startable': [
    'Could not begin',
    'bad',
    () => 'The program that looks after the session could not start on the node.',
    'Its folder is not visible on the node, or the node’s system is too old for it.',
    'Tell your support: this is theirs to repair.',
  ],
  'hub-not-reachable': [
    'Node could not reach us',
    'bad',
    () => 'The job ran, but its node could not reach this site.',
    'A firewall or a wrong address between the compute nodes and this site.',
    'Start it again; if it happens twice, tell your support.',
  ],
  'never-ready': [
    'Never ready',
    'bad',
    (t) => `${t.application} did not answer within ${t.readyLimit}.`,
    'It hung while starting, often because of a slow file system or a broken package in your home folder.',
    readTheLog,
  ],
  'application-failed': [
    'Application failed',
    'bad',
    (t) => `${t.application} ended with an error${t.exit}${t.at}.`,
    'It crashed, or its set-up is broken.',
    readTheLog,
  ],
  'job-failed': [
    'Job failed',
    'bad',
    (t) => `The job ended with an error${t.exit}${t.at}.`,
    'Something failed before or beside the application.',
    readTheLog,
  ],
  lost: [
    'Lost',
    'bad',
    (t) => `${t.cluster} does not know the job any more, and nobody can say how it ended.`,
    'The scheduler forgot the job before it told how it ended.',
    'Start it again.',
  ],
}

/** Every word the ended page needs, for every outcome. Pure. */
export function outcomeWords(outcome: Outcome, session: Session, say: Say): OutcomeWords {
  const [title, tone, sentence, ...advice] = outcomes[outcome.code]
  const [cause, next] = (outcome.code === 'can-never-run' && neverWords(outcome.words)) || advice
  const at = session.endedAt === null ? '' : ` at ${say.clock(session.endedAt)}`
  const { spec } = session
  const told: Told = {
    at,
    memory: say.memory(spec.resources.memoryMiB),
    wall: say.duration(spec.resources.wallSeconds),
    queueLimit: spec.limits.queueSeconds === null ? 'the limit' : say.duration(spec.limits.queueSeconds),
    readyLimit: say.duration(spec.limits.readySeconds),
    idle: spec.limits.idle ? say.duration(spec.limits.idle.seconds) : 'a while',
    by: outcome.by ?? outcome.accounting?.by ?? null,
    exit: exitWords(outcome),
    application: spec.application.title,
    account: session.account,
    cluster: spec.clusterTitle,
  }
  const safe =
    session.readyAt === null
      ? 'It had not become ready, so nothing is lost.'
      : `Files saved before${session.endedAt === null ? ' then' : ` ${say.clock(session.endedAt)}`} are in your home folder; what was only in memory is gone.`
  return { title, tone, sentence: sentence(told), safe, cause, next }
}

function exitWords({ exitCode, signal }: Outcome): string {
  if (signal !== null) return ` (signal ${signal})`
  return exitCode === null ? '' : ` (exit code ${exitCode})`
}

export interface WaitingWords {
  /** `Waiting for 4 cores in batch. Expected start: 14:05.` */
  readonly sentence: string
  readonly cause: string
  readonly next: string
  /** The scheduler's own word, to show beside the sentence. */
  readonly raw: string | null
}

type Reason = readonly [pattern: RegExp, cause: string, next: string]
const wait = 'Nothing to do: it starts by itself. You can close this page.'

/** Slurm's names: squeue(1), "JOB REASON CODES", 24.11. First match counts; anything else is told by its class. */
const reasons: readonly Reason[] = [
  [
    /^Priority$/,
    'Other jobs are ahead of yours for the same kind of node.',
    'Ask for less time to fit into a gap, or wait.',
  ],
  [/^Resources$/, 'You are next: it starts on the first node that frees enough.', wait],
  [/^None$|^\(null\)$/, 'The scheduler has just taken it and has not looked at it yet.', wait],
  [
    /^QOSMax(Jobs|Submit)|^AssocMax(Jobs|Submit)|^MaxJobsPerAccount|UserLimit$/,
    'You run as many jobs as you are allowed at once.',
    'Stop one of your sessions or jobs, or wait until one ends.',
  ],
  [
    /^(Assoc|QOS)Grp|GroupLimit$/,
    'Your project runs as much as it is allowed at once, or has used its share.',
    'Use another project, or ask who manages yours.',
  ],
  [
    /^ReqNodeNotAvail|^Maint|^Reservation/,
    'The nodes are reserved, down or kept for a maintenance that your time would run into.',
    'Ask for less time so that it ends before, or wait.',
  ],
  [/^BeginTime$/, 'It was just put back into the queue; the scheduler waits a moment before it tries again.', wait],
  [/^Dependency/, 'It waits for another job to end.', wait],
  [/^Licenses$/, 'All licences it needs are in use.', 'Wait until one is free.'],
  [
    /^Partition(Down|Inactive)$/,
    'The partition is closed at the moment.',
    'Choose a profile on another partition, or wait until it opens.',
  ],
  [/^PartitionTimeLimit$|MaxWall/, 'It asks for more time than allowed there.', 'Cancel it and ask for less time.'],
  [
    /^PartitionNodeLimit$|MaxNode|MaxCpu|MaxMem|MaxTRES|BadConstraints/,
    'It asks for more than is allowed there.',
    'Cancel it and ask for less.',
  ],
  [
    /^JobHeldUser$/,
    'You or a script of yours put it on hold.',
    'Release it with the scheduler’s own command, or cancel it.',
  ],
  [/^JobHeldAdmin$/, 'An administrator put it on hold.', 'Ask your support.'],
  [/^Invalid(Account|QOS)/, 'The project it asks for is not valid any more.', 'Cancel it and use another project.'],
  [
    /^Nodes_required|^NodeDown/,
    'The nodes it needs are down or being drained.',
    'Wait until they are back, or choose another profile.',
  ],
  [/^Prolog$|^Cleaning$/, 'The node is being prepared.', wait],
]

const classes: Readonly<Record<Waiting['wait'], readonly [cause: string, next: string]>> = {
  normal: ['Other jobs use the nodes it fits on.', wait],
  'user-limit': [
    'You run as much as you are allowed at once.',
    'Stop one of your sessions or jobs, or wait until one ends.',
  ],
  'group-limit': [
    'Your project runs as much as it is allowed at once, or has used its share.',
    'Use another project, or ask who manages yours.',
  ],
  held: ['It is on hold.', 'Ask your support, or cancel it.'],
  never: ['It can never run as it was asked for.', 'Cancel it and ask for less.'],
}

/** Why a session waits, in words. Never invents an estimate. Pure. */
export function waitingWords(waiting: Waiting, spec: Spec, say: Say): WaitingWords {
  const known = reasons.find(([pattern]) => waiting.reason !== null && pattern.test(waiting.reason))
  const isUntold = waiting.reason === null && waiting.hold === 'none' && waiting.wait === 'normal'
  const untold = [`${spec.clusterTitle} has taken it and has not said yet why it waits.`, wait]
  const [cause, next] =
    known?.slice(1) ?? (isUntold ? untold : classes[waiting.hold === 'held' ? 'held' : waiting.wait])
  const start =
    waiting.estimatedStartAt === null
      ? `${spec.clusterTitle} gives no estimate now.`
      : `Expected start: ${say.clock(waiting.estimatedStartAt)}.`
  const lead = waiting.hold === 'paused' ? 'Paused' : waiting.hold === 'held' ? 'On hold' : 'Waiting'
  return {
    sentence: `${lead} for ${askedWords(spec)} in ${placeOf(spec)}. ${waiting.hold === 'held' ? '' : start}`.trim(),
    cause: String(cause),
    next: String(next),
    raw: waiting.reason,
  }
}

/** The reason of a wait that would never have ended, said to who asks anew. */
function neverWords(reason: string | null): readonly [cause: string, next: string] | null {
  const [, cause, next] = reasons.find(([pattern]) => reason !== null && pattern.test(reason)) ?? []
  const [, todo] = /^Cancel it and (.*)$/.exec(next ?? '') ?? []
  if (cause === undefined || todo === undefined) return null
  return [cause, `${todo.charAt(0).toUpperCase()}${todo.slice(1)}`]
}

/** What is scarce in the request: GPUs if it asks for some, else cores. */
function askedWords({ resources: { gpus, gpuType, cores } }: Spec): string {
  if (gpus > 0) return `${gpus} ${gpuType ? gpuType.toUpperCase() : gpus === 1 ? 'GPU' : 'GPUs'}`
  return `${cores} ${cores === 1 ? 'core' : 'cores'}`
}

/** The partition or queue, else the cluster. */
export function placeOf(spec: Spec): string {
  const place = spec.jobOptions.partition ?? spec.jobOptions.queue
  return typeof place === 'string' && place !== '' ? place : spec.clusterTitle
}
