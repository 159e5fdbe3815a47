/** Why a session waits and since when that is known: what the scheduler said, and nothing it did not. Pure. */
import { placeOf, type Say, waitingWords } from '../sessions/outcomes.ts'
import type { Facts, Session } from '../sessions/session.ts'

export interface WaitingView {
  readonly sentence: string
  readonly cause: string
  readonly next: string
  /** A command that the user could type, verbatim. */
  readonly command: string | null
  /** The scheduler's own word, verbatim. */
  readonly raw: string | null
}

/** What a list of jobs and the history tell of the wait. */
export interface WaitingContext {
  /** It had a node before, and lost it. */
  readonly isRequeued: boolean
}

const nothingToDo = 'Nothing to do: it starts by itself. You can close this page.'

type Queued = Extract<Facts, { state: 'queued' }>

export function waitingView(
  facts: Queued,
  spec: Session['spec'],
  { isRequeued }: WaitingContext,
  say: Say,
): WaitingView {
  const { waiting, jobId } = facts
  const cluster = spec.clusterTitle
  const raw = waiting.reason
  const known = waitingWords(waiting, spec, say)
  const plain = { cause: known.cause, next: known.next, command: null, raw }
  if (waiting.hold === 'held') {
    // The names are Slurm's; so is the command.
    const isSlurm = raw !== null && /^JobH/.test(raw)
    const isOwn = raw === 'JobHeldUser'
    return {
      ...plain,
      sentence: `Held: ${cluster} does not start it before it is released.`,
      next: isOwn ? 'Release it with this command, or cancel it.' : known.next,
      command: isSlurm && isOwn ? `scontrol release ${jobId}` : null,
    }
  }
  if (waiting.hold === 'paused') {
    return {
      ...plain,
      sentence: `Paused: ${cluster} suspended it.`,
      cause: raw === null ? 'The scheduler suspended the job; it keeps its place.' : known.cause,
      next: 'It goes on when an administrator or the scheduler resumes it.',
    }
  }
  const again = isRequeued ? 'Put back into the queue. ' : ''
  if (raw === null) {
    const said = waiting.wait === 'normal'
    return {
      ...plain,
      // Nobody has told yet: neither a reason nor a time may be made up.
      sentence: `${again}Waiting for a place in ${placeOf(spec)}.`,
      cause: said ? `${cluster} has taken it and has not said yet why it waits.` : known.cause,
      next: said ? nothingToDo : known.next,
    }
  }
  return { ...plain, sentence: again + known.sentence }
}
