/** What is wrong with what a configuration says about front servers: header sign-in is worth as much as their proof. */
import { checkIdentityHeaders, secretHeader, trustedFronts } from '@batchway/proxy/hub-side'
import type { ConfigProblem } from '../core/config-error.ts'
import { findHeaderSignIn, identityHeadersOf } from '../core/header-sign-in.ts'
import type { MoreProblems } from '../core/parse-config.ts'

const wordsOf = (check: () => unknown): string | null => {
  try {
    check()
    return null
  } catch (error) {
    return error instanceof RangeError ? error.message : String(error)
  }
}

export const frontProblems: MoreProblems = ({ signIn, listen, proxy }) => {
  if (proxy === null) return []
  const { trustedFronts: fronts } = proxy
  const problems = fronts.flatMap((entry, index): ConfigProblem[] => {
    const message = wordsOf(() => trustedFronts([entry]))
    return message === null ? [] : [{ path: `proxy.trustedFronts[${index}]`, message }]
  })
  const headers = signIn.filter(({ type }) => type === 'header')
  if (headers.length > 1) problems.push({ path: 'signIn', message: '"header" can be there once' })
  const header = findHeaderSignIn(signIn)
  if (header === null) return problems
  const name = wordsOf(() => checkIdentityHeaders(identityHeadersOf(header)))
  if (name !== null) problems.push({ path: `signIn[${signIn.indexOf(header)}].header`, message: name })
  const isUnixAlone = fronts.length > 0 && fronts.every((each) => each === 'unix')
  if (fronts.length === 0) {
    const message =
      'header sign-in believes what a front server says, so say which: its addresses, e.g. ["10.0.0.7"], or ["unix"] if it connects to a unix socket'
    problems.push({ path: 'proxy.trustedFronts', message })
  } else if (isUnixAlone && !listen.some((each) => each.startsWith('unix:'))) {
    const message =
      'header sign-in is believed on unix sockets alone, so one is needed: e.g. "unix:/run/batchway/front.sock"'
    problems.push({ path: 'listen', message })
  } else if (!isUnixAlone && proxy.frontSecretFile === undefined && !proxy.trustAddressAlone) {
    const message = `anybody who can connect from ${fronts.find((each) => each !== 'unix')} could be anybody: write a file with a secret ("openssl rand -hex 32", mode 0600), which the front server sends as ${secretHeader}, or let it connect to a unix socket`
    problems.push({ path: 'proxy.frontSecretFile', message })
  }
  return problems
}
