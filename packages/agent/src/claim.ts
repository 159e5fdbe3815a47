import { backOffMs, type Clock } from './clock.ts'
import { type HubClient, HubUnreachable } from './hub-client.ts'
import type { ClaimReply, ClaimRequest, Ticket } from './protocol.ts'

/** How asking for the attempt ended. `lost`: someone else runs this session or nobody should; the job ends with status 0. */
export type ClaimOutcome =
  | { readonly kind: 'won'; readonly reply: ClaimReply }
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'refused'; readonly code: 'forbidden' | 'protocol'; readonly message: string }
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'aborted' }

export interface ClaimTools {
  readonly hub: HubClient
  readonly clock: Clock
  readonly log: (line: string) => void
  /** Aborts when the scheduler ends the job meanwhile. */
  readonly signal: AbortSignal
}

/** Ask the hub for this attempt until it answers or patience ends; the same request (same nonce) each time, so that a lost reply costs nothing. */
export async function claim(ticket: Ticket, request: ClaimRequest, tools: ClaimTools): Promise<ClaimOutcome> {
  const { hub, clock, log, signal } = tools
  const deadline = clock.monotonic() + ticket.hubPatienceSeconds * 1000
  let said = ''
  for (let attempt = 0; !signal.aborted; attempt++) {
    const step = await ask(hub, ticket, request)
    if (step.kind !== 'later') return step
    if (step.message !== said) log(`waiting for the hub: ${step.message}`)
    said = step.message
    const left = deadline - clock.monotonic()
    if (left <= 0) return { kind: 'unreachable', message: step.message }
    await clock.sleep(Math.min(left, backOffMs(attempt, 250, 5_000, clock.random())), signal)
  }
  return { kind: 'aborted' }
}

type Step = ClaimOutcome | { readonly kind: 'later'; readonly message: string }

async function ask(hub: HubClient, ticket: Ticket, request: ClaimRequest): Promise<Step> {
  try {
    const { status, body } = await hub.post('/agent/claim', ticket.secret, request)
    return toStep(status, body)
  } catch (error) {
    if (error instanceof HubUnreachable) return { kind: 'later', message: error.message }
    throw error
  }
}

/** What an answer means. Unknown statuses below 500 refuse: a wrong URL must be told, not waited for. */
export function toStep(status: number, body: unknown): Step {
  if (status === 200)
    return isClaimReply(body)
      ? { kind: 'won', reply: body }
      : { kind: 'later', message: 'the hub sent a claim we cannot read' }
  const code = textAt(body, 'code')
  const message = textAt(body, 'message') || `HTTP ${status}`
  if (code === 'superseded' || code === 'ended') return { kind: 'lost', message }
  if (code === 'protocol') return { kind: 'refused', code, message }
  if (code === 'later' || status >= 500 || status === 425 || status === 429) return { kind: 'later', message }
  return { kind: 'refused', code: 'forbidden', message }
}

const textAt = (value: unknown, key: string): string => {
  const found = typeof value === 'object' && value !== null ? Reflect.get(value, key) : null
  return typeof found === 'string' ? found.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, 500) : ''
}

type Shape = { readonly [key: string]: (value: unknown) => boolean }

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0
const isTextList = (value: unknown) => Array.isArray(value) && value.every(isText)
const isNull = (value: unknown) => value === null
const either = (a: (value: unknown) => boolean, b: (value: unknown) => boolean) => (value: unknown) =>
  a(value) || b(value)
const has =
  (shape: Shape) =>
  (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(shape).every(([key, holds]) => holds(Reflect.get(value, key)))

const isPort = (value: unknown) => isNumber(value) && Number.isInteger(value) && value > 0 && value < 65_536

const claimReplyShape = has({
  claimToken: isText,
  psk: has({ identity: isText, key: (value) => isText(value) && /^[0-9a-f]{64}$/i.test(value) }),
  heartbeatSeconds: isNumber,
  listen: has({
    address: isText,
    ports: either(isNull, (value) => Array.isArray(value) && value.length === 2 && value.every(isPort)),
    advertise: either(isNull, isText),
  }),
  application: has({
    access: (value) => value === 'hub-aware' || value === 'gated',
    listensOn: (value) => value === undefined || value === 'port' || value === 'socket',
    argv: (value) => isTextList(value) && Array.isArray(value) && value.length > 0,
    environment: (value) => typeof value === 'object' && value !== null && Object.values(value).every(isText),
    prefix: (value) => isText(value) && value.startsWith('/'),
    healthPath: isText,
    directory: isText,
    gate: either(
      isNull,
      has({
        clientId: isText,
        hubPath: isText,
        redirectPath: isText,
        accessScopes: isTextList,
        apiToken: isText,
        appToken: isText,
      }),
    ),
  }),
  readySeconds: isNumber,
  stopSeconds: isNumber,
  endsAt: either(isNull, isNumber),
})

const isClaimReply = (value: unknown): value is ClaimReply => {
  if (!claimReplyShape(value)) return false
  const { access, gate } = (value as ClaimReply).application
  return access === 'hub-aware' || gate !== null
}
