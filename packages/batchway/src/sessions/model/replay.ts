/**
 * Is a recorded history a path of the machine? Each line of a session's timeline names a state, an event and the next state;
 * whatever may have been the details of the event, the real table must have a step that tells just this. Pure.
 */
import { isDeepStrictEqual } from 'node:util'
import { toJobId } from '@batchway/schedulers'
import { step } from '../lifecycle.ts'
import { outcomeWords } from '../outcomes.ts'
import { told } from '../room.ts'
import type { Claim, Facts, LiveClaim, Session, SessionEvent } from '../session.ts'
import { candidates, type Known } from './candidates.ts'

export interface History {
  readonly session: Session
  readonly events: readonly SessionEvent[]
  readonly claims: readonly Claim[]
}

export type StepRule = typeof step

/** What of a state decides a step, as the timeline tells it. How a session ended is checked apart: `decide-outcome.ts` decides it. */
function shown(facts: Facts): Record<string, unknown> {
  const { outcome: _, ...rest } = told(facts)
  return rest
}

const liveClaimOf = ({ id, jobId, restart, node }: Claim): LiveClaim => ({ id, jobId, restart, node })

/** Each once, by content. */
const distinct = (all: Iterable<Facts>): Facts[] => [
  ...new Map([...all].map((facts) => [JSON.stringify(facts), facts])).values(),
]

/** What a poll may have changed without a line: only what the timeline does not tell. */
function withUntold(all: readonly Facts[], claims: readonly LiveClaim[], rule: StepRule): Facts[] {
  const untold = all.flatMap((before) => {
    const known: Known = {
      before,
      jobId: 'jobId' in before ? before.jobId : null,
      node: 'node' in before ? before.node : null,
      reason: before.state === 'queued' ? before.waiting.reason : null,
      claims,
    }
    return [...candidates('observed', known)].flatMap((event) => {
      const after = rule(before, event)?.facts
      const isUntold = after?.state === before.state && isDeepStrictEqual(shown(after), shown(before))
      return after && isUntold ? [after] : []
    })
  })
  return distinct([...all, ...untold])
}

function successors(before: Facts, line: SessionEvent, claims: readonly LiveClaim[], rule: StepRule): Facts[] {
  const { from, to, by, outcome: _, ...data } = line.data
  if (before.state !== from) return []
  const text = (name: string): string | null => (typeof data[name] === 'string' ? data[name] : null)
  const known: Known = {
    before,
    jobId: typeof data.job === 'string' ? toJobId(data.job) : 'jobId' in before ? before.jobId : null,
    node: text('node'),
    reason: text('reason'),
    claims,
  }
  const found: Facts[] = []
  for (const event of candidates(String(by), known)) {
    const after = rule(before, event)?.facts
    if (after && after.state === to && isDeepStrictEqual(shown(after), data)) found.push(after)
  }
  return found
}

const at = (line: SessionEvent): string => `line ${line.seq} (${new Date(line.at).toISOString()})`
const inWords = ({ data }: SessionEvent): string => {
  const { from, to, by, ...rest } = data
  return `${from} –${by}→ ${to} ${JSON.stringify(rest)}`
}

/** What no path through the table explains, at most the first such line. */
function strayLine({ session, events, claims }: History, rule: StepRule): string[] {
  // A timeline may have other lines: only these tell of the machine.
  const moves = events.filter(({ data }) => typeof data.from === 'string' && typeof data.by === 'string')
  let possible: Facts[] = [{ state: 'submitting' }]
  for (const line of moves) {
    const byThen = claims.filter(({ createdAt }) => createdAt <= line.at).map(liveClaimOf)
    const before = withUntold(possible, byThen, rule)
    possible = distinct(before.flatMap((facts) => successors(facts, line, byThen, rule)))
    if (possible.length > 0) continue
    const states = [...new Set(before.map(({ state }) => state))].join(' or ')
    return [`${at(line)}: ${inWords(line)} is no step of the table; the session was ${states}`]
  }
  const isReached = withUntold(possible, claims.map(liveClaimOf), rule).some(
    (facts) => facts.state === session.facts.state && isDeepStrictEqual(shown(facts), shown(session.facts)),
  )
  const isTold = session.facts.state !== 'ended' || session.facts.outcome.code === moves.at(-1)?.data.outcome
  return isReached && isTold
    ? []
    : [`the row is ${JSON.stringify(told(session.facts))} in ${session.facts.state}: no line says so`]
}

function disorder({ session, events }: History): string[] {
  const problems: string[] = []
  for (const [index, line] of events.entries()) {
    if (line.seq !== index + 1) problems.push(`${at(line)}: the line before is ${events[index - 1]?.seq ?? 'missing'}`)
    if (line.data.from === 'ended' && line.data.to !== 'ended') problems.push(`${at(line)}: an ended session came back`)
  }
  const attempts = 1 + events.filter(({ data }) => data.by === 'resubmitted').length
  if (session.attempt !== attempts)
    problems.push(`attempt ${session.attempt}, but ${attempts} were begun as the lines say`)
  return problems
}

/** One order to start an application for each life of a job, and one set of credentials at a time. */
function claimProblems({ claims }: History): string[] {
  const lives = Map.groupBy(
    claims,
    ({ attempt, jobId, restart }) => `attempt ${attempt}, job ${jobId}, start ${restart}`,
  )
  const twice = [...lives]
    .filter(([, all]) => all.length > 1)
    .map(([life, all]) => `${all.length} claims won for ${life}`)
  const live = claims.filter(({ revokedAt }) => revokedAt === null).length
  return live > 1 ? [...twice, `${live} claims are live`] : twice
}

const say = { clock: String, memory: String, duration: String }

function unexplained({ session }: History): string[] {
  if (session.facts.state !== 'ended') return []
  const { sentence, next } = outcomeWords(session.facts.outcome, session, say)
  return sentence === '' || next === '' ? [`the outcome ${session.facts.outcome.code} has no words`] : []
}

/** @returns what is wrong with a history, in words; nothing if it is a path of the machine. */
export const replay = (history: History, rule: StepRule = step): string[] => [
  ...strayLine(history, rule),
  ...disorder(history),
  ...claimProblems(history),
  ...unexplained(history),
]
