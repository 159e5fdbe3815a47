import { parseArgs } from 'node:util'
import type { CertificateFiles } from './certificate-files.ts'
import { secretHeader } from './front.ts'
import type { IdentityHeaders } from './front-identity.ts'
import { type Hosts, parseHosts } from './hosts.ts'
import { type LogLevel, logLevels } from './log.ts'

/** Every option of the command: the parser and `--help` both read this table. */
const table = {
  listen: {
    type: 'string',
    multiple: true,
    hint: 'ADDRESS',
    help: 'Where browsers or the front server connect (repeatable)',
  },
  'tls-certificate': {
    type: 'string',
    hint: 'FILE',
    help: 'Speak TLS on every --listen but unix sockets: certificate with its chain. Read again on SIGHUP and when it was replaced',
  },
  'tls-key': { type: 'string', hint: 'FILE', help: 'Its key' },
  control: {
    type: 'string',
    hint: 'ADDRESS',
    help: 'Where the hub connects, with the token',
    default: '127.0.0.1:8001',
  },
  'control-token-file': {
    type: 'string',
    hint: 'FILE',
    help: 'File with the control token, mode 0600; else $CONFIGPROXY_AUTH_TOKEN',
  },
  snapshot: { type: 'string', hint: 'FILE', help: 'Keep the routes in this file over restarts (mode 0600)' },
  'default-target': { type: 'string', hint: 'URL', help: 'Target for requests without a route, treated as the hub' },
  'hub-origin': {
    type: 'string',
    hint: 'ORIGIN',
    help: 'Route by host and path: https://HOST[:PORT] is the hub’s alone. Needs --application-domain',
  },
  'application-domain': {
    type: 'string',
    hint: 'DOMAIN',
    help: 'Applications answer at one label below this domain, and nowhere else',
  },
  'base-path': { type: 'string', hint: 'PATH', help: 'Path of the home page, for the error pages', default: '/' },
  'hub-cookie': {
    type: 'string',
    multiple: true,
    hint: 'NAME',
    help: 'Login cookie that applications never see (repeatable; default jupyterhub-hub-login)',
  },
  'trusted-front': {
    type: 'string',
    multiple: true,
    hint: 'IP|NETWORK|unix',
    help: 'Front server whose X-Forwarded-* are believed (repeatable)',
  },
  'front-secret-file': {
    type: 'string',
    hint: 'FILE',
    help: `Secret that front servers show in ${secretHeader}, mode 0600; not asked on unix sockets`,
  },
  'user-header': {
    type: 'string',
    hint: 'NAME',
    help: 'Header in which front servers name the user; the hub is told',
  },
  'user-data-header': {
    type: 'string',
    hint: 'NAME',
    help: 'Header in which they tell more about the user; must come with every user',
  },
  'trust-address-alone': {
    type: 'boolean',
    hint: '',
    help: 'Believe --user-header without a secret: whoever connects from there can be anybody',
  },
  'identity-header': {
    type: 'string',
    multiple: true,
    hint: 'NAME',
    help: 'Further header that names a user, taken from every request (repeatable)',
  },
  metrics: {
    type: 'string',
    hint: 'ADDRESS',
    help: 'Where figures are collected (/metrics) and health is asked (/health, /ready), without a token',
  },
  'drain-seconds': {
    type: 'string',
    hint: 'N',
    help: 'How long running requests may take to finish on SIGTERM; a second signal ends it at once',
    default: '10',
  },
  'access-log': {
    type: 'string',
    hint: 'FILE',
    help: 'A line of JSON for each request, without query strings; - is standard output. SIGHUP opens it anew',
  },
  'log-level': {
    type: 'string',
    hint: 'LEVEL',
    help: `Lowest level written: ${logLevels.join(', ')}`,
    default: 'info',
  },
  help: { type: 'boolean', hint: '', help: 'Show this and exit' },
} as const satisfies Record<string, Option>

interface Option {
  readonly type: 'string' | 'boolean'
  readonly multiple?: true
  readonly hint: string
  readonly help: string
  readonly default?: string
}

export interface CommandLine {
  readonly listen: readonly string[]
  /** Null: plain HTTP. */
  readonly tls: CertificateFiles | null
  readonly control: string
  readonly controlTokenFile: string | null
  readonly snapshot: string | null
  readonly defaultTarget: string | null
  readonly hosts: Hosts | null
  readonly basePath: string
  readonly hubCookies: readonly string[]
  readonly trustedFronts: readonly string[]
  readonly frontSecretFile: string | null
  readonly identity: IdentityHeaders | null
  readonly trustAddressAlone: boolean
  readonly identityHeaders: readonly string[]
  readonly metrics: string | null
  readonly drainMs: number
  readonly accessLog: string | null
  readonly logLevel: LogLevel
  readonly help: boolean
}

/** @throws {Error} with words for the person at the terminal. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { values } = parseArgs({ args: [...argv], options: table, strict: true, allowPositionals: false })
  const logLevel = logLevels.find((level) => level === values['log-level'])
  if (logLevel === undefined) throw new Error(`--log-level must be one of ${logLevels.join(', ')}`)
  if (!/^\d{1,5}$/.test(values['drain-seconds'])) throw new Error('--drain-seconds must be a whole number of seconds')
  if (!values['base-path'].startsWith('/')) throw new Error('--base-path must begin with /')
  const { 'hub-origin': hubOrigin, 'application-domain': domain } = values
  if ((hubOrigin === undefined) !== (domain === undefined))
    throw new Error('--hub-origin and --application-domain go together')
  const { 'tls-certificate': certificate, 'tls-key': key } = values
  if ((certificate === undefined) !== (key === undefined))
    throw new Error('--tls-certificate and --tls-key go together')
  const { 'user-header': user, 'user-data-header': data } = values
  if (user === undefined && data !== undefined) throw new Error('--user-data-header needs --user-header')
  return {
    listen: values.listen ?? ['127.0.0.1:8000'],
    tls: certificate === undefined || key === undefined ? null : { certificate, key },
    control: values.control,
    controlTokenFile: values['control-token-file'] ?? null,
    snapshot: values.snapshot ?? null,
    defaultTarget: values['default-target'] ?? null,
    hosts: hubOrigin === undefined || domain === undefined ? null : parseHosts(hubOrigin, domain),
    basePath: values['base-path'],
    hubCookies: values['hub-cookie'] ?? ['jupyterhub-hub-login'],
    trustedFronts: values['trusted-front'] ?? [],
    frontSecretFile: values['front-secret-file'] ?? null,
    identity: user === undefined ? null : { user, data: data ?? null },
    trustAddressAlone: values['trust-address-alone'] ?? false,
    identityHeaders: values['identity-header'] ?? [],
    metrics: values.metrics ?? null,
    drainMs: Number(values['drain-seconds']) * 1_000,
    accessLog: values['access-log'] ?? null,
    logLevel,
    help: values.help ?? false,
  }
}

export function helpText(): string {
  const lines = Object.entries<Option>(table).map(([name, { hint, help, default: usual }]) => {
    const left = `  --${name} ${hint}`.trimEnd()
    return `${left.padEnd(30)} ${help}${usual === undefined ? '' : ` (default ${usual})`}`
  })
  return `${[
    'Usage: batchway-proxy [options]',
    '',
    'Routes HTTP and WebSocket to sessions. ADDRESS is HOST:PORT, [IPv6]:PORT or unix:/path; port 0 takes a free one.',
    '',
    ...lines,
  ].join('\n')}\n`
}
