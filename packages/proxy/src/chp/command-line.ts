import { parseArgs } from 'node:util'
import type { Address } from '../address.ts'
import { foldName } from '../headers.ts'
import { type LogLevel, logLevels } from '../log.ts'
import type { MannerOptions } from '../manner.ts'
import { type ChpOptionName, chpOptionList } from './option-table.ts'

/** Files of one side that speaks TLS. */
export interface TlsFiles {
  readonly key: string | null
  readonly cert: string | null
  readonly ca: string | null
}
export interface ServerTlsFiles extends TlsFiles {
  readonly isCertificateAsked: boolean
  readonly isRejected: boolean
}

/** What the command line says, checked and in units. */
export interface ChpSettings {
  readonly listen: Address
  readonly api: Address
  readonly metrics: Address | null
  /** Null: plain HTTP. */
  readonly tls: ServerTlsFiles | null
  readonly apiTls: ServerTlsFiles | null
  readonly clientTls: TlsFiles
  readonly isInsecure: boolean
  readonly ciphers: string
  readonly versions: { readonly minVersion: 'TLSv1.2' | 'TLSv1.3'; readonly maxVersion: 'TLSv1.2' | 'TLSv1.3' }
  readonly dhparam: string | null
  readonly defaultTarget: string | null
  readonly errorTarget: string | null
  readonly errorPath: string | null
  readonly redirect: { readonly port: number; readonly to: number } | null
  readonly pidFile: string | null
  readonly manner: MannerOptions
  readonly timeoutMs: number | null
  readonly proxyTimeoutMs: number | null
  readonly keepAliveMs: number
  readonly logLevel: LogLevel
  readonly trustedFronts: readonly string[]
  readonly snapshot: string | null
  readonly drainMs: number
  readonly accessLog: string | null
  /** Told when it starts: options that have no effect. */
  readonly remarks: readonly string[]
}

/** TLS 1.2 with forward secrecy first, as configurable-http-proxy has it; TLS 1.3 has ciphers of its own. */
const usualCiphers =
  'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:HIGH:!aNULL:!eNULL:!EXPORT:!DES:!RC4:!MD5:!PSK:!SRP:!CAMELLIA'

const versionsOf: Readonly<Record<string, ChpSettings['versions']>> = {
  TLS: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' },
  SSLv23: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' },
  TLSv1_2: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
  TLSv1_3: { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' },
}

/** What would make two requests of one, or send one elsewhere than it was routed. */
const unsettable: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'content-length', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'keep-alive'],
])

/** @throws {Error} with words for the person at the terminal. */
export function readChpCommandLine(argv: readonly string[]): ChpSettings | 'help' | 'version' {
  const given = readArguments(argv)
  if (given.isGiven('help')) return 'help'
  if (given.isGiven('version')) return 'version'
  for (const [name, { refused }] of chpOptionList)
    if (refused !== undefined && given.isNamed(name)) throw new Error(`--${name} is not supported: ${refused}`)
  const { text, number, isGiven } = given

  const socket = text('socket')
  if (socket !== null && (given.isNamed('port') || given.isNamed('ip')))
    throw new Error('--socket cannot be used with --ip or --port: write one or the other')
  const port = number('port', 65_535) ?? 8000
  const listen = addressOf(socket, text('ip') ?? '', port)
  const apiPort = number('api-port', 65_535) ?? (socket !== null ? 8001 : port === 0 ? 0 : port + 1)
  const metricsPort = number('metrics-port', 65_535)
  const metricsSocket = text('metrics-socket')
  if (metricsSocket !== null && metricsPort !== null)
    throw new Error('--metrics-socket cannot be used with --metrics-port: write one or the other')

  const server = (side: 'ssl' | 'api-ssl'): ServerTlsFiles | null => {
    const files = { key: text(`${side}-key`), cert: text(`${side}-cert`), ca: text(`${side}-ca`) }
    if (files.key === null && files.cert === null) return null
    if (files.key === null || files.cert === null)
      throw new Error(`--${side}-key and --${side}-cert go together: TLS needs both`)
    const isCertificateAsked = isGiven(`${side}-request-cert`)
    return { ...files, isCertificateAsked, isRejected: isCertificateAsked }
  }
  const tls = server('ssl')
  const redirectPort = number('redirect-port', 65_535)
  if (redirectPort !== null && tls === null)
    throw new Error('HTTPS redirection specified but certificates not provided: write --ssl-key and --ssl-cert')
  if (redirectPort !== null && socket !== null && !given.isNamed('redirect-to'))
    throw new Error('with --socket there is no port to send browsers to: write --redirect-to')
  const errorTarget = text('error-target')
  const errorPath = text('error-path')
  if (errorTarget !== null && errorPath !== null)
    throw new Error('Cannot specify both error-target and error-path. Pick one.')
  const clientTls = { key: text('client-ssl-key'), cert: text('client-ssl-cert'), ca: text('client-ssl-ca') }
  if ((clientTls.key === null) !== (clientTls.cert === null))
    throw new Error('--client-ssl-key and --client-ssl-cert go together: TLS needs both')

  return {
    listen,
    api: addressOf(text('api-socket'), text('api-ip') ?? 'localhost', apiPort),
    metrics:
      metricsSocket === null && metricsPort === null
        ? null
        : addressOf(metricsSocket, text('metrics-ip') ?? '', metricsPort ?? 0),
    tls,
    apiTls: server('api-ssl'),
    clientTls,
    isInsecure: isGiven('insecure'),
    ciphers: text('ssl-ciphers') ?? usualCiphers,
    versions: readVersions(text('ssl-protocol')),
    dhparam: text('ssl-dhparam'),
    defaultTarget: text('default-target'),
    errorTarget,
    errorPath,
    redirect: redirectPort === null ? null : { port: redirectPort, to: number('redirect-to', 65_535) ?? port },
    pidFile: text('pid-file'),
    manner: {
      isForwardedTold: !isGiven('no-x-forward'),
      isTargetPathAdded: !isGiven('no-prepend-path'),
      isPrefixKept: !isGiven('no-include-prefix'),
      isRoutedByHost: isGiven('host-routing'),
      isHostOfTarget: isGiven('change-origin'),
      isLocationOurs: isGiven('auto-rewrite'),
      locationScheme: readScheme(text('protocol-rewrite')),
      customHeaders: given.all('custom-header').map(readHeader),
      areUsersConfined: !isGiven('trust-user-servers'),
    },
    timeoutMs: number('timeout') || null,
    proxyTimeoutMs: number('proxy-timeout') || null,
    keepAliveMs: number('keep-alive-timeout') || 75_000,
    logLevel: readLevel(text('log-level') ?? 'info'),
    trustedFronts: readFronts(given.all('trusted-front')),
    snapshot: text('snapshot'),
    drainMs: (number('drain-seconds', 86_400) ?? 2) * 1_000,
    accessLog: text('access-log'),
    remarks: chpOptionList.flatMap(([name, { ignored }]) =>
      ignored !== undefined && given.isNamed(name) ? [`--${name} has no effect: ${ignored}`] : [],
    ),
  }
}

interface Given {
  isNamed(name: string): boolean
  isGiven(name: ChpOptionName): boolean
  /** Null: not given, or empty where that means the same. */
  text(name: ChpOptionName): string | null
  all(name: ChpOptionName): readonly string[]
  number(name: ChpOptionName, most?: number): number | null
}

function readArguments(argv: readonly string[]): Given {
  const { values } = parseArgs({
    args: [...argv],
    strict: true,
    allowPositionals: false,
    options: Object.fromEntries(
      chpOptionList.map(([name, { kind }]) => [
        name,
        {
          type: kind === 'flag' ? ('boolean' as const) : ('string' as const),
          multiple: true,
          ...(name === 'help' && { short: 'h' }),
          ...(name === 'version' && { short: 'V' }),
        },
      ]),
    ),
  })
  const all = (name: string): readonly string[] => {
    const value = values[name]
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
  }
  return {
    isNamed: (name) => values[name] !== undefined,
    isGiven: (name) => values[name] !== undefined,
    all,
    // As everywhere the last one counts.
    text: (name) => all(name).at(-1) || null,
    number: (name, most = 2_147_483_647) => {
      const text = all(name).at(-1)
      if (text === undefined) return null
      if (!/^\d{1,10}$/.test(text) || Number(text) > most)
        throw new Error(`--${name} must be a whole number up to ${most}, not ${JSON.stringify(text)}`)
      return Number(text)
    },
  }
}

function addressOf(socket: string | null, host: string, port: number): Address {
  if (socket === null) return { kind: 'tcp', host: host === '*' ? '' : host.replace(/^\[|\]$/g, ''), port }
  // 107 bytes is what sockaddr_un holds besides the final zero byte on Linux, see unix(7).
  if (Buffer.byteLength(socket) > 107) throw new Error(`the path of a socket has at most 107 bytes: ${socket}`)
  return { kind: 'unix', path: socket }
}

function readVersions(name: string | null): ChpSettings['versions'] {
  const versions = versionsOf[name ?? 'TLS']
  if (versions === undefined || !Object.hasOwn(versionsOf, name ?? 'TLS'))
    throw new Error(`--ssl-protocol ${name} is not supported: write TLSv1_2, TLSv1_3, or TLS for both`)
  return versions
}

function readScheme(text: string | null): string | null {
  if (text === null || text === 'http' || text === 'https') return text
  throw new Error('--protocol-rewrite must be http or https')
}

function readHeader(text: string): readonly [string, string] {
  const colon = text.indexOf(':')
  const [name, value] = [text.slice(0, Math.max(0, colon)).trim(), text.slice(colon + 1).trim()]
  if (colon < 0 || name === '') throw new Error(`A colon was expected in custom header: ${text.trim()}`)
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(value))
    throw new Error(`--custom-header: ${JSON.stringify(name)} is no header that can be sent`)
  if (unsettable.has(name.toLowerCase()) || foldName(name).startsWith('x-batchway-'))
    throw new Error(
      `--custom-header cannot set ${name}${name.toLowerCase() === 'host' ? ': write --change-origin' : ''}`,
    )
  return [name, value]
}

function readLevel(text: string): LogLevel {
  const word = text.toLowerCase()
  const level = { http: 'info', verbose: 'debug', silly: 'debug' }[word] ?? word
  const found = logLevels.find((each) => each === level)
  if (found === undefined) throw new Error(`--log-level must be one of ${logLevels.join(', ')}`)
  return found
}

/** A front server runs beside the proxy more often than not; whoever is on this machine could connect in its place. */
const usualFronts = ['127.0.0.0/8', '::1', 'unix']
const readFronts = (given: readonly string[]): readonly string[] =>
  given.length === 0 ? usualFronts : given.filter((each) => each !== 'none')
