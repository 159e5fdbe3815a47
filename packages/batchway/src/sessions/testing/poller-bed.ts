/** One poller on a scheduler in memory, whose duties write down what they are told. */
import type { JobId, JobStatus } from '@batchway/schedulers'
import { silentLogger } from '../../core/logger.ts'
import { plainOutcome } from '../decide-outcome.ts'
import { openPoller, type PollerDuties, type WithoutTag } from '../poller.ts'
import type { Attempt, Facts, Session } from '../session.ts'
import { sampleSite, sampleSpec } from './bench.ts'
import { fakeClock } from './fake-clock.ts'
import { type FakeCluster, fakeCluster } from './fake-cluster.ts'

export const minute = 60_000
const states = {
  submitting: { state: 'submitting' },
  queued: (jobId) => ({
    state: 'queued',
    jobId,
    waiting: { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null },
  }),
  starting: (jobId) => ({ state: 'starting', jobId, node: 'n1', claim: null, paused: false }),
  ready: (jobId) => ({
    state: 'ready',
    jobId,
    node: 'n1',
    claim: { id: 'c1', jobId, restart: 0, node: 'n1' },
    target: { host: 'n1', port: 1 },
    reachable: true,
    paused: false,
  }),
  stopping: (jobId) => ({ state: 'stopping', jobId, claim: null, because: plainOutcome('stopped-by-user') }),
} satisfies Record<string, Facts | ((jobId: JobId) => Facts)>

/** A poller whose duties write down what they are told, in the words `what id`. */
export function openPollerBed({ turns }: { turns?: number } = {}) {
  const clock = fakeClock(undefined, turns)
  const cluster: FakeCluster = fakeCluster()
  const sessions = new Map<string, Session>()
  const attempts = new Map<string, Attempt>()
  const told: string[] = []
  const heard = new Map<string, number>()
  const denied = new Map<string, number>()
  const answers: number[] = []
  const leftovers = new Set<string>()
  let onStatus: PollerDuties['onStatus'] = async (session, attempt, status, askedAt) => {
    told.push(`${status.phase} ${session.id}`)
    const first = attempt.firstSeenAt ?? askedAt
    attempts.set(session.id, { ...attempt, jobId: status.id, firstSeenAt: first })
  }
  const askedAts: number[] = []
  const withoutTag: WithoutTag[] = []

  /** A session with a job of its own, unless the state knows none. */
  function add(id: string, state: keyof typeof states, job: Partial<JobStatus> = {}): JobId {
    const tag = `b00${id}`
    const jobId = cluster.add(tag, 'alice', { phase: 'running', host: 'n1', ...job })
    const facts = states[state]
    sessions.set(id, {
      id,
      userId: 1,
      userName: 'alice',
      serverName: id,
      account: 'alice',
      spec: sampleSpec(),
      facts: typeof facts === 'function' ? facts(jobId) : facts,
      attempt: 1,
      version: 1,
      createdAt: clock.now() - 10 * minute,
      submittedAt: null,
      startedAt: null,
      readyAt: null,
      endedAt: null,
      endsAt: null,
      lastActivityAt: null,
    })
    attempts.set(id, {
      sessionId: id,
      number: 1,
      tag,
      secretHash: '',
      jobId: state === 'submitting' ? null : jobId,
      submit: state === 'submitting' ? 'unclear' : 'accepted',
      submitPid: null,
      submitPidStart: null,
      createdAt: clock.now(),
      acceptedAt: state === 'submitting' ? null : clock.now() - minute,
      firstSeenAt: state === 'submitting' ? null : clock.now() - minute,
      lastSeenAt: null,
      outputPath: '',
      agentDirectory: null,
    })
    return jobId
  }

  const open = () =>
    openPoller(
      sampleSite(cluster),
      {
        sessions: () => [...sessions.values()],
        attemptOf: async ({ id }) => attempts.get(id) ?? null,
        onStatus: (...args) => {
          askedAts.push(args[3])
          return onStatus(...args)
        },
        onVanished: async ({ id }, status) => {
          told.push(`vanished ${id} ${status?.end?.kind ?? ''}`.trim())
          sessions.delete(id)
        },
        onTagAbsent: async ({ id }, _, answer) => {
          told.push(`absent ${id}`)
          withoutTag.push(answer)
        },
        heardAt: ({ id }) => heard.get(id),
        deniedAt: ({ id }) => denied.get(id),
        onAnswer: async ({ askedAt }) => void answers.push(askedAt),
        hasLeftovers: () => leftovers.size > 0,
      },
      { now: clock.now, log: silentLogger, sleep: clock.sleep },
    )
  return {
    clock,
    cluster,
    sessions,
    attempts,
    told,
    heard,
    denied,
    answers,
    leftovers,
    askedAts,
    withoutTag,
    add,
    open,
    answerStatus: (act: PollerDuties['onStatus']) => {
      onStatus = act
    },
  }
}

/** What accounting says of a job that is over. */
export const ended: Omit<JobStatus, 'id' | 'name'> = {
  owner: 'alice',
  phase: 'ended',
  rawState: 'CD',
  restarts: 0,
  end: { kind: 'completed' },
}
