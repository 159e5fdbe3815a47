/**
 * Claims: which of all the jobs that may run may start the application. One live claim per session; each names job, restart and
 * node, is checked against the scheduler, and revokes the one before it.
 */
import { type ClaimReply, type ClaimRequest, protocolVersion } from '@batchway/agent'
import { SchedulerError, toJobId } from '@batchway/schedulers'
import { BatchwayError } from '../core/errors.ts'
import { serverPath } from '../core/http.ts'
import { accessScopesOf, applicationOrder, clientIdOf } from './application-order.ts'
import { hashSecret, matchesHash } from './credentials.ts'
import type { Poller } from './poller.ts'
import type { ClusterSite, Room } from './room.ts'
import type { Attempt, Claim, Session } from './session.ts'

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

/** An agent that was silent for this long is taken for dead when another process of the same job claims. */
const deadAgentMs = 60_000

const firstLabel = (host: string): string => (host.split('.')[0] ?? '').toLowerCase()

export interface Claims {
  claim(secret: string, request: ClaimRequest): Promise<ClaimReply>
}

export function openClaims(
  room: Room,
  parts: { pollerOf: (cluster: string) => Poller | undefined; lastHeartbeat: (claimId: string) => number | undefined },
): Claims {
  const { store, people, credentials, settings, log } = room
  /** One claim of a session at a time: two racing requests must not both see "no live claim". */
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
    }
  }

  /** The scheduler itself must show this job, running, under our tag and the right account. */
  async function checkJob(session: Session, attempt: Attempt, request: ClaimRequest): Promise<void> {
    const poller = parts.pollerOf(session.spec.cluster)
    if (!poller) throw new ClaimRefused('later', 'the cluster is not configured now')
    const find = async (since: number) => {
      const { list } = await poller.ask(since)
      return list.jobs.find((job) => job.id === request.jobId)
    }
    try {
      let job = await find(room.now() - 30_000)
      // An older answer may have been given before the job started.
      if (job?.phase !== 'running' || (job.restarts !== request.restart && request.restart > 0))
        job = await find(room.now())
      if (!job) throw new ClaimRefused('later', 'the scheduler does not show this job yet')
      if (job.name !== attempt.tag) throw new ClaimRefused('forbidden', 'the job has another name than the attempt')
      if (job.owner !== undefined && job.owner !== session.account)
        throw new ClaimRefused('forbidden', 'the job belongs to another account')
      if (job.phase !== 'running') throw new ClaimRefused('later', `the scheduler says that the job is ${job.phase}`)
      if (job.host !== undefined && request.node !== '' && firstLabel(job.host) !== firstLabel(request.node))
        throw new ClaimRefused('forbidden', `the scheduler runs the job on ${job.host}`)
    } catch (error) {
      if (error instanceof SchedulerError) throw new ClaimRefused('later', 'the scheduler does not answer now')
      throw error
    }
  }

  /** The real credentials exist from here on: the application's token and its OAuth client. */
  async function grant(session: Session, claim: Claim): Promise<void> {
    const { userId, userName, serverName } = session
    await people.revokeTokensOfSession(session.id)
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
      redirectUri: `${serverPath(settings.base, userName, serverName)}oauth_callback`,
      allowedScopes: [],
      description: `Server at ${serverPath(settings.base, userName, serverName)}`,
      userId,
      serverName,
    })
  }

  async function decide(secret: string, request: ClaimRequest): Promise<ClaimReply> {
    const attempt = await store.findAttempt(request.session, request.attempt)
    if (!attempt || !matchesHash(secret, attempt.secretHash)) {
      throw new ClaimRefused('forbidden', 'no such attempt, or not its secret')
    }
    const session = await store.find(request.session)
    if (!session || session.facts.state === 'ended' || session.facts.state === 'stopping')
      throw new ClaimRefused('ended', 'the session has ended or is ending')
    if (request.protocol !== protocolVersion)
      throw new ClaimRefused('protocol', `this hub speaks protocol ${protocolVersion}; install its agent`)
    if (session.attempt !== attempt.number) throw new ClaimRefused('superseded', 'a later attempt took over')
    if (attempt.jobId !== null && attempt.jobId !== request.jobId)
      throw new ClaimRefused('superseded', `job ${attempt.jobId} runs this session`)
    const site = room.clusters.get(session.spec.cluster)
    if (!site) throw new ClaimRefused('later', 'the cluster is not configured now')

    const known = await store.findClaim(request.nonce)
    if (known) {
      const isSame =
        known.sessionId === session.id && known.jobId === request.jobId && known.restart === request.restart
      if (known.revokedAt !== null || !isSame) throw new ClaimRefused('superseded', 'this claim was revoked')
      return reply(session, known, site) // the reply was lost: the same claim, the same credentials
    }
    const live = (await store.listClaims(session.id)).find((claim) => claim.revokedAt === null)
    if (live && live.jobId === request.jobId && live.restart >= request.restart) {
      const heard = parts.lastHeartbeat(live.id) ?? live.createdAt
      if (room.now() - heard < deadAgentMs)
        throw new ClaimRefused('superseded', 'another agent of this job holds the claim')
    }
    await checkJob(session, attempt, request)
    const jobId = toJobId(request.jobId)
    if (attempt.jobId === null && !(await store.acceptAttempt(session.id, attempt.number, jobId, room.now()))) {
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
    await grant(session, claim)
    const moved = await room.apply(session.id, {
      type: 'claimed',
      claim: { id: claim.id, jobId, restart: claim.restart, node: claim.node },
      at: claim.createdAt,
    })
    if (moved?.facts.state !== 'starting' || moved.facts.claim?.id !== claim.id) {
      await store.revokeClaims(session.id, room.now())
      throw new ClaimRefused('ended', 'the session was stopped meanwhile')
    }
    log.info({ session: session.id, job: jobId, node: claim.node, restart: claim.restart }, 'attempt claimed')
    return reply(moved, claim, site)
  }

  return {
    claim: (secret, request) => inTurn(request.session, () => decide(secret, request)),
  }
}
