/** What is wrong with the addresses of a configuration. */
import { parseHosts } from '@batchway/proxy/hub-side'
import { parseApplicationHosts } from '../core/application-hosts.ts'
import type { MoreProblems } from '../core/parse-config.ts'

/** An address of plain http is for one machine: beyond it, everyone on the way could read passwords and cookies. */
const isThisMachine = (hostname: string): boolean =>
  /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)

export const addressProblems: MoreProblems = (config) => [
  ...plainHttp(config),
  ...ownTls(config),
  ...hostless(config),
  ...takenTwice(config),
]

const plainHttp: MoreProblems = ({ url, insecureHttp }) => {
  if (url === null || insecureHttp) return []
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || isThisMachine(hostname)) return []
  const message =
    'everyone on the way can read passwords and sessions of plain http: write "https://…" with a front server before the proxy ("batchway front-config") or with "proxy.tls", or "insecureHttp: true" for a try'
  return [{ path: 'url', message }]
}

/** Cookies, links and sign-ins follow the address that people type. */
const ownTls: MoreProblems = ({ url, listen, proxy }) => {
  if (proxy?.tls === undefined) return []
  if (listen.length > 0 && listen.every((each) => each.startsWith('unix:')))
    return [{ path: 'proxy.tls', message: 'a unix socket speaks no TLS, and "listen" has no other: leave "tls" out' }]
  if (url === null || url.startsWith('https:')) return []
  return [{ path: 'url', message: 'the proxy speaks TLS (proxy.tls): write "https://…"' }]
}

/** With hosts for applications the hub is told apart by its own: the proxy says what it needs. */
const hostless: MoreProblems = ({ url, applicationHosts }) => {
  const domain = applicationHosts === null ? undefined : parseApplicationHosts(applicationHosts)?.domain
  if (url === null || domain === undefined) return []
  try {
    parseHosts(new URL(url).origin, domain)
    return []
  } catch {
    const message =
      'with "applicationHosts" the hub needs a host name, not an address of numbers: write e.g. "https://jupyter.example.edu/"'
    return [{ path: 'url', message }]
  }
}

/** Each place has one listener. What every address of the host means is told by the start: here only what is written alike. */
const takenTwice: MoreProblems = ({ listen, hub, proxy }) => {
  const places = [
    ...listen.map((address, index) => ({ address, path: `listen[${index}]` })),
    ...(hub?.internal ?? []).map((address, index) => ({ address, path: `hub.internal[${index}]` })),
    ...(proxy?.metrics === undefined ? [] : [{ address: proxy.metrics, path: 'proxy.metrics' }]),
  ]
  return places.flatMap(({ address, path }, index) => {
    const first = places.slice(0, index).find((one) => one.address === address)
    return first === undefined || address.endsWith(':0')
      ? []
      : [{ path, message: `${first.path} listens at ${address} already: write another port` }]
  })
}
