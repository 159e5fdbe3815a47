import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ClaimReply, ClaimRequest, Report, Ticket } from '../protocol.ts'

export const canary = (name: string): string => `canary-${name}-${randomBytes(12).toString('hex')}`

/** The hub's internal listener, as far as an agent and a single-user server need it; its moods are set by the tests. */
export interface FakeHub extends AsyncDisposable {
  readonly url: string
  readonly ticket: Ticket
  readonly claim: ClaimReply
  readonly claims: ClaimRequest[]
  readonly reports: Report[]
  /** Answers given instead of the normal one, oldest first: a status with code, or `drop` the connection after acting. */
  readonly claimMoods: ('drop' | { status: number; code: string })[]
  order: 'continue' | 'stop' | 'revoked'
  /** Takes no such reports, as if it were away from a known moment on. */
  deafTo: 'nothing' | 'heartbeats' | 'reports'
  /** What it says about the end of the walltime. */
  endsAt: number | null
  /** Where the application said that it listens. */
  applicationPort: number | null
  /** User tokens and their scopes, for `/user`. */
  readonly users: Map<string, { name: string; scopes: string[] }>
  readonly asked: { user: number; authorize: URLSearchParams[]; tokens: URLSearchParams[] }
  /** Stop listening, keeping the port. */
  pause(): Promise<void>
  resume(): Promise<void>
}

export interface FakeHubOptions {
  readonly application: Partial<ClaimReply['application']>
  readonly claim?: Partial<ClaimReply>
  readonly ticket?: Partial<Ticket>
}

export async function openFakeHub({ application, claim: changes, ticket }: FakeHubOptions): Promise<FakeHub> {
  const prefix = application.prefix ?? '/jupyter/user/alice/'
  const claim: ClaimReply = {
    claimToken: canary('claim'),
    psk: { identity: 'session-1', key: randomBytes(32).toString('hex') },
    heartbeatSeconds: 0.2,
    listen: { address: '127.0.0.1', ports: null, advertise: null },
    application: {
      access: 'hub-aware',
      argv: [],
      environment: {},
      prefix,
      healthPath: 'api',
      directory: '/',
      gate: null,
      ...application,
    },
    readySeconds: 30,
    stopSeconds: 10,
    endsAt: null,
    ...changes,
  }
  const codes = new Map<string, { challenge: string; token: string }>()
  const server = createServer((request, response) => void handle(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/jupyter/hub/api`
  const hub: FakeHub = {
    url,
    ticket: {
      protocol: 1,
      session: 's1',
      attempt: 1,
      secret: canary('ticket'),
      hubUrl: url,
      hubPatienceSeconds: 30,
      ...ticket,
    },
    claim,
    claims: [],
    reports: [],
    claimMoods: [],
    order: 'continue',
    deafTo: 'nothing',
    endsAt: claim.endsAt,
    applicationPort: null,
    users: new Map(),
    asked: { user: 0, authorize: [], tokens: [] },
    pause: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
    resume: async () => {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }

  const json = (response: ServerResponse, status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-jupyterhub-version': '5.4.5' })
    response.end(JSON.stringify(body))
  }
  const bearer = (request: IncomingMessage) => (request.headers.authorization ?? '').replace(/^(bearer|token) /i, '')

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const { pathname, searchParams } = new URL(request.url ?? '', url)
    switch (pathname.slice('/jupyter/hub/api'.length)) {
      case '':
      case '/':
        return json(response, 200, { version: '5.4.5' })
      case '/agent/claim': {
        if (bearer(request) !== hub.ticket.secret)
          return json(response, 403, { code: 'forbidden', message: 'wrong secret' })
        hub.claims.push(JSON.parse(body))
        const mood = hub.claimMoods.shift()
        if (mood === 'drop') return void request.socket.destroy()
        if (mood) return json(response, mood.status, { code: mood.code, message: `the hub says ${mood.code}` })
        return json(response, 200, claim)
      }
      case '/agent/report':
        if (bearer(request) !== claim.claimToken) return json(response, 403, { message: 'wrong claim token' })
        if (hub.deafTo === 'reports' || (hub.deafTo === 'heartbeats' && JSON.parse(body).type === 'heartbeat'))
          return json(response, 503, { message: 'not now' })
        hub.reports.push(JSON.parse(body))
        if (hub.order === 'revoked') return json(response, 410, { message: 'revoked' })
        return json(response, 200, {
          order: hub.order,
          endsAt: hub.endsAt,
          now: Date.now(),
          ...(hub.applicationPort !== null && { applicationPort: hub.applicationPort }),
        })
      case '/user': {
        hub.asked.user++
        const user = hub.users.get(bearer(request))
        return user
          ? json(response, 200, { kind: 'user', admin: false, groups: [], ...user })
          : json(response, 403, { message: 'no' })
      }
      case '/oauth2/authorize': {
        // `as` stands for the hub's own sign-in: the token that the visitor will get.
        hub.asked.authorize.push(searchParams)
        const code = randomBytes(8).toString('hex')
        codes.set(code, {
          challenge: searchParams.get('code_challenge') ?? '',
          token: String(request.headers['x-as'] ?? ''),
        })
        const answer = new URLSearchParams({ code, state: searchParams.get('state') ?? '' })
        response.writeHead(302, { location: `${searchParams.get('redirect_uri')}?${answer}` }).end()
        return
      }
      case '/oauth2/token': {
        const form = new URLSearchParams(body)
        hub.asked.tokens.push(form)
        const known = codes.get(form.get('code') ?? '')
        codes.delete(form.get('code') ?? '')
        const challenge = createHash('sha256')
          .update(form.get('code_verifier') ?? '')
          .digest('base64url')
        const secret = claim.application.gate?.apiToken ?? claim.application.environment.JUPYTERHUB_API_TOKEN
        // Servers before JupyterHub 6 send no challenge.
        if (!known || form.get('client_secret') !== secret || (known.challenge !== '' && known.challenge !== challenge))
          return json(response, 400, { error: 'invalid_grant' })
        return json(response, 200, { access_token: known.token, token_type: 'Bearer', expires_in: 3600, scope: '' })
      }
      default:
        return json(response, 200, {})
    }
  }
  return hub
}

export const reportsOf = <T extends Report['type']>(hub: FakeHub, type: T): Extract<Report, { type: T }>[] =>
  hub.reports.filter((report): report is Extract<Report, { type: T }> => report.type === type)
