/**
 * How a session ended, from what the agent, the scheduler and a person each tell. Pure.
 * The agent knows the application; accounting knows the job; neither is believed about the other: one killed kernel marks a
 * whole Slurm job OUT_OF_MEMORY although Jupyter lived on.
 */
import { type ExitReason, type ExitWord, exitCodes, type Usage } from '@batchway/agent'
import type { JobEnd } from '@batchway/schedulers'
import type { Outcome, OutcomeCode, Use } from './session.ts'

/** What an agent's exit report says, already validated. */
export interface ExitFacts {
  readonly why: ExitReason
  /** For `preflight`: what the job script found. */
  readonly word?: ExitWord | undefined
  readonly exitCode: number | null
  readonly signal: string | null
  readonly log: readonly string[]
  readonly message: string
  readonly usage?: Usage
}

export const plainOutcome = (code: OutcomeCode, more: Partial<Omit<Outcome, 'code'>> = {}): Outcome => ({
  code,
  words: null,
  exitCode: null,
  signal: null,
  by: null,
  log: [],
  logPlace: null,
  accounting: null,
  ...more,
})

const exitReasons: Readonly<Record<ExitFacts['why'], OutcomeCode>> = {
  application: 'application-failed',
  // A signal that nobody here asked for: accounting will say whose it was.
  stopped: 'cancelled-outside',
  walltime: 'walltime',
  idle: 'idle',
  'not-found': 'application-not-found',
  'never-ready': 'never-ready',
  home: 'home-missing',
  module: 'module-failed',
  agent: 'job-failed',
  preflight: 'job-failed',
}

/** What the agent measured, in the units of the session's own resources. */
export function useOf(usage: Usage | undefined): Use | null {
  if (!usage || (usage.memoryPeakBytes === null && usage.cpuSeconds === null)) return null
  const { cpuSeconds, memoryPeakBytes } = usage
  return { cpuSeconds, memoryPeakMiB: memoryPeakBytes === null ? null : Math.ceil(memoryPeakBytes / 2 ** 20) }
}

/** @param hasAnswered had the application become ready? */
export function outcomeOfExit(exit: ExitFacts, hasAnswered = true): Outcome {
  const code =
    exit.why === 'application' && exit.exitCode === 0
      ? 'finished'
      : // What a shell, and whatever wraps a program in one, ends with where the program is not there.
        exit.why === 'application' && exit.exitCode === 127 && !hasAnswered
        ? 'application-not-found'
        : exit.why === 'preflight' && exit.word
          ? exitWords[exit.word]
          : exitReasons[exit.why]
  const use = useOf(exit.usage)
  return plainOutcome(code, {
    words: exit.message || null,
    exitCode: exit.exitCode,
    signal: exit.signal,
    log: exit.log,
    ...(use && { use }),
  })
}

/** What the job script's own checks and the agent say by exit code, where no report ever came. */
const exitWords: Readonly<Record<ExitWord, OutcomeCode>> = {
  'home-missing': 'home-missing',
  'home-full': 'home-full',
  'home-read-only': 'home-read-only',
  'home-not-writable': 'home-read-only',
  'runtime-not-startable': 'runtime-not-startable',
  'agent-missing': 'runtime-not-startable',
  'module-failed': 'module-failed',
  'module-command-missing': 'module-failed',
  'prologue-failed': 'not-prepared',
  'output-not-writable': 'output-unwritable',
  'ticket-missing': 'job-failed',
  'ticket-invalid': 'job-failed',
  'hub-not-reachable': 'hub-not-reachable',
  'claim-refused': 'job-failed',
  'protocol-mismatch': 'runtime-not-startable',
  'listen-failed': 'job-failed',
  'never-ready': 'never-ready',
  'agent-failed': 'job-failed',
  walltime: 'walltime',
  idle: 'idle',
}
/** These a job has only from an agent whose last report was lost; an application may use the others for its own ends. */
const agentWords: ReadonlySet<OutcomeCode> = new Set(['walltime', 'idle', 'never-ready'])
const outcomeOfExitCode: ReadonlyMap<number, OutcomeCode> = new Map(
  Object.entries(exitWords).map(([word, code]) => [exitCodes[word as ExitWord], code]),
)

const endCodes: Readonly<Record<JobEnd['kind'], OutcomeCode>> = {
  completed: 'finished',
  failed: 'job-failed',
  cancelled: 'cancelled-outside',
  walltime: 'walltime',
  'out-of-memory': 'out-of-memory',
  'node-failure': 'node-failure',
  preempted: 'preempted',
  // Our jobs open their output themselves: what could not be launched failed for another reason.
  'launch-failed': 'job-failed',
  'not-prepared': 'not-prepared',
  impossible: 'can-never-run',
  unknown: 'lost',
}

/** The job ended and no agent told why. @param agent did one claim the attempt? */
export function outcomeOfEnd(end: JobEnd | null, agent: 'claimed' | 'unclaimed'): Outcome {
  if (end === null) return plainOutcome('lost')
  const fromExitCode = end.exitCode === undefined ? undefined : outcomeOfExitCode.get(end.exitCode)
  const code =
    end.kind === 'failed' && fromExitCode && (agent === 'unclaimed' || agentWords.has(fromExitCode))
      ? fromExitCode
      : end.kind === 'failed' && end.exitCode === 127
        ? 'application-not-found'
        : end.kind === 'completed' && agent === 'unclaimed'
          ? 'job-failed'
          : endCodes[end.kind]
  return withEnd(plainOutcome(code), end)
}

const byButton: ReadonlySet<OutcomeCode> = new Set(['stopped-by-user', 'stopped-by-admin'])

const withEnd = (outcome: Outcome, end: JobEnd): Outcome => ({
  ...outcome,
  // That the scheduler calls it a cancel explains nothing where a person pressed a button.
  words: outcome.words ?? (byButton.has(outcome.code) ? null : (end.words ?? null)),
  exitCode: outcome.exitCode ?? end.exitCode ?? null,
  by: outcome.by ?? end.by ?? null,
  accounting: end,
})

/** The application was killed from outside (by the kernel's out-of-memory killer or the scheduler), or vanished with the job. */
const wasKilled = (outcome: Outcome): boolean =>
  outcome.signal === 'SIGKILL' || outcome.exitCode === 137 || outcome.code === 'cancelled-outside'

/** An agent, which the script becomes, has told something: then the script did begin. */
const hasTold = ({ exitCode, signal, use, log }: Outcome): boolean =>
  exitCode !== null || signal !== null || use !== undefined || log.length > 0

/** Outcomes that accounting may sharpen: what the agent could only see from inside. */
const open: ReadonlySet<OutcomeCode> = new Set([
  'cancelled-outside',
  'application-failed',
  'job-failed',
  'lost',
  'never-ready',
])

/** Merge what accounting says into an outcome. What a person or a rule decided stays decided. */
export function refineOutcome(outcome: Outcome, end: JobEnd | null): Outcome {
  if (end === null) return outcome
  if (!open.has(outcome.code)) return withEnd(outcome, end)
  const sharper: OutcomeCode | null =
    end.kind === 'walltime' || end.kind === 'node-failure' || end.kind === 'preempted'
      ? endCodes[end.kind]
      : end.kind === 'not-prepared' && !hasTold(outcome)
        ? 'not-prepared'
        : end.kind === 'out-of-memory' && (wasKilled(outcome) || outcome.code === 'lost')
          ? 'out-of-memory'
          : outcome.code === 'lost'
            ? outcomeOfEnd(end, 'claimed').code
            : null
  // A list that knows no more than a cancel has said so.
  const words = sharper === 'not-prepared' ? null : outcome.words
  return withEnd(sharper ? { ...outcome, code: sharper, words } : outcome, end)
}
