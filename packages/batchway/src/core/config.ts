/**
 * The site's configuration: one strict schema. `parse-config.ts` reports every problem at once, with its path and what to write instead.
 * Secrets are never written here: only the name of a file or of an environment variable.
 */
import { z } from 'zod'
import { AccountsConfig } from './accounts-config.ts'
import { ApplicationConfig as ApplicationSchema } from './application-config.ts'
import { parseApplicationHosts } from './application-hosts.ts'
import { ClusterConfig as ClusterSchema } from './cluster-config.ts'
import { absolutePath, duration, key, listener, plainText, url } from './config-values.ts'
import { EventsConfig } from './events-config.ts'
import { PeopleConfig } from './people-config.ts'
import { ProfileConfig as ProfileSchema, TuplesConfig } from './profile-config.ts'
import { ProxyConfig } from './proxy-config.ts'
import { ReportConfig } from './report-config.ts'
import { CustomScopesConfig, RolesConfig } from './roles-config.ts'
import { ServicesConfig } from './services-config.ts'
import { SignInConfig } from './sign-in-config.ts'

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
  proxy: ProxyConfig.prefault({}),
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
  clusters: z.record(key, ClusterSchema).refine((all) => Object.keys(all).length > 0, 'name at least one cluster'),
  applications: z
    .record(key, ApplicationSchema)
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

/** URL path of the deployment, with both slashes. */
export function basePathOf(config: Pick<Config, 'url'>): string {
  const { pathname } = new URL(config.url)
  return pathname.endsWith('/') ? pathname : `${pathname}/`
}
