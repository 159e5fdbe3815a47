/** `batchway front-config`: the site file of a front server. Prints it; installs nothing. */
import { readFileSync } from 'node:fs'
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { applicationPlaces } from '../core/application-hosts.ts'
import { basePathOf, type Config } from '../core/config.ts'
import { findHeaderSignIn, type HeaderSignIn, identityHeadersOf } from '../core/header-sign-in.ts'
import { apacheConfig, apacheSecret } from './front-config/apache.ts'
import { type FrontFacts, type SignOn, signOns } from './front-config/front-facts.ts'
import { nginxConfig, nginxSecret } from './front-config/nginx.ts'
import { type OpenIdFacts, openIdAddresses } from './front-config/openid.ts'
import { configOption, loadSite } from './load-site.ts'
import { deliver } from './setup/deliver.ts'

const servers = { apache: apacheConfig, nginx: nginxConfig } as const
const secrets = { apache: apacheSecret, nginx: nginxSecret } as const
type Server = keyof typeof servers

interface Options {
  readonly config?: string
  readonly fqdn?: string
  readonly port: number
  readonly signOn: SignOn
  readonly issuer?: string
  readonly clientId?: string
  readonly certificate?: string
  readonly key?: string
  readonly secret?: boolean
  readonly check?: string
}

const hostName = (text: string): string => {
  if (!/^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) throw new InvalidArgumentError('write a host name')
  return text.toLowerCase()
}
const portNumber = (text: string): number => {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('write a port from 1 to 65535')
  return port
}
const path = (text: string): string => {
  if (!/^\/[^\s"'{};\\]*$/.test(text))
    throw new InvalidArgumentError('write an absolute path without blanks and quotes')
  return text
}

const issuerOf = (text: string): string => {
  if (!/^https?:\/\/[^\s"'{}<>\\]+$/.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('write the address of the provider, as its own description spells it')
  return text
}
const clientName = (text: string): string => {
  if (!/^[\w.:/-]{1,255}$/.test(text)) throw new InvalidArgumentError('write the name of the client at the provider')
  return text
}

/** What mod_auth_openidc has to know of the hub. */
function openIdFacts(
  { people: { signIn } }: Pick<Config, 'people'>,
  { data }: Pick<HeaderSignIn, 'data'>,
  { issuer, clientId }: Pick<Options, 'issuer' | 'clientId'>,
): OpenIdFacts {
  const { claims, separator = ';', listSeparator } = data ?? {}
  return {
    issuer: issuer ?? null,
    clientId: clientId ?? null,
    data: Array.isArray(claims) ? { claims, separator, listSeparator: listSeparator ?? null } : null,
    lastsSeconds: signIn.lasts,
    idleSeconds: signIn.idle ?? null,
  }
}

function openIdWarnings(
  at: Pick<FrontFacts, 'fqdn' | 'port' | 'base'>,
  header: HeaderSignIn,
  { issuer, clientId, data }: OpenIdFacts,
): readonly string[] {
  const { logoutUrl, signInUrl } = openIdAddresses(at, issuer ?? 'https://sso.example.edu')
  return [
    ...(issuer === null || clientId === null ? ['give --issuer and --client-id, or fill them in'] : []),
    ...(header.logoutUrl === logoutUrl
      ? []
      : [`signing out ends the provider’s session too with logoutUrl: ${JSON.stringify(logoutUrl)}`]),
    ...(header.signInUrl === undefined
      ? [`who has signed out finds a button to sign in again with signInUrl: ${JSON.stringify(signInUrl)}`]
      : []),
    ...(data === null && identityHeadersOf(header).data !== null
      ? [
          'the second header is filled from the variable BATCHWAY_DATA: name the claims in "data", and it is filled from those',
        ]
      : []),
  ]
}

/** @returns what the site file is made from, and what does not fit yet, in words for the administrator. */
function frontFacts(
  config: Config,
  { fqdn: asked, port, signOn, certificate, key, ...provider }: Omit<Options, 'config' | 'secret' | 'check'>,
): { readonly facts: FrontFacts; readonly warnings: readonly string[] } {
  const url = new URL(config.url)
  const fqdn = asked ?? url.hostname
  const header = findHeaderSignIn(config.signIn)
  const socket = config.listen.find((address) => address.startsWith('unix:'))?.slice('unix:'.length)
  const address = (config.listen[0] ?? '').replace(/^(0\.0\.0\.0|\[::\])(?=:\d+$)/, '127.0.0.1')
  const { trustedFronts, frontSecretFile } = config.proxy
  const base = basePathOf(config)
  const openId = header !== null && signOn === 'openidc' ? openIdFacts(config, header, provider) : null
  const typed = new URL(`https://${fqdn}:${port}${base}`).href
  const warnings = [
    ...(url.href === typed ? [] : [`"url" is ${config.url}, but people will type ${typed}: write that address there`]),
    ...(header === null
      ? ['no sign-in by header is configured, so the file lets everybody through to the other ways to sign in']
      : []),
    ...(trustedFronts.length === 0
      ? [
          'the proxy believes no front server: name it in proxy.trustedFronts, or client addresses and https are not known',
        ]
      : []),
    ...(header !== null && signOn === 'basic'
      ? ['the part between "Single sign-on" and "End of single sign-on" is a stand-in: put yours there']
      : []),
    ...(header === null || openId === null ? [] : openIdWarnings({ fqdn, port, base }, header, openId)),
  ]
  const facts: FrontFacts = {
    fqdn,
    port,
    base,
    proxy: socket === undefined ? { address } : { socket },
    identity: header === null ? null : identityHeadersOf(header),
    needsSecret: socket === undefined && frontSecretFile !== undefined,
    signOn,
    openId,
    applicationDomain: applicationPlaces(config).domain,
    certificate: certificate ?? `/etc/ssl/certs/${fqdn}.pem`,
    certificateKey: key ?? `/etc/ssl/private/${fqdn}.key`,
  }
  return { facts, warnings }
}

export function addFrontConfigCommand(program: Command): void {
  program
    .command('front-config')
    .description('print the site file of a front server: TLS, single sign-on, headers, WebSockets')
    .addArgument(new Argument('<server>', 'which server').choices(Object.keys(servers)))
    .option(...configOption)
    .option('--fqdn <name>', 'host name that people type (else that of "url")', hostName)
    .option('--port <number>', 'port of https', portNumber, 443)
    .addOption(new Option('--sign-on <kind>', 'what signs people in (Apache)').choices(signOns).default('basic'))
    .option('--issuer <url>', 'provider, with --sign-on openidc', issuerOf)
    .option('--client-id <name>', 'name of the client there', clientName)
    .option('--certificate <file>', 'certificate with its chain', path)
    .option('--key <file>', 'its private key', path)
    .option('--secret', 'print the file with the front secret instead: keep it readable by root alone')
    .addOption(
      new Option('--check <file>', 'print nothing but how this file differs; exit status 1 if it does').conflicts(
        'secret',
      ),
    )
    .action(async (server: Server, options: Options) => {
      const { config } = await loadSite(options.config)
      if (options.secret) {
        const file = config.proxy.frontSecretFile
        if (file === undefined) throw new Error('the configuration has no proxy.frontSecretFile')
        process.stdout.write(secrets[server](readFileSync(file, 'utf8').trim()))
        return
      }
      const { facts, warnings } = frontFacts(config, options)
      for (const warning of warnings) process.stderr.write(`batchway: ${warning}\n`)
      deliver(servers[server](facts), options.check)
    })
}
