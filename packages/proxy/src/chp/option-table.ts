/**
 * Every option of configurable-http-proxy 5.3, and of its earlier versions where sites may still have them, with what becomes of it
 * here; then those that are ours alone. The parser, `--help` and docs/reference/proxy-options.md all read this table.
 */
export interface ChpOption {
  readonly kind: 'text' | 'number' | 'flag'
  /** May be given more than once. */
  readonly multiple?: true
  readonly hint?: string
  readonly help: string
  /** As it is written; shown, and used where nothing is given. */
  readonly usual?: string
  /** What differs from configurable-http-proxy. */
  readonly differs?: string
  /** Taken, and without effect: why. */
  readonly ignored?: string
  /** Refused: why, and what to write instead. */
  readonly refused?: string
  readonly isOurs?: true
}

const noStatsd = 'figures are collected by Prometheus: write --metrics-port instead'

const chpOptions = {
  ip: { kind: 'text', hint: 'ADDRESS', help: 'Where browsers connect; empty or * for every interface', usual: '' },
  port: {
    kind: 'number',
    hint: 'N',
    help: 'Port where browsers connect',
    usual: '8000',
    differs: '0 takes a free port; what is no number is refused',
  },
  socket: {
    kind: 'text',
    hint: 'PATH',
    help: 'Unix socket where browsers or the front server connect, in place of --ip and --port',
    differs: 'mode 0660; left behind by a killed process, it is taken over',
  },
  'ssl-key': { kind: 'text', hint: 'FILE', help: 'Key for TLS towards browsers' },
  'ssl-cert': { kind: 'text', hint: 'FILE', help: 'Certificate for TLS towards browsers, its chain included' },
  'ssl-ca': { kind: 'text', hint: 'FILE', help: 'Authorities by which certificates of browsers are judged' },
  'ssl-request-cert': { kind: 'flag', help: 'Ask browsers for a certificate' },
  'ssl-reject-unauthorized': {
    kind: 'flag',
    help: 'Turn browsers without a good certificate away; so it is with --ssl-request-cert anyway',
  },
  'ssl-protocol': {
    kind: 'text',
    hint: 'NAME',
    help: 'TLSv1_2 or TLSv1_3 alone; TLS or SSLv23 for both',
    differs: 'what is older than TLS 1.2 is refused',
  },
  'ssl-ciphers': { kind: 'text', hint: 'LIST', help: 'Ciphers up to TLS 1.2, by OpenSSL’s names, with colons between' },
  'ssl-allow-rc4': {
    kind: 'flag',
    help: 'RC4',
    ignored: 'no OpenSSL that Node comes with has RC4, and configurable-http-proxy excludes it again',
  },
  'ssl-dhparam': { kind: 'text', hint: 'FILE', help: 'Diffie-Hellman parameters' },
  'api-ip': { kind: 'text', hint: 'ADDRESS', help: 'Where the hub connects', usual: 'localhost' },
  'api-port': { kind: 'number', hint: 'N', help: 'Port where the hub connects; default: --port and one' },
  'api-socket': {
    kind: 'text',
    hint: 'PATH',
    help: 'Unix socket where the hub connects, in place of --api-ip and --api-port',
    differs: 'mode 0600',
  },
  'api-ssl-key': { kind: 'text', hint: 'FILE', help: 'Key for TLS towards the hub' },
  'api-ssl-cert': { kind: 'text', hint: 'FILE', help: 'Certificate for TLS towards the hub' },
  'api-ssl-ca': { kind: 'text', hint: 'FILE', help: 'Authorities by which the hub’s certificate is judged' },
  'api-ssl-request-cert': { kind: 'flag', help: 'Ask the hub for a certificate' },
  'api-ssl-reject-unauthorized': {
    kind: 'flag',
    help: 'Turn it away without a good one; so it is with --api-ssl-request-cert anyway',
  },
  'client-ssl-key': { kind: 'text', hint: 'FILE', help: 'Key that is shown to https targets' },
  'client-ssl-cert': { kind: 'text', hint: 'FILE', help: 'Certificate that is shown to https targets' },
  'client-ssl-ca': { kind: 'text', hint: 'FILE', help: 'Authorities by which https targets are judged' },
  'client-ssl-request-cert': {
    kind: 'flag',
    help: 'Ask https targets for their certificate',
    ignored: 'a target always shows one; configurable-http-proxy does not look at it either',
  },
  'client-ssl-reject-unauthorized': {
    kind: 'flag',
    help: 'Turn https targets without a good certificate away',
    ignored: 'they are always turned away, unless --insecure is given',
  },
  'default-target': { kind: 'text', hint: 'URL', help: 'Target of the route / from the start' },
  'error-target': {
    kind: 'text',
    hint: 'URL',
    help: 'Server of error pages: asked for URL/404?url=…, URL/503?url=…',
    differs: 'at most 32 at once, ten seconds and 4 MiB each, and else our own page; not asked for WebSockets',
  },
  'error-path': {
    kind: 'text',
    hint: 'FOLDER',
    help: 'Folder of error pages: 404.html, 503.html, error.html',
    differs: 'without it pages are ours, and JSON for programs',
  },
  'redirect-port': {
    kind: 'number',
    hint: 'N',
    help: 'Port where plain HTTP is sent on to https; needs --ssl-key and --ssl-cert',
  },
  'redirect-to': {
    kind: 'number',
    hint: 'N',
    help: 'Port to which it is sent; default: --port',
    differs: '443 is left out of addresses, as browsers do',
  },
  'pid-file': { kind: 'text', hint: 'FILE', help: 'Holds the process id while it runs' },
  'no-x-forward': {
    kind: 'flag',
    help: 'Do not add X-Forwarded-For, -Port, -Proto and -Host',
    differs: 'what other clients than front servers write into them never passes, see --trusted-front',
  },
  'no-prepend-path': { kind: 'flag', help: 'Leave the path of the target out of requests to it' },
  'no-include-prefix': {
    kind: 'flag',
    help: 'Take the path of the route out of requests to its target',
    differs:
      'by segments; configurable-http-proxy cuts in the middle of one that is percent-encoded, or with --host-routing',
  },
  'auto-rewrite': { kind: 'flag', help: 'Put our host into a Location that names the target' },
  'change-origin': { kind: 'flag', help: 'Put the target’s host into the Host header' },
  'protocol-rewrite': {
    kind: 'text',
    hint: 'SCHEME',
    help: 'Scheme for a Location that names the target: http or https',
    differs: 'other schemes are refused',
  },
  'custom-header': {
    kind: 'text',
    multiple: true,
    hint: 'NAME:VALUE',
    help: 'Header of every request to a target, in place of the client’s (repeatable)',
    differs: 'Host and what frames a request are refused',
  },
  insecure: {
    kind: 'flag',
    help: 'Take any certificate from https targets',
    differs: 'does what it says; in configurable-http-proxy 5 it has no effect',
  },
  'host-routing': { kind: 'flag', help: 'The first segment of a route is its host' },
  'metrics-ip': {
    kind: 'text',
    hint: 'ADDRESS',
    help: 'Where figures are collected; empty for every interface',
    usual: '',
  },
  'metrics-port': { kind: 'number', hint: 'N', help: 'Port where figures are collected: /metrics' },
  'metrics-socket': { kind: 'text', hint: 'PATH', help: 'Unix socket where figures are collected' },
  'log-level': {
    kind: 'text',
    hint: 'LEVEL',
    help: 'Lowest level written: debug, info, warn, error',
    usual: 'info',
    differs: 'lines are JSON; http counts as info, verbose and silly as debug; other words are refused',
  },
  timeout: { kind: 'number', hint: 'MS', help: 'Close a connection on which nothing moves for so long' },
  'proxy-timeout': { kind: 'number', hint: 'MS', help: 'A target that says nothing for so long has failed' },
  'storage-backend': {
    kind: 'text',
    hint: 'MODULE',
    help: 'Class that keeps the routes',
    refused: 'routes are kept by the proxy itself: write --snapshot FILE to keep them over restarts',
  },
  'keep-alive-timeout': {
    kind: 'number',
    hint: 'MS',
    help: 'Close a kept connection that is not used for so long',
    usual: '75000',
    differs: 'the default there is 5000, which is less than front servers keep theirs: requests then meet the end',
  },
  'statsd-host': { kind: 'text', hint: 'HOST', help: 'Where figures were sent before version 5', refused: noStatsd },
  'statsd-port': { kind: 'text', hint: 'N', help: 'Where figures were sent before version 5', refused: noStatsd },
  'statsd-prefix': { kind: 'text', hint: 'NAME', help: 'Name of the figures before version 5', refused: noStatsd },
  'trusted-front': {
    kind: 'text',
    multiple: true,
    hint: 'IP|NETWORK|unix',
    help: 'Front server whose X-Forwarded-* and names of users are believed (repeatable); default: this machine; none: nobody',
    isOurs: true,
  },
  'trust-user-servers': {
    kind: 'flag',
    help: 'Relay all that users’ servers say to browsers, and give them all that browsers say',
    isOurs: true,
  },
  snapshot: {
    kind: 'text',
    hint: 'FILE',
    help: 'Keep the routes in this file over restarts (mode 0600)',
    isOurs: true,
  },
  'access-log': {
    kind: 'text',
    hint: 'FILE',
    help: 'A line of JSON for each request, without query strings; - is standard output. SIGHUP opens it anew, and reads certificates again',
    isOurs: true,
  },
  'drain-seconds': {
    kind: 'number',
    hint: 'N',
    help: 'How long running requests may take to finish on SIGTERM',
    usual: '2',
    isOurs: true,
  },
  version: { kind: 'flag', help: 'Show the version and exit (-V)', differs: 'it is that of Batchway' },
  help: { kind: 'flag', help: 'Show this and exit (-h)' },
} as const satisfies Record<string, ChpOption>

export type ChpOptionName = keyof typeof chpOptions
/** The same, for who goes through all of them. */
export const chpOptionList: readonly (readonly [string, ChpOption])[] = Object.entries(chpOptions)

export function chpHelp(): string {
  const lines = chpOptionList
    .filter(([, { refused }]) => refused === undefined)
    .map(([name, { hint, help, usual, ignored }]) => {
      const left = `  --${name} ${hint ?? ''}`.trimEnd()
      const default_ = usual === undefined || usual === '' ? '' : ` (default ${usual})`
      return `${left.padEnd(34)} ${help}${default_}${ignored === undefined ? '' : ' (no effect)'}`
    })
  return `${[
    'Usage: batchway-chp [options]',
    '',
    'Batchway’s proxy in the place of configurable-http-proxy, with its options. The hub’s token is in CONFIGPROXY_AUTH_TOKEN,',
    'passphrases of keys in CONFIGPROXY_SSL_KEY_PASSPHRASE and CONFIGPROXY_API_SSL_KEY_PASSPHRASE.',
    '',
    ...lines,
  ].join('\n')}\n`
}
