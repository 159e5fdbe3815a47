/** What goes wrong with a provider, in words for the person and for the log. The provider's own words reach neither page nor log raw. */
import { BatchwayError } from '../../core/errors.ts'

/** OpenID Connect Core 3.1.2.6 and RFC 6749 4.1.2.1: what a provider answers instead of a code. */
const refusals: Readonly<Record<string, string>> = {
  access_denied: 'The provider did not let you in: you stopped there, or you may not use this service.',
  login_required: 'The provider wants you to sign in there first. Try again.',
  interaction_required: 'The provider wants to ask you something first. Try again.',
  account_selection_required: 'The provider wants you to choose one of your accounts first. Try again.',
  consent_required: 'The provider needs your consent to tell this gateway your name. Try again, and agree there.',
  temporarily_unavailable: 'The provider is busy just now. Wait a minute, then try again.',
  server_error: 'The provider has a problem of its own. Wait a minute, then try again.',
}
const misfit = 'The provider’s answer does not fit this sign-in, so nobody was signed in. Start again.'
const misconfigured =
  'The provider does not accept this gateway’s request. Tell who runs it: the log has the provider’s error.'

/** A code such as `access_denied`; anything else is not repeated. */
const codeOf = (error: unknown, name: 'error' | 'code'): string | null => {
  if (!(error instanceof Error)) return null
  const value: unknown = Object.getOwnPropertyDescriptor(error, name)?.value
  return typeof value === 'string' && /^[A-Za-z_]{1,64}$/.test(value) ? value : null
}

/** A browser came back with an answer, or its code was exchanged, and it ended in `error`. */
export function refusalOf(error: unknown): BatchwayError {
  if (error instanceof BatchwayError) return error
  if (isSilence(error)) return silence(error)
  const options = { cause: error }
  const said = codeOf(error, 'error')
  if (said === null || said === 'invalid_grant') return new BatchwayError('forbidden', misfit, options)
  return new BatchwayError('forbidden', Object.hasOwn(refusals, said) ? (refusals[said] ?? '') : misconfigured, options)
}

export const silence = (cause: unknown): BatchwayError =>
  new BatchwayError('sign_in_unavailable', 'The provider does not answer just now. Wait a minute, then try again.', {
    cause,
  })

/** No answer, or that of something in between: it says nothing about the person. */
function isSilence(error: unknown): boolean {
  // fetch() throws a TypeError whose cause is the network's error.
  if (error instanceof TypeError) return true
  const code = codeOf(error, 'code')
  if (code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT') return true
  // By its form, not by its class: what fetch() answers with is no longer the global `Response` once the hub listens.
  const cause = error instanceof Error ? error.cause : undefined
  const status = typeof cause === 'object' && cause !== null && 'status' in cause ? Number(cause.status) : 0
  return code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' && status >= 500
}

/** For the log: kinds and codes, no addresses, tokens or claims. */
export function causeOf(error: unknown): string {
  const inner = error instanceof BatchwayError ? error.cause : error
  if (!(inner instanceof Error)) return 'unknown'
  const deeper = inner.cause instanceof Error ? codeOf(inner.cause, 'code') : null
  const words = [codeOf(inner, 'error'), codeOf(inner, 'code'), deeper].filter((word) => word !== null)
  return words.length > 0 ? words.join(' ') : inner.name
}

/** The refresh token is worth nothing any more: the provider ended the session, or the account. */
export const isEnded = (error: unknown): boolean => codeOf(error, 'error') === 'invalid_grant'
