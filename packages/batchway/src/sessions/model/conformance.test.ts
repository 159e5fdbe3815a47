/** The rules that the model writes down anew, before the same cases as the room's own code. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { ClaimRequest } from '@batchway/agent'
import { type JobId, type JobPhase, type JobStatus, toJobId } from '@batchway/schedulers'
import { ClaimRefused, openClaims } from '../claims.ts'
import { plainOutcome } from '../decide-outcome.ts'
import { isShown } from '../own-job.ts'
import { openReconciler } from '../reconciler.ts'
import { openRoom } from '../room.ts'
import type { Attempt, Facts, LiveClaim, SessionState, Waiting } from '../session.ts'
import { openSubmitter } from '../submitter.ts'
import { type Bench, insertSession, openBench, sampleSite } from '../testing/bench.ts'
import { failingList } from '../testing/fake-cluster.ts'
import { type AdmissionFacts, admit, checkJob, rules, type ShownJob, type TraceFacts, withoutTrace } from './rules.ts'

const jobId = toJobId('101')
const otherJob = toJobId('202')
const because = plainOutcome('stopped-by-user')
const noWaiting: Waiting = { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null }

/** Every combination of one value of each list. */
function* product<T extends Record<string, readonly unknown[]>>(
  lists: T,
): Iterable<{ readonly [K in keyof T]: T[K][number] }> {
  const [first, ...rest] = Object.entries(lists)
  if (!first) {
    yield {} as { readonly [K in keyof T]: T[K][number] }
    return
  }
  const [name, values] = first
  for (const value of values) {
    for (const others of product(Object.fromEntries(rest)))
      yield { [name]: value, ...others } as { readonly [K in keyof T]: T[K][number] }
  }
}

function factsOf(state: SessionState, claim: LiveClaim | null): Facts {
  switch (state) {
    case 'submitting':
      return { state }
    case 'queued':
      return { state, jobId, waiting: noWaiting }
    case 'starting':
      return { state, jobId, node: 'n1', claim, paused: false }
    case 'ready':
      return {
        state,
        jobId,
        node: 'n1',
        claim: claim ?? { id: 'none', jobId, restart: 0, node: 'n1' },
        target: { host: 'n1', port: 1 },
        reachable: true,
        paused: false,
      }
    case 'stopping':
      return { state, jobId, claim, because }
    case 'ended':
      return { state, outcome: because }
  }
}

let count = 0
const nextId = (): string => {
  count += 1
  return `c${count.toString(36).padStart(8, '0')}`
}
const nonceOf = (name: string): string => createHash('md5').update(name).digest('hex')

interface ClaimCase {
  readonly facts: AdmissionFacts
  readonly shown: ShownJob | null
  /** The row names the claim of this very request. */
  readonly isHeld: boolean
}

/** What the room answers. */
async function claimFor(bench: Bench, { facts, shown, isHeld }: ClaimCase): Promise<string> {
  const session = nextId()
  const room = openRoom(bench.parts, async () => {})
  const { store, credentials } = bench.parts
  const now = bench.clock.now()
  const nonce = nonceOf(session)
  const own: LiveClaim = { id: nonce, jobId, restart: 1, node: 'n1' }
  const goneBefore: Facts = {
    state: 'stopping',
    jobId,
    claim: { ...own, id: nonceOf(`gone ${session}`), restart: 0 },
    because: plainOutcome('cancelled-outside'),
  }
  const row = await insertSession(bench, {
    id: session,
    tag: `b00${session}01`,
    serverName: session,
    facts: facts.isStartedAgain ? goneBefore : factsOf(facts.state, isHeld ? own : null),
    attempt: facts.isCurrentAttempt ? 1 : 2,
    jobId: facts.otherJob === 'none' ? jobId : otherJob,
    isShown: facts.otherJob !== 'printed',
  })
  room.adopt(row)
  const rival = { id: nonceOf(`rival ${session}`), jobId, restart: facts.rival === 'same' ? 1 : 0, node: 'n1' }
  const insert = (claim: LiveClaim, createdAt: number) =>
    store.insertClaim({
      ...claim,
      sessionId: session,
      attempt: 1,
      tokenHash: nonceOf(claim.id),
      createdAt,
      revokedAt: null,
    })
  if (facts.known !== 'none') await insert(own, now)
  if (facts.known === 'revoked') await store.revokeClaims(session, now)
  const claimedAt = now - 300_000
  if (facts.rival !== 'none') await insert(rival, claimedAt)

  const job: JobStatus | null = shown && {
    id: jobId,
    name: `b00${session}01`,
    owner: 'alice',
    phase: shown.phase,
    rawState: '',
    restarts: { fewer: 0, same: 1, more: 2 }[shown.restarts],
    startedAt: shown.isStartedAnew ? now : claimedAt - 1,
    host: 'n1',
  }
  const answer = { list: { complete: true, jobs: job ? [job] : [] }, askedAt: now }
  const claims = openClaims(room, {
    pollerOf: () => ({ ask: async () => answer }),
    lastHeartbeat: () => (facts.isRivalHeard ? now - 10_000 : now - 120_000),
  })
  const request: ClaimRequest = {
    protocol: 1,
    session,
    attempt: 1,
    nonce,
    jobId,
    restart: 1,
    node: 'n1',
    uid: 1_000,
    agentVersion: '0.1.0',
  }
  try {
    await claims.claim(credentials.attemptSecret(session, 1), request)
    return 'granted'
  } catch (error) {
    if (error instanceof ClaimRefused) return error.refusal
    throw error
  }
}

/** What the model says to the same. */
function ruleFor({ facts, shown, isHeld }: ClaimCase): string {
  const verdict = admit(facts)
  if (verdict === 'ended' || verdict === 'superseded' || verdict === 'later') return verdict
  if (verdict === 'known' && isHeld) return 'granted'
  return checkJob(shown, verdict === 'takeover') ?? 'granted'
}

const running: ShownJob = { phase: 'running', restarts: 'same', isStartedAnew: false }
const plain: AdmissionFacts = {
  state: 'queued',
  isStartedAgain: false,
  isCurrentAttempt: true,
  otherJob: 'none',
  known: 'none',
  rival: 'none',
  isRivalHeard: false,
}
const booleans = [true, false] as const
const states: readonly SessionState[] = ['submitting', 'queued', 'starting', 'ready', 'stopping', 'ended']
const phases: readonly JobPhase[] = ['pending', 'held', 'paused', 'running', 'ending', 'ended', 'unknown']

describe('the model’s rule for a claim', () => {
  it('admits whom the room admits', async () => {
    await using bench = await openBench()
    const answers = new Map<string, number>()
    const claimable = states.filter((state) => state !== 'ready')
    const cases = product({
      state: claimable,
      isStartedAgain: booleans,
      isCurrentAttempt: booleans,
      otherJob: ['none', 'printed', 'shown'] as const,
      known: ['none', 'live', 'revoked'] as const,
      rival: ['none', 'same', 'earlier'] as const,
      isRivalHeard: booleans,
      isHeld: booleans,
    })
    for (const { isHeld, ...facts } of cases) {
      if (facts.known === 'live' && facts.rival !== 'none') continue // there is one live claim at most
      const hasClaim = facts.state === 'starting' || facts.state === 'stopping'
      if (facts.isStartedAgain && (facts.state !== 'stopping' || isHeld || !facts.isCurrentAttempt)) continue
      if (isHeld && (facts.known !== 'live' || !hasClaim)) continue
      const one = { facts, shown: running, isHeld }
      const wanted = ruleFor(one)
      assert.equal(await claimFor(bench, one), wanted, JSON.stringify(one))
      answers.set(wanted, (answers.get(wanted) ?? 0) + 1)
    }
    assert.ok(['granted', 'superseded', 'ended', 'later'].every((answer) => (answers.get(answer) ?? 0) > 10))
  })

  it('reads the scheduler’s answer as the room does', async () => {
    await using bench = await openBench()
    const answers = new Set<string>()
    const shown = [...product({ phase: phases, restarts: ['fewer', 'same', 'more'] as const, isStartedAnew: booleans })]
    for (const { one, rival } of product({ one: [null, ...shown], rival: ['none', 'same', 'earlier'] as const })) {
      const asked = { facts: { ...plain, rival }, shown: one, isHeld: false }
      const wanted = ruleFor(asked)
      assert.equal(await claimFor(bench, asked), wanted, JSON.stringify(asked))
      answers.add(wanted)
    }
    assert.deepEqual([...answers].sort(), ['granted', 'later', 'superseded'])
  })
})

/** What the submitter does about a tag that a complete answer does not show. */
async function traceOf(given: TraceFacts): Promise<string> {
  const { submit, isSettled, isAccounted, isShownToOwner, mayBeHidden, isStopping, isLastAttempt } = given
  await using bench = await openBench()
  const { stores, cluster, clock } = bench
  const session = nextId()
  const number = isLastAttempt ? 3 : 1
  const tag = `b00${session}0${number}`
  const facts: Facts = isStopping ? { state: 'stopping', jobId: null, claim: null, because } : { state: 'submitting' }
  await insertSession(bench, { id: session, attempt: number, facts })
  const background: Promise<unknown>[] = []
  const room = openRoom(bench.parts, async () => {})
  const submitter = openSubmitter(room, { nudge() {}, inBackground: (work) => void background.push(work) })
  const attemptOf = async (): Promise<Attempt> => {
    const attempt = await stores.sessions.findAttempt(session, number)
    assert.ok(attempt)
    return attempt
  }
  const sessionNow = async () => {
    const found = await stores.sessions.find(session)
    assert.ok(found)
    return found
  }
  if (number !== 1) await stores.sessions.insertAttempt(submitter.prepare({ id: session }, number, '/home/alice'))
  await stores.sessions.updateAttempt(session, number, { submit, ...(submit === 'accepted' && { jobId: otherJob }) })
  room.adopt(await sessionNow())
  if (isAccounted) {
    const ended: JobId = cluster.add(tag, 'alice')
    cluster.end(ended, { kind: 'failed' })
    cluster.hide(ended)
  }
  if (isShownToOwner) cluster.add(tag, 'alice', { phase: 'pending' })
  if (mayBeHidden) {
    cluster.answerOwner = failingList
    cluster.onCancel = () => true
  }
  const ask = async (): Promise<void> => {
    await submitter.tagAbsent(await sessionNow(), await attemptOf(), {
      askedAt: clock.now(),
      steadySince: 0,
      showsOthers: false,
    })
    await Promise.all(background)
  }
  if (isSettled && (submit === 'running' || submit === 'unclear' || submit === 'accepted')) {
    await ask()
    await clock.advance(600_000)
  }
  await ask()
  const after = await sessionNow()
  if (after.attempt > number) return 'again'
  if (after.facts.state === 'ended') return isShown(await attemptOf()) ? 'ended' : 'never'
  if (cluster.requests.length > 0) return 'submit'
  return isShown(await attemptOf()) ? 'accepted' : 'wait'
}

describe('the model’s rule for a submit without a trace', () => {
  it('is the submitter’s', async () => {
    const verdicts = new Set<string>()
    const cases = product({
      submit: ['prepared', 'running', 'refused', 'unclear', 'accepted'] as const,
      isSettled: booleans,
      isAccounted: booleans,
      isShownToOwner: booleans,
      mayBeHidden: booleans,
      isStopping: booleans,
      isLastAttempt: booleans,
    })
    for (const facts of cases) {
      if (facts.mayBeHidden && (facts.submit !== 'accepted' || facts.isShownToOwner)) continue
      const wanted = withoutTrace(facts)
      assert.equal(await traceOf(facts), wanted, JSON.stringify(facts))
      verdicts.add(wanted)
    }
    assert.deepEqual([...verdicts].sort(), ['accepted', 'again', 'ended', 'never', 'submit', 'wait'])
  })
})

describe('the model’s rule for a job without a living attempt', () => {
  it('is the reconciler’s', async () => {
    const answers = new Set<boolean>()
    const cases = product({ hasEnded: booleans, isEarlierAttempt: booleans, isOtherJob: booleans })
    for (const facts of cases) {
      await using bench = await openBench()
      const { cluster, clock } = bench
      const session = nextId()
      const attempt = facts.isEarlierAttempt ? 2 : 1
      const background: Promise<unknown>[] = []
      const room = openRoom(bench.parts, async () => {})
      const reconciler = openReconciler(room, (work) => void background.push(work))
      const id = cluster.add(`b00${session}01`, 'alice', { phase: 'running' })
      const known = facts.isOtherJob ? otherJob : id
      const row = await insertSession(bench, {
        id: session,
        tag: `b00${session}01`,
        attempt,
        jobId: known,
        facts: facts.hasEnded
          ? { state: 'ended', outcome: because }
          : { state: 'queued', jobId: known, waiting: noWaiting },
        endedAt: facts.hasEnded ? clock.now() - 1 : null,
      })
      if (!facts.hasEnded) room.adopt(row)
      await reconciler.look(sampleSite(cluster), { complete: true, jobs: [...cluster.jobs.values()] }, clock.now())
      await Promise.all(background)
      const wanted = rules.isOrphan(facts)
      assert.equal(cluster.cancels.includes(id), wanted, JSON.stringify(facts))
      answers.add(wanted)
    }
    assert.equal(answers.size, 2)
  })
})
