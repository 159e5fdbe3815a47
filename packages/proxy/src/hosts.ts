/**
 * Routing by host and path, as configurable-http-proxy's `--host-routing` does it: a route's first segment is its host. The hub answers at
 * its own host alone, every application at one label below the applications' domain, and nothing answers anywhere else.
 */
export interface Hosts {
  /** Where people reach the hub: `https://jupyter.example.edu`, with a port if it is not the scheme's own. */
  readonly hubOrigin: string
  readonly hubHost: string
  readonly port: string
  /** Applications live at `LABEL.` and this: `jupyter.example.edu`. */
  readonly domain: string
}

export type HostReading =
  | { readonly kind: 'hub' | 'application'; readonly name: string }
  /** No name that DNS and browsers know in exactly one spelling. */
  | 'malformed'
  | 'unknown'

/** Letters, digits, hyphens inside (RFC 1123 2.1), and nothing that some programs read as another host: no final dot, no escapes. */
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const hostName = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})*$`)
const isNumeric = (name: string): boolean => /(^|\.)[0-9]+$/.test(name)

/**
 * @param hubOrigin origin of the address that people type.
 * @param domain what stands behind the label of each application.
 * @throws {RangeError} with words for the admin.
 */
export function parseHosts(hubOrigin: string, domain: string): Hosts {
  const url = URL.canParse(hubOrigin) ? new URL(hubOrigin) : null
  if (url === null || url.origin !== hubOrigin.replace(/\/$/, '') || !/^https?:$/.test(url.protocol))
    throw new RangeError(`not an origin: ${JSON.stringify(hubOrigin)} (write https://HOST or https://HOST:PORT)`)
  if (!hostName.test(url.hostname) || isNumeric(url.hostname))
    throw new RangeError(`the hub needs a host name to tell it from applications, not ${url.hostname}`)
  if (!hostName.test(domain) || isNumeric(domain))
    throw new RangeError(`not a domain: ${JSON.stringify(domain)} (letters, digits, hyphens and dots, in lower case)`)
  return { hubOrigin: url.origin, hubHost: url.hostname, port: portOf(url), domain }
}

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80')

/**
 * Read a `Host` header. A port counts only if it is the hub's, or left out: a front server may leave it out.
 * Letters of either case are the same host (RFC 9110 4.2.3); everything else has one spelling.
 */
export function readHost(text: string, { hubHost, port, domain }: Hosts): HostReading {
  const [, bracketed, plain = '', digits] = /^(?:(\[[0-9a-f:.]+\])|([^:]*))(?::([0-9]{1,5}))?$/i.exec(text) ?? []
  if (bracketed !== undefined) return 'unknown'
  const name = plain.toLowerCase()
  // Before the pattern: lower case makes our letters of some foreign ones.
  if (!/^[A-Za-z0-9.-]+$/.test(plain) || !hostName.test(name)) return 'malformed'
  if (digits !== undefined && digits !== port) return 'unknown'
  if (name === hubHost) return { kind: 'hub', name }
  const first = name.slice(0, name.indexOf('.'))
  return name === `${first}.${domain}` ? { kind: 'application', name } : 'unknown'
}
