/**
 * Submits as a write-ahead operation: the row says what is about to happen before it happens, and after a crash the tag in the
 * scheduler says whether it did. A surplus job does no harm: only one claim per session ever starts an application.
 */
import { renderJobScript } from '@batchway/agent'
import { type JobId, SchedulerError } from '@batchway/schedulers'
import { isProcessAlive, processStart } from '../core/process-identity.ts'
import { hashSecret } from './credentials.ts'
import { tagOf } from './ids.ts'
import type { ClusterSite, Room } from './room.ts'
import type { Attempt, Session } from './session.ts'

/** An sbatch whose caller was killed still becomes a job seconds later (6 s measured): wait this long after its process died. */
const settleMs = 15_000
const maxAttempts = 3

export interface Submitter {
  /** The attempt's row for a new session, before anything runs. */
  prepare(session: Pick<Session, 'id'>, number: number, site: ClusterSite, home: string): Attempt
  /** Submit the session's current attempt. Never throws: what happens becomes an event. */
  submit(session: Session): Promise<void>
  /** After a restart: find out what became of a submit that was under way. */
  recover(session: Session, attempt: Attempt): Promise<void>
  /** A complete answer that began at `askedAt` has no job of this tag. */
  tagAbsent(session: Session, attempt: Attempt, askedAt: number): Promise<void>
  /** @returns true if nothing was sent to the scheduler yet, and now nothing will be. */
  withdraw(session: Session): boolean
}

export function openSubmitter(room: Room, { nudge }: { nudge: (cluster: string) => void }): Submitter {
  const { store, log, settings, credentials } = room
  /** When each unclear submit's process was proven dead. */
  const deadSince = new Map<string, number>()
  /** Tags whose submit this hub has begun (or withdrawn): decided without waiting, so that a stop and a submit cannot cross. */
  const begun = new Set<string>()
  const inFlight = new Set<string>()

  function siteOf(session: Session): ClusterSite {
    const site = room.clusters.get(session.spec.cluster)
    if (!site) throw new SchedulerError('refused', `cluster ${session.spec.cluster} is no longer configured`)
    return site
  }

  function script(session: Session, site: ClusterSite): string {
    return renderJobScript({
      ticket: {
        protocol: 1,
        session: session.id,
        attempt: session.attempt,
        secret: credentials.attemptSecret(session.id, session.attempt),
        hubUrl: site.hubUrl,
        hubPatienceSeconds: settings.hubPatienceSeconds,
      },
      agentDir: site.agent.directory,
      node: site.agent.node,
      modules: session.spec.application.modules,
      prologue: session.spec.application.prologue,
    })
  }

  async function accepted(session: Session, jobId: JobId): Promise<void> {
    await store.acceptAttempt(session.id, session.attempt, jobId, room.now())
    await room.apply(session.id, { type: 'accepted', jobId })
    nudge(session.spec.cluster)
  }

  async function submit(session: Session): Promise<void> {
    const { id, attempt: number } = session
    const tag = tagOf(settings.instance, id, number)
    if (begun.has(tag)) return
    begun.add(tag)
    const attempt = await store.findAttempt(id, number)
    if (attempt?.submit !== 'prepared') return
    inFlight.add(tag)
    try {
      const site = siteOf(session)
      // From here on a process may exist: written before it does.
      await store.updateAttempt(id, number, { submit: 'running' })
      if ((await store.find(id))?.facts.state !== 'submitting') {
        await store.updateAttempt(id, number, { submit: 'refused' })
        await room.apply(id, { type: 'neverSubmitted', words: '' })
        return
      }
      const jobId = await site.cluster.submit(
        {
          name: attempt.tag,
          account: session.account,
          script: script(session, site),
          resources: session.spec.resources,
          workdir: await site.homeOf(session.account),
          outputPath: attempt.outputPath,
          requeue: session.spec.requeue,
          options: session.spec.jobOptions,
        },
        {
          onSpawn: (pid) => {
            const start = processStart(pid)
            void store.updateAttempt(id, number, { submitPid: pid, submitPidStart: start }).catch((error: unknown) => {
              log.warn({ session: id, error: String(error) }, 'submit pid could not be written')
            })
          },
        },
      )
      await accepted(session, jobId)
    } catch (error) {
      const kind = error instanceof SchedulerError ? error.kind : 'ambiguous'
      const words = error instanceof Error ? error.message : String(error)
      log.warn({ session: id, tag: attempt.tag, kind, error: words }, 'submit failed')
      if (kind === 'refused' || kind === 'unavailable') {
        await store.updateAttempt(id, number, { submit: 'refused' })
        await room.apply(id, { type: 'refused', words })
      } else {
        await store.updateAttempt(id, number, { submit: 'unclear' })
        deadSince.set(attempt.tag, room.now())
        nudge(session.spec.cluster)
      }
    } finally {
      inFlight.delete(tag)
    }
  }

  async function again(session: Session): Promise<void> {
    const number = session.attempt + 1
    const site = siteOf(session)
    await store.insertAttempt(prepare(session, number, site, await site.homeOf(session.account)))
    const moved = await room.apply(session.id, { type: 'resubmitted', attempt: number })
    if (moved?.facts.state === 'submitting' && moved.attempt === number) await submit(moved)
  }

  function prepare(session: Pick<Session, 'id'>, number: number, _site: ClusterSite, home: string): Attempt {
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
      outputPath: `${home}/.batchway-${tag}.log`,
    }
  }

  return {
    prepare,
    submit,
    withdraw(session) {
      const tag = tagOf(settings.instance, session.id, session.attempt)
      if (begun.has(tag)) return false
      begun.add(tag)
      return true
    },
    async recover(session, attempt) {
      if (attempt.submit === 'prepared') await submit(session)
      else if (attempt.submit === 'accepted' && attempt.jobId) await accepted(session, attempt.jobId)
      else nudge(session.spec.cluster) // running or unclear: the list decides, see tagAbsent
    },
    async tagAbsent(session, attempt, askedAt) {
      if (attempt.submit === 'accepted' || attempt.submit === 'prepared') return
      if (attempt.submit === 'running' && !deadSince.has(attempt.tag)) {
        if (inFlight.has(attempt.tag)) return // this hub is submitting it right now
        if (attempt.submitPid !== null && isProcessAlive(attempt.submitPid, attempt.submitPidStart)) return
        deadSince.set(attempt.tag, room.now())
      }
      const dead = deadSince.get(attempt.tag)
      if (dead === undefined) {
        deadSince.set(attempt.tag, room.now())
        return
      }
      if (askedAt < dead + settleMs) return // the scheduler must have answered since, and had time to take in what was sent
      deadSince.delete(attempt.tag)
      if (session.facts.state === 'stopping' || attempt.number >= maxAttempts) {
        const words = `${siteOf(session).title} took the request ${attempt.number} times without ever showing a job.`
        await room.apply(session.id, { type: 'neverSubmitted', words })
        return
      }
      log.warn({ session: session.id, tag: attempt.tag }, 'submit left no job: submitting again')
      await again(session)
    },
  }
}
