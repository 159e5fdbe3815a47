/** What went wrong between a command and the hub, and what to write instead. Pure. */
import type { Credentials } from './credentials.ts'
import { CommandProblem } from './exit-statuses.ts'
import { plainLine } from './plain-text.ts'

export interface FailedAnswer {
  readonly status: number
  /** The hub's own words; null if it is none of its answers. */
  readonly message: string | null
  /** `urn:batchway:…` */
  readonly type: string | null
  readonly location: string | null
  readonly retryAfter: string | null
  readonly credentials: Pick<Credentials, 'source'>
  readonly site: string
}

export function answerProblem({
  status,
  message,
  type,
  location,
  retryAfter,
  credentials,
  site,
}: FailedAnswer): CommandProblem {
  const words = message === null ? '' : plainLine(message).slice(0, 1_000).replace(/\.$/, '')
  const busy = type === 'urn:batchway:session_busy'
  if (status >= 300 && status < 400)
    return new CommandProblem(
      'unreachable',
      `${site} sends on to ${plainLine(location ?? 'elsewhere').slice(0, 200)}, where the token is not sent: give the address itself with --url`,
    )
  if (message === null && status !== 401 && status !== 429 && status < 500)
    return new CommandProblem(
      'unreachable',
      `${site} answers ${status}, and not as a hub’s API does: is the address right? It is the one that people open`,
    )
  if (status === 401 || (status === 403 && /missing or invalid credentials/i.test(words)))
    return new CommandProblem(
      'credentials',
      `the hub does not know the token of ${credentials.source}: it was revoked, has expired, or is another hub’s. Make a new one at ${site}hub/token`,
    )
  if (status === 403)
    return new CommandProblem(
      'credentials',
      `not allowed with the token of ${credentials.source}: ${words}. "batchway user show" lists what it may do`,
    )
  if (status === 404)
    return new CommandProblem('missing', `there is no such thing, or this token may not see it: ${words}`)
  if (status === 429)
    return new CommandProblem(
      'conflict',
      `${words || 'too many requests'}.${retryAfter === null ? '' : ` Try again in ${plainLine(retryAfter).slice(0, 40)} s`}`,
    )
  // Why is told in the hub's own sentence: the same that the form shows.
  if (type === 'urn:batchway:draining') return new CommandProblem('conflict', `${words}.`)
  if (status === 409 || status === 424 || busy) return new CommandProblem('conflict', words)
  if (status >= 500)
    return new CommandProblem(
      'unreachable',
      `the hub cannot do it now (${status})${words === '' ? '' : `: ${words}`}. Try again, or tell who runs it`,
    )
  return new CommandProblem('refused', words)
}

/** Codes of OpenSSL for certificates that nobody we trust has signed, and those for others. */
const untrusted =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?))$/

export function networkProblem(error: unknown, site: string): CommandProblem {
  const { host, hostname } = new URL(site)
  const code = codeOf(error)
  const say = (words: string): CommandProblem => new CommandProblem('unreachable', words, { cause: error })
  if (untrusted.test(code))
    return say(
      `the certificate of ${host} is signed by nobody that is trusted here. If your site has an authority of its own, set NODE_EXTRA_CA_CERTS to its certificate file`,
    )
  if (code === 'CERT_HAS_EXPIRED') return say(`the certificate of ${host} has expired: tell who runs it`)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return say(`the certificate of ${host} is for another name: write the name that people open`)
  if (/^(ERR_SSL|EPROTO)/.test(code))
    return say(`${host} does not speak TLS as it should (${code}): is it http:// there?`)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return say(`the name ${hostname} is not known here: is it spelled right, and is the network up?`)
  if (code === 'ECONNREFUSED')
    return say(`nobody listens at ${host}: is the gateway running, and is this the address that people open?`)
  if (code === 'TimeoutError' || /TIMEDOUT|TIMEOUT/.test(code)) return say(`${host} did not answer in time`)
  return say(`${host} was not reached or broke off${code === '' ? '' : ` (${code})`}`)
}

/** The innermost code: fetch wraps what happened, and several tries are an AggregateError. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  if ('code' in error && typeof error.code === 'string') return error.code
  if (error.name === 'TimeoutError') return error.name
  return codeOf(error.cause)
}
