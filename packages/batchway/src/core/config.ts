/**
 * The site's configuration: one strict schema. Every problem is reported at once, with its path and what to write instead.
 * Secrets are never written here: only the name of a file or of an environment variable.
 */
import { z } from 'zod'
import { AccountsConfig } from './accounts-config.ts'
import { parseApplicationHosts } from './application-hosts.ts'
import { ConfigError, type ConfigProblem, toPath, unknownKey } from './config-error.ts'
import { referenceProblems } from './config-references.ts'
import { absolutePath, duration, environment, key, listener, plainText, url } from './config-values.ts'
import { EventsConfig } from './events-config.ts'
import { PeopleConfig } from './people-config.ts'
import { ProfileLimitsConfig, ProfileConfig as ProfileSchema, TuplesConfig } from './profile-config.ts'
import { ReportConfig } from './report-config.ts'
import { CustomScopesConfig, RolesConfig } from './roles-config.ts'
import { refusedServiceKeys, ServicesConfig } from './services-config.ts'
import { SignInConfig } from './sign-in-config.ts'
import { SshConfig } from './ssh-config.ts'

const ClusterConfig = z.strictObject({
  title: plainText.optional().describe('Name on the pages; the driver’s title if absent'),
  driver: key.describe(
    'A name that `batchway config drivers` prints, such as "slurm" or "local", or the id of a driver that batchway.config.ts lists',
  ),
  transport: z
    .enum(['self', 'sudo', 'ssh'])
    .default('self')
    .describe(
      'Run scheduler commands as the hub itself, with "sudo -n -u USER", or by ssh on a login node, where sudo acts for the users',
    ),
  ssh: SshConfig.optional().describe('The login node, with "transport: ssh"'),
  hubUrl: url.optional().describe('Address of the hub as this cluster’s nodes see it; hub.internalUrl if absent'),
  listen: z
    .strictObject({
      address: z.string().default('0.0.0.0').describe('Address that agents listen on, on their node'),
      ports: z
        .tuple([z.int().min(1024).max(65_535), z.int().min(1024).max(65_535)])
        .refine(([from, to]) => from <= to, 'write the lower port first')
        .optional()
        .describe('Range of ports, if a firewall asks for one'),
      advertise: z
        .string()
        .optional()
        .describe('One address under which the proxy reaches every node; each node’s own name if absent'),
    })
    .prefault({}),
  account: plainText
    .default('{user}')
    .describe('POSIX account of a user: {user} is the user’s name, {claim.NAME} what the sign-in told'),
  accounts: absolutePath
    .optional()
    .describe('File with lines "USER ACCOUNT": accounts that differ from the rule above; read again when it changes'),
  home: plainText
    .optional()
    .describe(
      'Home folder on the nodes, e.g. "/home/{account}"; asked of the system (with ssh: of the login node) if absent',
    ),
  agent: absolutePath
    .optional()
    .describe('Folder given to "batchway agent install", as the nodes see it; with ssh the login node tells'),
  settings: z.record(z.string(), z.unknown()).prefault({}).describe('Settings of the driver'),
  limits: ProfileLimitsConfig.prefault({}).describe('The most that any profile and any choice may ask of this cluster'),
})

const ApplicationConfig = z.strictObject({
  title: plainText.optional(),
  kind: z
    .enum(['jupyterhub-singleuser', 'jupyter', 'command'])
    .describe('"jupyterhub-singleuser" checks visitors itself; "jupyter" and "command" are guarded by the agent'),
  command: z
    .array(plainText)
    .min(1)
    .optional()
    .describe(
      'argv; {prefix}, {hub_host}, {hub_prefix} and one of {socket} (a private unix socket, safe on shared nodes) and {port} are filled in',
    ),
  environment: environment
    .prefault({})
    .describe(
      'Further variables; {socket} or {port}, {prefix}, {hub_host}, {hub_prefix} and {app_token} are filled in',
    ),
  directory: plainText.default('~').describe('Folder to start in; ~ is the home'),
  open: z
    .string()
    .regex(/^[^\0-\x20/][^\0-\x20]*$|^$/, 'write a path without a leading slash')
    .optional()
    .describe('Path that "Open" leads to, e.g. "lab"'),
  health: z
    .string()
    .regex(/^[^\0-\x20]*$/)
    .optional()
    .describe('Path that answers when the application is up'),
  modules: z.array(z.string().regex(/^[A-Za-z0-9_.+/@-]{1,200}$/, 'not a module name')).default([]),
  prologue: z.string().default('').describe('Shell lines that run before the application; admin’s text'),
})

export const Config = z.strictObject({
  url: url
    .default('http://127.0.0.1:8000/')
    .describe('Public address that people type, with the path prefix if there is one'),
  applicationHosts: z
    .string()
    .refine((text) => parseApplicationHosts(text) !== null, {
      error:
        'write "{user}--{server}.DOMAIN" or "{user}.DOMAIN" with a domain in lower case, such as "{user}--{server}.jupyter.example.edu"',
    })
    .optional()
    .describe(
      'Hosts of their own for applications, e.g. "{user}--{server}.jupyter.example.edu": needs DNS and a certificate for *.jupyter.example.edu. If absent, they share the host of "url" with the hub',
    ),
  insecureHttp: z
    .boolean()
    .default(false)
    .describe(
      'Allows an address of plain http beyond this machine: then everyone on the way reads passwords and sessions',
    ),
  origins: z
    .array(
      z
        .string()
        .regex(
          /^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?$/,
          'write an origin in lower case such as "https://localhost:8999", without a path',
        ),
    )
    .default([])
    .describe('Further origins that pages may come from: what a front server that rewrites Origin writes there'),
  listen: z.array(listener).min(1).default(['127.0.0.1:8000']).describe('Where the proxy listens for browsers'),
  stateDirectory: absolutePath.describe('Where database, secrets and sockets are kept; private to the hub'),
  database: z
    .string()
    .regex(/^(sqlite:|postgres(ql)?:\/\/)/, 'write "sqlite:/absolute/path" or "postgres://…"')
    .optional()
    .describe('sqlite:<stateDirectory>/batchway.db if absent'),
  instance: z
    .string()
    .regex(/^[0-9a-z]{2}$/, 'write two characters of 0-9 and a-z')
    .default('00')
    .describe(
      'Tells several hubs on one scheduler apart: each needs its own. Jobs of an instance that belong to no session of its hub are cancelled, unless their names tell that another hub made them',
    ),
  orphans: z
    .enum(['cancel', 'leave'])
    .default('cancel')
    .describe('What becomes of jobs of this instance that belong to no session: "leave" only tells the log'),
  metrics: z
    .strictObject({
      anonymous: z
        .boolean()
        .default(false)
        .describe('May anybody who reaches the gateway read hub/metrics? Else only who holds the scope read:metrics'),
    })
    .prefault({})
    .describe('Figures for Prometheus'),
  development: z.boolean().default(false).describe('Allows the "dev" sign-in, which asks for no password'),
  proxy: z
    .strictObject({
      control: listener
        .optional()
        .describe('Where the proxy takes its routes from; a unix socket in stateDirectory if absent'),
      start: z
        .boolean()
        .default(true)
        .describe('Does "batchway start" start the proxy too? Write false where it runs as a service of its own'),
      trustedFronts: z
        .array(z.string().regex(/^(unix|[0-9a-f.:]+(\/\d{1,3})?)$/i, 'write an IP address, a network, or "unix"'))
        .default([])
        .describe(
          'Front servers whose word about the client is believed (X-Forwarded-*, who is signed in): addresses, networks such as "10.1.0.0/24", or "unix"',
        ),
      frontSecretFile: absolutePath
        .optional()
        .describe(
          'File (mode 0600) with a secret that front servers send as X-Batchway-Front-Secret; not asked on unix sockets. Without it header sign-in needs a unix socket',
        ),
      trustAddressAlone: z
        .boolean()
        .default(false)
        .describe('Allows header sign-in without a secret: whoever can connect from trustedFronts can be anybody'),
      accessLog: absolutePath
        .optional()
        .describe(
          'File that gets a line of JSON for each request, without query strings: time, peer, method, path, status, bytes, milliseconds',
        ),
      tls: z
        .strictObject({
          certificateFile: absolutePath.describe('Certificate with its chain, PEM'),
          keyFile: absolutePath.describe('Its key, readable by the proxy’s account'),
        })
        .optional()
        .describe(
          'The proxy speaks TLS on every "listen" but unix sockets, where no front server does. Files are read again when they were replaced, and on SIGHUP',
        ),
      metrics: listener
        .optional()
        .describe(
          'Where the proxy gives its figures (/metrics) and tells whether it lives (/health) and takes requests (/ready), to anybody who can connect',
        ),
    })
    .prefault({}),
  hub: z
    .strictObject({
      internal: z
        .array(listener)
        .min(1)
        .default(['127.0.0.1:8081'])
        .describe('Where agents reach the hub; token API only'),
      internalUrl: url.optional().describe('Address of that listener as the nodes see it'),
    })
    .prefault({}),
  signIn: z
    .array(SignInConfig)
    .min(1)
    .default([{ type: 'link' }])
    .describe('Ways to sign in, in the order of the page'),
  admins: z.array(z.string()).default([]).describe('Names of administrators'),
  people: PeopleConfig.prefault({}).describe('Who may come in, and under which name'),
  roles: RolesConfig.prefault({}).describe(
    'Roles by name: who may do more than their own; "user" says what everybody may do, "token" what a token without scopes may',
  ),
  customScopes: CustomScopesConfig.prefault({}).describe(
    'Scopes of the site’s own for its services, by names such as "custom:jobs:read"; the hub hands them on and enforces none',
  ),
  services: ServicesConfig.prefault({}).describe(
    'Programs beside the hub, by name: scripts with a token of their own, and web services that people reach at /services/NAME/',
  ),
  accounts: AccountsConfig.prefault({}).describe(
    'Which POSIX accounts jobs may run as, where they are others than the hub’s own',
  ),
  namedServers: z
    .strictObject({
      enabled: z.boolean().default(true).describe('May a user have named servers beside the main one?'),
      perUser: z
        .int()
        .min(0)
        .max(10_000)
        .default(0)
        .describe('How many named servers a user may keep, running or not; 0 for as many as they like'),
    })
    .prefault({})
    .describe('Several servers per user, each with a name and an address of its own'),
  audit: z
    .strictObject({
      keep: duration
        .refine((seconds) => seconds >= 30 * 86_400, 'write 30d or more')
        .default(730 * 86_400)
        .describe('How long entries of the audit log are kept, at least "30d"; two years if absent'),
    })
    .prefault({})
    .describe('The record of who did what to whom, when and from where'),
  report: ReportConfig.prefault({}).describe('The nightly report'),
  events: EventsConfig.prefault({}).describe(
    'One line for each thing that happened: sessions, sign-ins, refusals, acts of administrators, silent schedulers',
  ),
  site: z
    .strictObject({
      name: plainText.default('Batchway').describe('Who runs this, at the foot of each page'),
      helpUrl: url.optional().describe('Where "Help" leads'),
      helpMail: z.email('write an e-mail address').optional().describe('Whom users write to'),
      announcement: plainText.optional().describe('Shown on top of every page'),
      timeZone: z
        .string()
        .refine(
          (zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC',
          'write an IANA name such as "Europe/Berlin"',
        )

        .optional()
        .describe('Zone in which pages show times; the server’s own if absent'),
    })
    .prefault({})
    .describe('What people read about who runs this'),
  theme: absolutePath
    .optional()
    .describe(
      'Folder with the site’s own look: colours, logo, texts, links, parts of pages; an edit shows on the next page',
    ),
  clusters: z.record(key, ClusterConfig).refine((all) => Object.keys(all).length > 0, 'name at least one cluster'),
  applications: z
    .record(key, ApplicationConfig)
    .refine((all) => Object.keys(all).length > 0, 'name at least one application'),
  profiles: z.array(ProfileSchema).min(1, 'name at least one profile'),
  profileFiles: z
    .array(plainText)
    .default([])
    .describe(
      'Files with further profiles, absolute or beside this file: YAML, or a Python file with a list of ProfilesSpawner, which is read as text and never run',
    ),
  tuples: TuplesConfig.prefault({}).describe(
    'What the names of ProfilesSpawner are here: profiles may be its tuples (title, key, class, settings)',
  ),
})
export type Config = z.output<typeof Config>
export type ConfigInput = z.input<typeof Config>
export type ClusterConfig = Config['clusters'][string]
export type ApplicationConfig = Config['applications'][string]
export type ProfileConfig = Config['profiles'][number]

/** Keys that the schema knows at a path, for "did you mean". */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = Config
  const unwrap = (): void => {
    for (;;) {
      if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
        schema = schema.unwrap()
      else if (schema instanceof z.ZodPipe) schema = schema.in
      else return
    }
  }
  for (const part of path) {
    unwrap()
    if (schema instanceof z.ZodObject) schema = schema.shape[String(part)]
    else if (schema instanceof z.ZodArray) schema = schema.element
    else if (schema instanceof z.ZodRecord) schema = schema.valueType
    else return []
  }
  unwrap()
  if (schema instanceof z.ZodDiscriminatedUnion)
    return schema.options.flatMap((option) => (option instanceof z.ZodObject ? Object.keys(option.shape) : []))
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** The parts of a configuration that can be read, so that one mistake does not hide the next. */
export interface SalvagedConfig {
  /** Null for an entry with problems of its own: its name still counts where others refer to it. */
  readonly clusters: ReadonlyMap<string, ClusterConfig | null>
  readonly applications: ReadonlyMap<string, ApplicationConfig | null>
  readonly profiles: readonly (ProfileConfig | null)[]
  /** What each profile refers to, readable or not. */
  readonly references: readonly { readonly key: unknown; readonly cluster: unknown; readonly application: unknown }[]
  readonly stateDirectory: string | null
  readonly signIn: Config['signIn']
  readonly listen: Config['listen']
  readonly proxy: Config['proxy'] | null
  readonly development: boolean
  readonly url: string | null
  readonly insecureHttp: boolean
  readonly applicationHosts: string | null
  readonly people: Config['people'] | null
  readonly admins: Config['admins']
  readonly roles: Config['roles'] | null
  readonly customScopes: Config['customScopes'] | null
  readonly services: Config['services'] | null
  readonly events: Config['events'] | null
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined

function salvage(raw: unknown): SalvagedConfig {
  const part = (name: string): unknown => memberOf(raw, name)
  const read = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> | null => {
    const result = schema.safeParse(value)
    return result.success ? result.data : null
  }
  const entries = (value: unknown): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  const profiles = part('profiles')
  return {
    clusters: new Map(entries(part('clusters')).map(([name, value]) => [name, read(ClusterConfig, value)])),
    applications: new Map(entries(part('applications')).map(([name, value]) => [name, read(ApplicationConfig, value)])),
    profiles: Array.isArray(profiles) ? profiles.map((value) => read(ProfileSchema, value)) : [],
    references: Array.isArray(profiles)
      ? profiles.map((value) => ({
          key: memberOf(value, 'key'),
          cluster: memberOf(value, 'cluster'),
          application: memberOf(value, 'application'),
        }))
      : [],
    stateDirectory: read(Config.shape.stateDirectory, part('stateDirectory')),
    signIn: read(Config.shape.signIn, part('signIn')) ?? [],
    listen: read(Config.shape.listen, part('listen')) ?? [],
    proxy: read(Config.shape.proxy, part('proxy')),
    development: part('development') === true,
    url: read(Config.shape.url, part('url')),
    insecureHttp: part('insecureHttp') === true,
    applicationHosts: read(Config.shape.applicationHosts, part('applicationHosts')) ?? null,
    people: read(Config.shape.people, part('people')),
    admins: read(Config.shape.admins, part('admins')) ?? [],
    roles: read(Config.shape.roles, part('roles')),
    customScopes: read(Config.shape.customScopes, part('customScopes')),
    services: read(Config.shape.services, part('services')),
    events: read(Config.shape.events, part('events')),
  }
}

/** What the site's drivers have to say about a configuration: rooms above know them, this one does not. */
export type MoreProblems = (config: SalvagedConfig) => readonly ConfigProblem[]

/**
 * Check a whole configuration.
 * @param source file name, for the message.
 * @throws {ConfigError} with every problem there is: of form, of reference, and what `more` finds.
 */
export function parseConfig(raw: unknown, source: string, more: MoreProblems = () => []): Config {
  const result = Config.safeParse(raw, { reportInput: true })
  const parts = salvage(raw)
  const problems = [
    ...(result.success ? [] : schemaProblems(result.error.issues)),
    ...referenceProblems(parts),
    ...more(parts),
  ]
  if (!result.success || problems.length > 0) throw new ConfigError(source, problems)
  return result.data
}

const schemaProblems = (issues: readonly z.core.$ZodIssue[]): ConfigProblem[] =>
  issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((name) => ({
        path: toPath([...issue.path, name]),
        message: refusal(issue.path, name) ?? unknownKey(name, keysAt(issue.path)),
      }))
    }
    if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path: toPath(issue.path), message }))
    const isMissing = issue.input === undefined && issue.code === 'invalid_type'
    return [{ path: toPath(issue.path), message: isMissing ? `is missing (${issue.message})` : issue.message }]
  })

/** Keys that sites bring along from JupyterHub. */
const refusal = (path: readonly PropertyKey[], name: string): string | undefined =>
  path[0] === 'site' && path.length === 1 && name === 'templates'
    ? 'a site’s templates lie in the folder that "theme" names: "batchway theme init" makes one'
    : path[0] === 'services' && path.length === 2 && Object.hasOwn(refusedServiceKeys, name)
      ? refusedServiceKeys[name]
      : undefined

/** URL path of the deployment, with both slashes. */
export function basePathOf(config: Pick<Config, 'url'>): string {
  const { pathname } = new URL(config.url)
  return pathname.endsWith('/') ? pathname : `${pathname}/`
}
