/**
 * Submits as a write-ahead operation: the row says what is about to happen before it happens, and after a crash the tag in the
 * scheduler says whether it did. A surplus job does no harm: only one claim per session ever starts an application.
 */
import {
  type HoldState,
  isProcessAlive,
  type JobId,
  type JobRequest,
  type JobStatus,
  processStart,
  SchedulerError,
} from '@batchway/schedulers'
import { hashSecret } from './credentials.ts'
import { tagOf } from './ids.ts'
import { agentOf, makeJobRequest, outputPathOf } from './job-request.ts'
import { isOurs, isShown, ownJob } from './own-job.ts'
import type { WithoutTag } from './poller.ts'
import type { ClusterSite, Room } from './room.ts'
import type { Attempt, Session } from './session.ts'
import type { SubmitHolds } from './submit-holds.ts'

/**
 * An sbatch whose caller was killed still becomes a job seconds later (6 s measured), and a slurmctld that hung may answer a question
 * before it takes up what was sent to it: wait this long after the process died and since the scheduler answers.
 */
const settleMs = 15_000
/** The same where nothing proves the process dead: longer than any submit command keeps trying. */
const blindSettleMs = 120_000
const maxAttempts = 3

export interface Submitter {
  /** The attempt's row for a new session, before anything runs. */
  prepare(session: Pick<Session, 'id'>, number: number, home: string): Attempt
  /** Submit the session's current attempt, if that has not begun. What happens becomes an event. @throws when the store fails; `tagAbsent` takes it up again. */
  submit(session: Session): Promise<void>
  /** After a restart: find out what became of a submit that was under way. */
  recover(session: Session, attempt: Attempt): Promise<void>
  /** A complete answer has no job of this tag, and none had before. */
  tagAbsent(session: Session, attempt: Attempt, answer: WithoutTag): Promise<void>
  /** End a stopping session at once if nothing was sent to the scheduler yet, and see to it that nothing will be. */
  withdraw(session: Session): Promise<void>
}

export interface SubmitterParts {
  nudge(cluster: string): void
  /** Submits that an answer of the scheduler brings about must not keep its other sessions waiting. */
  inBackground(work: Promise<unknown>): void
}

export function openSubmitter(room: Room, { nudge, inBackground }: SubmitterParts): Submitter {
  const { store, log, settings, credentials } = room
  /** Submits of unknown result, by tag: since when their process is gone, and how long the scheduler may still take them in. */
  const quiet = new Map<string, { readonly at: number; readonly settleMs: number }>()
  /** Tags that are being submitted or withdrawn: decided without waiting, so that a stop and a submit cannot cross. */
  const busy = new Set<string>()
  /** Submits that wait for their turn at the cluster: a stop takes them out. */
  const waiting = new Map<string, AbortController>()
  room.subscribe('all', (session) => {
    const { id, attempt, facts } = session
    if (facts.state === 'submitting' || (facts.state === 'stopping' && facts.jobId === null)) return
    const tag = tagOf(settings.instance, id, attempt)
    quiet.delete(tag)
    holdsOf(session).release(tag)
  })

  /** @returns undefined, without acting, while somebody else is at it. */
  async function alone(tag: string, act: () => Promise<void>): Promise<void> {
    if (busy.has(tag)) return
    busy.add(tag)
    try {
      await act()
    } finally {
      busy.delete(tag)
    }
  }

  function siteOf({ spec }: Pick<Session, 'spec'>): ClusterSite {
    const site = room.clusters.get(spec.cluster)
    if (!site) throw new SchedulerError('refused', `cluster ${spec.cluster} is no longer configured`)
    return site
  }

  const holdsOf = ({ spec }: Pick<Session, 'spec'>): SubmitHolds => room.clusters.get(spec.cluster)?.holds ?? room.holds

  /** A hint: the session goes on when the scheduler shows a job of our tag, under this id or another. */
  async function printed({ id, attempt, spec }: Session, jobId: JobId): Promise<void> {
    await store.acceptAttempt(id, attempt, jobId, room.now())
    nudge(spec.cluster)
  }

  /** Accounting, or the scheduler's answer to the job's owner, shows the job. */
  async function shown({ id, attempt, spec }: Session, status: JobStatus, askedAt: number): Promise<void> {
    const isFirst = await store.acceptAttempt(id, attempt, status.id, room.now(), askedAt)
    if (isFirst) await room.apply(id, { type: 'observed', status, askedAt })
    nudge(spec.cluster)
  }

  async function refused(session: Session, words: string): Promise<void> {
    await store.updateAttempt(session.id, session.attempt, { submit: 'refused' })
    await room.apply(session.id, { type: 'refused', words })
  }

  /** The way to the scheduler is closed, and nothing went there: when the cluster answers again, the submit begins anew. */
  async function notSent({ id, attempt, spec }: Session, { message }: SchedulerError): Promise<void> {
    log.warn({ session: id, error: message }, 'submit waits for the way to the scheduler')
    await store.updateAttempt(id, attempt, { submit: 'prepared' })
    nudge(spec.cluster)
  }

  async function neverSubmitted(session: Session, words: string): Promise<void> {
    await store.updateAttempt(session.id, session.attempt, { submit: 'refused' })
    await room.apply(session.id, { type: 'neverSubmitted', words })
  }

  /** @returns the job's id, what its absence means, or null if the session was stopped before anything was sent. */
  async function send(session: Session, { tag, outputPath }: Attempt): Promise<JobId | SchedulerError | null> {
    const { id, account, attempt: number } = session
    const stop = new AbortController()
    let agentDirectory: string | null = null
    let isDue = false
    let isSent = false
    /** Not before its turn has come: scripts of thousands that wait would fill the memory. */
    const make = async (): Promise<JobRequest> => {
      const site = siteOf(session)
      const secret = credentials.attemptSecret(id, number)
      const agent = await agentOf(site)
      agentDirectory = agent.directory
      return makeJobRequest(session, { tag, secret, outputPath }, { ...site, agent }, settings)
    }
    const onTurn = async (): Promise<void> => {
      isDue = true
      waiting.delete(tag) // a stop waits for the result from here on
      // From here on a process may exist: written before it does.
      await store.updateAttempt(id, number, { submit: 'running', agentDirectory })
      if (room.active.get(id)?.facts.state !== 'submitting') stop.abort()
      stop.signal.throwIfAborted()
      isSent = true
    }
    const onSpawn = (pid: number): void => {
      const write = store.updateAttempt(id, number, { submitPid: pid, submitPidStart: processStart(pid) })
      write.catch((error: unknown) => {
        log.warn({ session: id, error: String(error) }, 'submit pid could not be written')
      })
    }
    waiting.set(tag, stop)
    try {
      const holdPath = holdsOf(session).pathOf(tag)
      const options = { signal: stop.signal, holdPath, onTurn, onSpawn }
      return await siteOf(session).cluster.submit({ account, make }, options)
    } catch (error) {
      if (stop.signal.aborted) return null
      if (error instanceof SchedulerError && (isDue || isPlain(error))) return error
      if (isDue && !isSent) throw error // the store's; nothing was sent, and the row says so
      return new SchedulerError(isSent ? 'ambiguous' : 'unavailable', wordsOf(error))
    } finally {
      waiting.delete(tag)
    }
  }

  async function submit(session: Session): Promise<void> {
    const { id, attempt: number } = session
    await alone(tagOf(settings.instance, id, number), async () => {
      const attempt = await store.findAttempt(id, number)
      if (attempt?.submit !== 'prepared') return
      if (room.active.get(id)?.facts.state !== 'submitting') return neverSubmitted(session, '')
      const result = await send(session, attempt)
      if (result === null) return neverSubmitted(session, '')
      if (typeof result === 'string') return printed(session, result)
      if (!result.wasSent) return notSent(session, result)
      log.warn({ session: id, tag: attempt.tag, kind: result.kind, error: result.message }, 'submit failed')
      if (result.kind === 'refused' || result.kind === 'unavailable') return refused(session, result.message)
      await store.updateAttempt(id, number, { submit: 'unclear' })
      hush(attempt.tag, await holdsOf(session).state(attempt.tag), result.mayStillRun)
      nudge(session.spec.cluster)
    })
  }

  /** No job can come of the last attempt. Every step may have been done already by a hub that died here. */
  async function again(session: Session): Promise<void> {
    const number = session.attempt + 1
    if (!(await store.findAttempt(session.id, number))) {
      await store.insertAttempt(prepare(session, number, await siteOf(session).homeOf(session.account)))
    }
    const moved = await room.apply(session.id, { type: 'resubmitted', attempt: number })
    if (moved?.facts.state === 'submitting' && moved.attempt === number) inBackground(submit(moved))
  }

  /** Begin to wait for a submit whose process is not known to live. */
  function hush(tag: string, state: HoldState, mayStillRun = false): void {
    if (state === 'held') quiet.delete(tag)
    else quiet.set(tag, { at: room.now(), settleMs: state === 'free' && !mayStillRun ? settleMs : blindSettleMs })
  }

  /** Has the submit's process been gone, and has the scheduler answered, for so long that it would show the job? */
  async function hasSettled(
    session: Session,
    { tag, submitPid, submitPidStart }: Attempt,
    askedAt: number,
    steadySince: number,
  ): Promise<boolean> {
    const lives = submitPid !== null && submitPidStart !== null && isProcessAlive(submitPid, submitPidStart)
    // Where /proc hides other people's processes the pid says nothing: the hold does.
    const state = lives ? 'held' : await holdsOf(session).state(tag)
    const since = quiet.get(tag)
    if (state === 'held' || !since) {
      hush(tag, state)
      return false
    }
    return askedAt >= Math.max(since.at, steadySince) + since.settleMs
  }

  /** The job may have come, failed and left the list while nobody looked. */
  async function findEnded(session: Session, attempt: Attempt): Promise<JobStatus | null> {
    try {
      const { cluster } = siteOf(session)
      const ended = await cluster.historyByName([attempt.tag], attempt.createdAt - 60_000)
      return ownJob(ended, session, attempt) ?? null
    } catch (error) {
      // Going on does no harm: of two jobs only the current attempt's can claim.
      log.warn({ session: session.id, error: wordsOf(error) }, 'accounting did not answer')
      return null
    }
  }

  /**
   * The list may hide other people's jobs from the hub (`PrivateData=jobs`), and hides nobody's own.
   * @returns the job; whether there is none; null if the owner may not ask: then the hub's own list must do.
   */
  async function findAsOwner(session: Session, attempt: Attempt): Promise<JobStatus | 'none' | null> {
    try {
      const { jobs, complete } = await siteOf(session).cluster.listAs(session.account)
      return ownJob(jobs, session, attempt) ?? (complete ? 'none' : null)
    } catch (error) {
      log.warn({ session: session.id, error: wordsOf(error) }, 'the owner of a submit could not ask for its job')
      return null
    }
  }

  /**
   * The submit printed an id, and nobody shows a job of our tag: neither a list that may be emptied for us nor an owner who cannot be
   * asked. The word of the submit stands until something contradicts it.
   */
  async function mayBeHidden({ id, account, facts, spec }: Session, { tag, jobId }: Attempt): Promise<boolean> {
    const { cluster } = siteOf({ spec })
    if (jobId === null) return false
    try {
      // With our tag in it, a cancel meets nobody else's job; that there is none to meet, it says as the owner.
      if (facts.state === 'stopping') return await cluster.cancel(jobId, account, tag)
      const found = (await cluster.history([jobId])).get(jobId)
      return found === undefined || isOurs(found, { account }, { tag })
    } catch (error) {
      log.warn({ session: id, job: jobId, error: wordsOf(error) }, 'the scheduler did not tell what the printed id is')
      return true
    }
  }

  /** The scheduler shows no job of a submit that did begin. */
  async function resolve(session: Session, attempt: Attempt, answer: WithoutTag): Promise<void> {
    const { askedAt, steadySince, showsOthers } = answer
    if (attempt.submit !== 'refused') {
      if (!(await hasSettled(session, attempt, askedAt, steadySince))) return
      const ended = await findEnded(session, attempt)
      if (ended) return shown(session, ended, askedAt)
      const hidden = answer.isDenied ? 'none' : await findAsOwner(session, attempt)
      if (hidden !== null && hidden !== 'none') return shown(session, hidden, askedAt)
      if (hidden === null && !showsOthers && (await mayBeHidden(session, attempt))) return
    }
    // Where no list could show a job that came of it all the same, a second one is not risked: if there is a first, it ends by itself.
    const isBlind = answer.isDenied !== undefined
    if (session.facts.state === 'stopping' || isBlind || attempt.number >= maxAttempts) {
      const words = isBlind
        ? `${siteOf(session).title} took the request without telling of a job that it knows.`
        : `${siteOf(session).title} took the request ${attempt.number} times without ever showing a job.`
      await neverSubmitted(session, words)
    } else {
      log.warn({ session: session.id, tag: attempt.tag }, 'submit left no job: submitting again')
      await again(session)
    }
    quiet.delete(attempt.tag)
    holdsOf(session).release(attempt.tag)
  }

  function prepare(session: Pick<Session, 'id'>, number: number, home: string): Attempt {
    const tag = tagOf(settings.instance, session.id, number)
    return {
      sessionId: session.id,
      number,
      tag,
      secretHash: hashSecret(credentials.attemptSecret(session.id, number)),
      jobId: null,
      submit: 'prepared',
      submitPid: null,
      submitPidStart: null,
      createdAt: room.now(),
      acceptedAt: null,
      firstSeenAt: null,
      lastSeenAt: null,
      outputPath: outputPathOf(home, tag),
      agentDirectory: null,
    }
  }

  return {
    prepare,
    submit,
    withdraw(session) {
      const tag = tagOf(settings.instance, session.id, session.attempt)
      waiting.get(tag)?.abort()
      return alone(tag, async () => {
        const attempt = await store.findAttempt(session.id, session.attempt)
        // A cluster that is no longer configured cannot be asked: whatever runs there is refused when it claims.
        const isOrphan = !room.clusters.has(session.spec.cluster)
        if (attempt?.submit === 'prepared' || isOrphan) await neverSubmitted(session, '')
      })
    },
    async recover(session, attempt) {
      if (attempt.submit === 'prepared') await submit(session)
      else if (isShown(attempt)) await room.apply(session.id, { type: 'accepted', jobId: attempt.jobId })
      else nudge(session.spec.cluster) // the list decides, see tagAbsent
    },
    async tagAbsent(session, attempt, answer) {
      if (busy.has(attempt.tag)) return
      if (attempt.submit !== 'prepared') return alone(attempt.tag, () => resolve(session, attempt, answer))
      if (session.facts.state === 'stopping') await neverSubmitted(session, '')
      else inBackground(submit(session))
    },
  }
}

/** Of one that came before anything was sent: an answer that cannot be read, or is lost, leaves no doubt about a job then. */
const isPlain = ({ kind, wasSent }: SchedulerError): boolean => kind === 'refused' || !wasSent

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
