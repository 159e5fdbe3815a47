/**
 * Claims: which of all the jobs that may run may start the application. One live claim per session; each names job, restart and
 * node, is checked against the scheduler, and revokes the one before it.
 */
import {
  type ClaimReply,
  type ClaimRequest,
  claimMark,
  oldestProtocol,
  protocolVersion,
  socketProtocol,
} from '@batchway/agent'
import { SchedulerError, toJobId } from '@batchway/schedulers'
import { BatchwayError } from '../core/errors.ts'
import { serverPath } from '../core/http.ts'
import { listensOn } from '../core/listening.ts'
import { accessScopesOf, applicationOrder, clientIdOf, limitsOrder } from './application-order.ts'
import { hashSecret, matchesHash } from './credentials.ts'
import { isLeftToScheduler } from './lifecycle.ts'
import { isShown, ownJob } from './own-job.ts'
import type { Poller } from './poller.ts'
import type { ClusterSite, Room } from './room.ts'
import type { Attempt, Claim, Facts, Session } from './session.ts'

/** `superseded` and `ended` make the agent leave with exit code 0: the job is surplus, not broken. */
export class ClaimRefused extends BatchwayError {
  readonly refusal: 'superseded' | 'ended' | 'forbidden' | 'protocol' | 'later'
  constructor(refusal: ClaimRefused['refusal'], detail: string) {
    super(
      refusal === 'later' ? 'later' : refusal === 'forbidden' || refusal === 'protocol' ? 'forbidden' : 'gone',
      detail,
    )
    this.name = 'ClaimRefused'
    this.refusal = refusal
  }
}

/** An agent that was silent for this long may be dead; whether it is, the scheduler must say. */
const deadAgentMs = 60_000

const firstLabel = (host: string): string => (host.split('.')[0] ?? '').toLowerCase()

export interface Claims {
  claim(secret: string, request: ClaimRequest): Promise<ClaimReply>
  /** Revoke what a session that has no claim any more could still use. A claim that was won meanwhile is left alone. */
  revoke(sessionId: string): Promise<void>
  /** The same for the application's credentials alone: a claim that is about to be told gets them anew. */
  disarm(sessionId: string): Promise<void>
}

/** The scheduler told the last agent of this job to go, and this one is faster than the list that shows why. */
const isStartedAgain = (facts: Facts, { jobId, restart }: ClaimRequest): boolean =>
  isLeftToScheduler(facts) && facts.claim.jobId === jobId && facts.claim.restart < restart

/** What a claim is about, all of it in order so far. */
interface Admission {
  readonly session: Session
  readonly attempt: Attempt
  readonly site: ClusterSite
  /** The claim of this very request, if a hub has written it down before. */
  readonly known: Claim | null
  /** The claim of another process of the same life of the job; its agent has been silent for long. */
  readonly silent: Claim | null
}

export function openClaims(
  room: Room,
  parts: {
    pollerOf: (cluster: string) => Pick<Poller, 'ask'> | undefined
    lastHeartbeat: (sessionId: string) => number | undefined
  },
): Claims {
  const { store, people, credentials, settings, log } = room
  const openedAt = room.now()
  /**
   * Claims and credentials of a session change in turns: two racing requests must not both see "no live claim", and a late
   * revocation must not hit the claim after it. The scheduler is asked outside: its answers are digested while turns are waited for.
   */
  const turns = new Map<string, Promise<unknown>>()

  function inTurn<T>(key: string, act: () => Promise<T>): Promise<T> {
    const turn = (turns.get(key) ?? Promise.resolve()).then(act, act)
    const settled = turn.then(
      () => {},
      () => {},
    )
    turns.set(key, settled)
    void settled.then(() => {
      if (turns.get(key) === settled) turns.delete(key)
    })
    return turn
  }

  function reply(session: Session, claim: Claim, site: ClusterSite): ClaimReply {
    const secrets = { apiToken: credentials.apiToken(claim.id), appToken: credentials.appToken(claim.id) }
    return {
      claimToken: credentials.claimToken(claim.id),
      psk: credentials.psk(session.id, claim.id),
      heartbeatSeconds: settings.heartbeatSeconds,
      listen: { address: site.listen.address, ports: site.listen.ports, advertise: site.advertise },
      application: applicationOrder(session, settings, site.hubUrl, secrets),
      readySeconds: session.spec.limits.readySeconds,
      stopSeconds: session.spec.limits.stopSeconds,
      endsAt: session.endsAt,
      ...limitsOrder(session.spec, room.now()),
    }
  }

  /** The scheduler itself must show this job, running, under our tag and the right account. */
  async function checkJob({ session, attempt, silent }: Admission, request: ClaimRequest): Promise<void> {
    const poller = parts.pollerOf(session.spec.cluster)
    if (!poller) throw new ClaimRefused('later', 'the cluster is not configured now')
    const isByJob = room.clusters.get(session.spec.cluster)?.cluster.driver.query !== undefined
    const isNamed = isShown(attempt) || attempt.jobId === null || attempt.jobId === request.jobId
    const find = async (since: number) => {
      const { list } = await poller.ask(since, {
        id: toJobId(request.jobId),
        name: attempt.tag,
        account: session.account,
        options: session.spec.jobOptions,
      })
      const named = isNamed ? undefined : ownJob(list.jobs, session, attempt)
      if (named && named.id === attempt.jobId) throw new ClaimRefused('superseded', `job ${named.id} runs this session`)
      return list.jobs.find((job) => job.id === request.jobId)
    }
    try {
      // One at a time, each has its turn seldom: an agent that came back has not missed it.
      const freshMs = isByJob ? 120_000 : 30_000
      let job = isNamed ? await find(room.now() - freshMs) : undefined
      // An older answer may have been given before the job started, or before it started again; or before the one that the submit named.
      if (job?.phase !== 'running' || job.restarts !== request.restart) job = await find(room.now())
      if (!job) throw new ClaimRefused('later', 'the scheduler does not show this job yet')
      if (job.name !== attempt.tag) throw new ClaimRefused('forbidden', 'the job has another name than the attempt')
      if (job.owner !== undefined && job.owner !== session.account)
        throw new ClaimRefused('forbidden', 'the job belongs to another account')
      if (job.phase !== 'running') throw new ClaimRefused('later', `the scheduler says that the job is ${job.phase}`)
      if (job.restarts > request.restart) throw new ClaimRefused('superseded', 'the job has been started again since')
      if (job.restarts < request.restart)
        throw new ClaimRefused('later', 'the scheduler does not show that the job was started again')
      // Silence alone proves nothing, the network may be cut. Only a job that runs anew (not every scheduler counts restarts) may
      // take over, else two applications would run in one.
      if (silent && (job.startedAt === undefined || job.startedAt <= silent.createdAt))
        throw new ClaimRefused('superseded', 'another agent of this job holds the claim')
      if (job.host !== undefined && request.node !== '' && firstLabel(job.host) !== firstLabel(request.node))
        throw new ClaimRefused('forbidden', `the scheduler runs the job on ${job.host}`)
    } catch (error) {
      if (error instanceof SchedulerError) throw new ClaimRefused('later', 'the scheduler does not answer now')
      throw error
    }
  }

  /** Where others can read the job script, its secret alone shows nothing: the job's own log must hold the mark of who asks. */
  async function checkMark({ session, attempt, site }: Admission, request: ClaimRequest): Promise<void> {
    if (site.cluster.driver.secretChannel !== 'log') return
    const jobId = toJobId(request.jobId)
    const path = attempt.outputPath.replaceAll('%j', jobId)
    const text = await site.cluster.readLog(jobId, path, session.account).catch((error: unknown) => {
      if (!(error instanceof SchedulerError)) throw error
      log.warn({ session: session.id, path, error: error.message }, 'the log of a job that asks could not be read')
      throw new ClaimRefused('later', 'the hub cannot read the log of this job as its owner')
    })
    if (!text?.split('\n').includes(claimMark(request.nonce)))
      throw new ClaimRefused('later', 'the log of this job does not show yet that its own agent asks')
  }

  /** The real credentials exist from here on: the application's token and its OAuth client. */
  async function grant(session: Session, claim: Claim): Promise<void> {
    const { userId, userName, serverName } = session
    await people.revokeTokensOfSession(session.id) // of the claim before
    const apiToken = credentials.apiToken(claim.id)
    const [server = ''] = accessScopesOf(userName, serverName)
    await people.insertToken(apiToken, {
      kind: 'server',
      userId,
      scopes: [server, `users:activity!user=${userName}`, `read:users:name!user=${userName}`],
      note: `Server at ${serverPath(settings.base, userName, serverName)}`,
      clientId: null,
      signInId: null,
      sessionId: session.id,
      expiresAt: null,
    })
    await people.upsertClient({
      id: clientIdOf(userName, serverName),
      secretHash: hashSecret(apiToken),
      redirectUri: `${settings.places.url(userName, serverName)}oauth_callback`,
      allowedScopes: [],
      description: `Server at ${serverPath(settings.base, userName, serverName)}`,
      userId,
      serverName,
    })
  }

  /** @throws {ClaimRefused} for everything that can be told without asking the scheduler. */
  async function admit(secret: string, request: ClaimRequest): Promise<Admission> {
    const attempt = await store.findAttempt(request.session, request.attempt)
    if (!attempt || !matchesHash(secret, attempt.secretHash)) {
      throw new ClaimRefused('forbidden', 'no such attempt, or not its secret')
    }
    const session = await store.find(request.session)
    if (session && isStartedAgain(session.facts, request))
      throw new ClaimRefused('later', 'the scheduler has not shown yet that the job was started again')
    if (!session || session.facts.state === 'ended' || session.facts.state === 'stopping')
      throw new ClaimRefused('ended', 'the session has ended or is ending')
    if (request.protocol < oldestProtocol || request.protocol > protocolVersion)
      throw new ClaimRefused('protocol', `this hub speaks protocol ${protocolVersion}; install its agent`)
    if (request.protocol < socketProtocol && listensOn(session.spec.application) === 'socket')
      throw new ClaimRefused(
        'protocol',
        `${session.spec.application.title} listens on a private socket, which agents of protocol ${request.protocol} cannot reach; install the agent of this hub`,
      )
    if (session.attempt !== attempt.number) throw new ClaimRefused('superseded', 'a later attempt took over')
    // What the submit printed decides nothing: the list does, below.
    if (isShown(attempt) && attempt.jobId !== request.jobId)
      throw new ClaimRefused('superseded', `job ${attempt.jobId} runs this session`)
    const site = room.clusters.get(session.spec.cluster)
    if (!site) throw new ClaimRefused('later', 'the cluster is not configured now')

    const known = await store.findClaim(request.nonce)
    if (known) {
      const isSame =
        known.sessionId === session.id && known.jobId === request.jobId && known.restart === request.restart
      if (known.revokedAt !== null || !isSame) throw new ClaimRefused('superseded', 'this claim was revoked')
      return { session, attempt, site, known, silent: null }
    }
    const live = (await store.listClaims(session.id)).find((claim) => claim.revokedAt === null)
    const isSameLife = live && live.jobId === request.jobId && live.restart >= request.restart
    if (isSameLife) {
      // What this hub has not heard since it came up counts from there: the agents had nobody to talk to.
      const heard = parts.lastHeartbeat(session.id) ?? Math.max(live.createdAt, openedAt)
      if (room.now() - heard < deadAgentMs)
        throw new ClaimRefused('superseded', 'another agent of this job holds the claim')
    }
    return { session, attempt, site, known: null, silent: isSameLife ? live : null }
  }

  async function newClaim({ session, attempt }: Admission, request: ClaimRequest): Promise<Claim> {
    const jobId = toJobId(request.jobId)
    const at = room.now()
    if (!isShown(attempt) && !(await store.acceptAttempt(session.id, attempt.number, jobId, at, at))) {
      const now = await store.findAttempt(session.id, attempt.number)
      if (now?.jobId !== jobId) throw new ClaimRefused('superseded', `job ${now?.jobId} runs this session`)
    }
    const claim: Claim = {
      id: request.nonce,
      sessionId: session.id,
      attempt: attempt.number,
      jobId,
      restart: request.restart,
      node: request.node,
      tokenHash: hashSecret(credentials.claimToken(request.nonce)),
      createdAt: room.now(),
      revokedAt: null,
    }
    await store.insertClaim(claim)
    return claim
  }

  /** From the row to the reply. A hub that died in between is asked again with the same nonce, and does it all once more. */
  async function install(admission: Admission, request: ClaimRequest): Promise<ClaimReply> {
    const { session, site } = admission
    const claim = admission.known ?? (await newClaim(admission, request))
    if (hasClaim(session, claim)) return reply(session, claim, site)
    await grant(session, claim)
    const { id, jobId, restart, node } = claim
    const moved = await room.apply(session.id, {
      type: 'claimed',
      claim: { id, jobId, restart, node },
      attempt: claim.attempt,
      at: claim.createdAt,
    })
    if (!moved || !hasClaim(moved, claim)) {
      await revokeAll(session.id)
      throw new ClaimRefused('ended', 'the session was stopped meanwhile, or went on to another attempt')
    }
    log.info({ session: session.id, job: jobId, node, restart }, 'attempt claimed')
    return reply(moved, claim, site)
  }

  async function revokeAll(sessionId: string): Promise<void> {
    await store.revokeClaims(sessionId, room.now())
    await people.revokeTokensOfSession(sessionId)
  }

  return {
    async claim(secret, request) {
      const admission = await admit(secret, request)
      const { session, site, known } = admission
      // The reply was lost: the same claim, the same credentials.
      if (known && hasClaim(session, known)) return reply(session, known, site)
      await checkJob(admission, request)
      await checkMark(admission, request)
      return inTurn(session.id, async () => install(await admit(secret, request), request))
    },
    revoke: (sessionId) =>
      inTurn(sessionId, async () => {
        const session = room.active.get(sessionId)
        if (!session || claimOf(session) === null) await revokeAll(sessionId)
      }),
    disarm: (sessionId) =>
      inTurn(sessionId, async () => {
        const session = room.active.get(sessionId)
        if (session && claimOf(session) === null) await people.revokeTokensOfSession(sessionId)
      }),
  }
}

const claimOf = ({ facts }: Session) => ('claim' in facts ? facts.claim : null)
const hasClaim = (session: Session, claim: Claim): boolean => claimOf(session)?.id === claim.id
