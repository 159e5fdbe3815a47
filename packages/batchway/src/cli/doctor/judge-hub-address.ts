/** The hub's address as the probe job tried it from its node. Pure. */
import { ok, problem, type Verdict, warning } from './finding.ts'
import type { HubAnswer, JobReport } from './job-report.ts'
import type { RefusedAddress } from './report-ways.ts'

export interface HubAddressFacts {
  readonly url: string
  /** Key that sets the address: `clusters.larch.hubUrl` or `hub.internalUrl`. */
  readonly setBy: string
  readonly listens: readonly string[]
  readonly version: string
  /** Which hub this is: what `X-Batchway-Site` of its answers says. */
  readonly site: string
  /** The doctor answered in the place of a hub that does not run. */
  readonly byStandIn: boolean
  /** Where the doctor could not answer in its place. */
  readonly refused: readonly RefusedAddress[]
  readonly report: Pick<JobReport, 'host' | 'hub' | 'proxies'>
}

/** How connections fail. Codes of Node; words of bash, which has no codes. */
const noConnection: readonly (readonly [RegExp, string, (facts: HubAddressFacts) => readonly string[]])[] = [
  [
    /ENOTFOUND|EAI_|Name or service not known|Temporary failure in name/,
    'the name is not known there',
    ({ setBy }) => [`Write a name or an address that compute nodes know: ${setBy}.`],
  ],
  [
    /ECONNREFUSED|Connection refused/,
    'nobody listens there (connection refused)',
    ({ setBy, listens, url }) => [
      `The hub listens at ${listens.join(', ')} (hub.internal).${listens.every(isLoopback) ? ' That is loopback, which other hosts cannot reach.' : ''}`,
      `${isLoopback(new URL(url).host) ? 'A loopback address means the node itself. ' : ''}Write in ${setBy} how nodes reach it.`,
    ],
  ],
  [
    /ETIMEDOUT|timed out|^$/,
    'no answer came in time: a firewall drops the packets, or the network has no way there',
    ({ url }) => [`Open port ${new URL(url).port || '80'} of the hub’s host for the compute nodes.`],
  ],
  [
    /EHOSTUNREACH|ENETUNREACH|unreachable|No route to host/,
    'there is no way to that address, or a firewall refuses it',
    ({ setBy }) => [`Write in ${setBy} an address in a network that the nodes are connected to.`],
  ],
  [
    /CERT|SELF_SIGNED|ALTNAME|EPROTO|SSL|TLS/i,
    'its TLS certificate does not hold there, or it does not speak TLS',
    ({ setBy }) => [`The hub itself speaks plain HTTP: write http:// in ${setBy}, unless a front server ends TLS.`],
  ],
]

const isLoopback = (address: string): boolean => /^(127\.|localhost\b|\[::1\]|::1)/.test(address)

const answerOf = ({ address }: HubAnswer): string => (address === null ? '' : ` (${address})`)

const whyRefused: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program holds it',
  EADDRNOTAVAIL: 'this host has no such address',
  EACCES: 'this account may not listen there',
}

/** Why nobody but a stranger could answer, where no hub runs. */
const standInWords = ({ refused }: HubAddressFacts): string[] =>
  refused.map(
    ({ address, code }) =>
      `No hub runs, and the doctor could not answer in its place at ${address}: ${whyRefused[code] ?? 'it cannot listen there'} [${code}].`,
  )

export function judgeHubAddress(facts: HubAddressFacts): Verdict {
  const verdict = judgeAnswer(facts)
  return verdict.status === 'ok' ? verdict : { ...verdict, remedy: [...standInWords(facts), ...verdict.remedy] }
}

function judgeAnswer(facts: HubAddressFacts): Verdict {
  const { url, setBy, version, site, byStandIn, report } = facts
  const { hub, host } = report
  const tried = `${url}${answerOf(hub)} from ${host}`
  if (hub.by === 'none')
    return warning(
      `could not be tried: ${host} has neither the runtime nor bash`,
      'Mend "Job: agent and runtime" first.',
    )
  if (hub.status === null) {
    const error = hub.error ?? ''
    const [, words, remedy] = noConnection.find(([pattern]) => pattern.test(error)) ?? []
    return problem(`${tried}: ${words ?? 'no answer'}${error === '' ? '' : ` [${error}]`}`, ...(remedy?.(facts) ?? []))
  }
  if (hub.status === 200 && hub.version !== null) {
    if (hub.version !== version)
      return warning(
        `${tried}: a hub of version ${hub.version} answers, and this is ${version}`,
        'Restart the hub after an update. Or is that another hub?',
      )
    if (hub.site !== site)
      return problem(
        `${tried}: another gateway answers there (site ${hub.site ?? 'unknown'}, and this one is ${site})`,
        `Agents of this site's jobs would be sent away. Correct host and port in ${setBy}.`,
      )
    return ok(
      `${tried}: ${byStandIn ? 'the doctor was reached in place of the hub, which does not run' : 'the hub answers'}`,
    )
  }
  if (hub.version !== null)
    return problem(
      `${tried}: the hub answers with status ${hub.status}: the path is not its own`,
      `Write only scheme, host and port in ${setBy}; the path is that of url.`,
    )
  return problem(
    `${tried}: something else than this hub answers there (status ${hub.status})`,
    `Correct host and port in ${setBy}. A front server must pass the path on as it is.`,
  )
}
