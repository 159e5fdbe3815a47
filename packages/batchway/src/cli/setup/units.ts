/**
 * systemd units of a site. Pure; which directives go together with sudo was measured with systemd 252 (decision 0035): whatever makes a
 * seccomp filter, or a device or kernel namespace, sets "no new privileges" for a unit with `User=`, and sudo refuses to work under it.
 */
import { hubMemory } from '../hub-memory.ts'
import { servicePath } from './service-path.ts'

export interface UnitFacts {
  /** One of several gateways on this host: the `NAME` of `batchway-hub@NAME.service`. Null for a host's only one. */
  readonly instance: string | null
  /** Login name of the account; its group has the same name. */
  readonly account: string
  /** argv before the command's own words: the program `batchway`, absolute. */
  readonly program: readonly string[]
  readonly configFile: string
  readonly stateDirectory: string
  /** Jobs of other accounts walk through the state directory (a local cluster behind sudo). */
  readonly isTraversable: boolean
  /** Does the hub run commands by sudo? */
  readonly usesSudo: boolean
  /** argv of the local scheduler; null where there is no local cluster. */
  readonly localScheduler: readonly string[] | null
  /** Where the proxy listens, as the configuration has it. */
  readonly listen: readonly string[]
  /** Ports below 1024 need a capability. */
  readonly hasLowPorts: { readonly proxy: boolean; readonly hub: boolean }
  /** Absolute folders for the events of the hub, and for the proxy's access log. */
  readonly logFolders: { readonly hub: readonly string[]; readonly proxy: readonly string[] }
  readonly report: { readonly isMailed: boolean; readonly timeZone: string }
  /** Of the hub and what it runs, e.g. SLURM_CONF. */
  readonly environment: Readonly<Record<string, string>>
}

type Line = string | readonly [string, string]

/**
 * Name of a unit. With an instance it is that of a template's instance (systemd.unit(5)), though there is no template: what a unit forbids
 * depends on the configuration, and a file of the instance's own name is read in its place.
 */
export const unitName = (part: string, instance: string | null, kind = 'service'): string =>
  `batchway${part === '' ? '' : `-${part}`}${instance === null ? '' : `@${instance}`}.${kind}`

/** The same in a sentence. */
const called = (words: string, { instance }: Pick<UnitFacts, 'instance'>): string =>
  instance === null ? words : words.replace('Batchway', `Batchway “${instance}”`)

/** A word of ExecStart= or Environment=. @see systemd.syntax(7) "Quoting", systemd.unit(5) "Specifiers" */
const word = (text: string): string => {
  const safe = text.replace(/%/g, '%%').replace(/\$/g, '$$$$')
  return /^[\w@%+=:,./$-]+$/.test(safe) ? safe : `"${safe.replace(/[\\"]/g, '\\$&')}"`
}
/** In Environment= a dollar sign stands for itself. */
const assignment = (name: string, value: string): string =>
  `Environment="${`${name}=${value}`.replace(/%/g, '%%').replace(/[\\"]/g, '\\$&')}"`

/** Paths of settings that take a list. */
const path = (text: string): string => (/[\s"\\]/.test(text) ? word(text) : text.replace(/%/g, '%%'))

/** The state directory: made by systemd where it lies below /var/lib, by tmpfiles elsewhere. */
function stateLines({ stateDirectory, isTraversable }: UnitFacts): Line[] {
  const [, below] = /^\/var\/lib\/(\w[\w.+-]*(?:\/\w[\w.+-]*)*)$/.exec(stateDirectory) ?? []
  if (below === undefined) return [['ReadWritePaths', path(stateDirectory)]]
  return [
    ['StateDirectory', below],
    ['StateDirectoryMode', isTraversable ? '0711' : '0700'],
  ]
}

/** Folders of logs: made by systemd where they lie below /var/log. */
function logLines(folders: readonly string[], { stateDirectory }: UnitFacts): Line[] {
  const below = (folder: string): string | undefined => /^\/var\/log\/(\w[\w.+-]*(?:\/\w[\w.+-]*)*)$/.exec(folder)?.[1]
  const logs = folders.flatMap((folder) => below(folder) ?? [])
  const others = folders.filter(
    (folder) => below(folder) === undefined && folder !== stateDirectory && !folder.startsWith(`${stateDirectory}/`),
  )
  return [
    ...(logs.length > 0 ? [['LogsDirectory', logs.join(' ')] as const, 'LogsDirectoryMode=0750'] : []),
    // With "-": a folder that is missing costs its log, not the service.
    ...others.map((folder) => ['ReadWritePaths', path(`-${folder}`)] as const),
  ]
}

const networked = (
  facts: UnitFacts,
  description: string,
  after: readonly string[] = [],
  wants: readonly string[] = [],
): Line[] => [
  '[Unit]',
  ['Description', called(description, facts)],
  ['PartOf', unitName('', facts.instance, 'target')],
  ['After', ['network-online.target', 'nss-user-lookup.target', ...after].join(' ')],
  ['Wants', ['network-online.target', ...wants].join(' ')],
  '# However often it fails: people wait for it.',
  'StartLimitIntervalSec=0',
  '',
]

const service = (facts: UnitFacts, argv: readonly string[]): Line[] => [
  '[Service]',
  'Type=exec',
  ['User', facts.account],
  ['Group', facts.account],
  ['ExecStart', argv.map(word).join(' ')],
  'Restart=always',
  'RestartSec=1',
  ['Environment', `PATH=${servicePath}`],
  ['Environment', word(`NODE_COMPILE_CACHE=${facts.stateDirectory}/compile-cache`)],
  ...stateLines(facts),
  'UMask=0077',
  '# A dump of memory would hold keys.',
  'LimitCORE=0',
]

const install: Line[] = ['', '[Install]', 'WantedBy=multi-user.target']

/** What a program that runs commands by sudo can be forbidden. */
const besideSudo: Line[] = [
  'ProtectSystem=strict',
  '# Logs of ended jobs are read there, as their owners.',
  'ProtectHome=read-only',
  'PrivateTmp=yes',
  'PrivateIPC=yes',
  'ProtectControlGroups=yes',
  'ProtectProc=invisible',
  'DevicePolicy=closed',
  'KeyringMode=private',
]

/** All there is; V8 makes its code while it runs, so that MemoryDenyWriteExecute= would end it. */
const sealed: Line[] = [
  'NoNewPrivileges=yes',
  'ProtectSystem=strict',
  'ProtectHome=read-only',
  'PrivateTmp=yes',
  'PrivateDevices=yes',
  'PrivateIPC=yes',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProtectProc=invisible',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'RemoveIPC=yes',
  'KeyringMode=private',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallFilter=~@privileged @resources',
  'SystemCallErrorNumber=EPERM',
  '# Not MemoryDenyWriteExecute=: V8 writes the machine code that it runs.',
]

const capabilities = (all: readonly string[], hasLowPorts: boolean): Line[] => [
  ['CapabilityBoundingSet', [...all, ...(hasLowPorts ? ['CAP_NET_BIND_SERVICE'] : [])].join(' ')],
  ['AmbientCapabilities', hasLowPorts ? 'CAP_NET_BIND_SERVICE' : ''],
]

const text = (lines: readonly Line[]): string =>
  `${['# Made by "batchway setup".', ...lines.map((line) => (typeof line === 'string' ? line : `${line[0]}=${line[1]}`))].join('\n')}\n`

export const proxyUnit = (facts: UnitFacts): string =>
  text([
    ...networked(facts, 'Batchway proxy: the way of browsers to sessions'),
    ...service(facts, [...facts.program, 'proxy', '--config', facts.configFile]),
    ...logLines(facts.logFolders.proxy, facts),
    '# Certificates and the access log are read anew.',
    'ExecReload=/bin/kill -HUP $MAINPID',
    '# Told to end once, by its starter: told twice, it would end at once and cut what runs.',
    'KillMode=mixed',
    '# Two descriptors for each connection.',
    'LimitNOFILE=524288',
    '',
    ...sealed,
    ...capabilities([], facts.hasLowPorts.proxy),
    ...install,
  ])

export function hubUnit(facts: UnitFacts): string {
  const { instance } = facts
  const local = facts.localScheduler === null ? [] : [unitName('local', instance)]
  const proxy = unitName('proxy', instance)
  return text([
    ...networked(
      facts,
      'Batchway hub: sign-in, pages, sessions',
      [proxy, 'munge.service', ...local],
      [proxy, ...local],
    ),
    ...service(facts, [...facts.program, 'hub', '--config', facts.configFile]),
    ...logLines(facts.logFolders.hub, facts),
    ...Object.entries(hubMemory()).map(([name, value]): Line => ['Environment', `${name}=${value}`]),
    ...Object.entries(facts.environment).map(([name, value]) => assignment(name, value)),
    'LimitNOFILE=65536',
    '# The hub alone is told to end: a submit under way comes to its own end, and the next hub hears of it.',
    'KillMode=process',
    '',
    ...(facts.usesSudo
      ? [
          '# sudo must become another account, which these forbid ("no new privileges"): NoNewPrivileges=, SystemCallFilter=, RestrictAddressFamilies=,',
          '# RestrictNamespaces=, RestrictRealtime=, RestrictSUIDSGID=, LockPersonality=, PrivateDevices=, ProtectClock=, ProtectHostname=, ProtectKernel*=.',
          ...besideSudo,
          '# For sudo: to become the user, to pass SIGTERM on, to set limits, to write to the audit log.',
          ...capabilities(
            ['CAP_SETUID', 'CAP_SETGID', 'CAP_KILL', 'CAP_SYS_RESOURCE', 'CAP_AUDIT_WRITE'],
            facts.hasLowPorts.hub,
          ),
        ]
      : [...sealed, ...capabilities([], facts.hasLowPorts.hub)]),
    ...install,
  ])
}

/** @returns null where there is no local cluster. */
export function localUnit(facts: UnitFacts): string | null {
  if (facts.localScheduler === null) return null
  return text([
    ...networked(facts, 'Batchway local scheduler: jobs of this machine'),
    ...service(facts, facts.localScheduler).slice(0, -3),
    '# Jobs go on when it ends or is started anew; it finds them again.',
    'KillMode=process',
    '# Jobs inherit what is forbidden here, and they are people’s own programs: nothing is.',
    ...install,
  ])
}

/** What writes the report of the day before: into the journal, or to whom the site says. */
export const reportUnit = (facts: UnitFacts): string =>
  text([
    '[Unit]',
    ['Description', called('Batchway nightly report: who asked for sessions, and what came of them', facts)],
    ['After', `network-online.target nss-user-lookup.target ${unitName('hub', facts.instance)}`],
    ['Wants', 'network-online.target'],
    '',
    ...service(facts, [
      ...facts.program,
      'report',
      '--config',
      facts.configFile,
      ...(facts.report.isMailed ? ['--mail'] : []),
    ]).flatMap((line): Line[] =>
      line === 'Type=exec' ? ['Type=oneshot'] : typeof line === 'string' && /^Restart/.test(line) ? [] : [line],
    ),
    '',
    ...sealed,
    ...capabilities([], false),
  ])

/** Begins it a little after the midnight of the site’s clocks; a night that the machine slept through is made up for. */
export const reportTimer = ({ report: { timeZone }, instance }: UnitFacts): string =>
  text([
    '[Unit]',
    ['Description', called('Batchway nightly report, every night', { instance })],
    '',
    '[Timer]',
    ['OnCalendar', `*-*-* 00:05:00 ${timeZone}`],
    'Persistent=true',
    '',
    '[Install]',
    'WantedBy=timers.target',
  ])

/** All of one gateway: `systemctl start`, `stop` and `enable` of it mean hub, proxy, local scheduler and nightly report. */
export const target = ({ instance, localScheduler }: UnitFacts): string =>
  text([
    '[Unit]',
    ['Description', called('Batchway: hub, proxy and what belongs to them', { instance })],
    [
      'Wants',
      [
        unitName('proxy', instance),
        unitName('hub', instance),
        ...(localScheduler === null ? [] : [unitName('local', instance)]),
        unitName('report', instance, 'timer'),
      ].join(' '),
    ],
    ...install,
  ])

/** sysusers.d(5). */
export const sysusers = ({ account, stateDirectory }: UnitFacts, group: string): string =>
  `# Made by "batchway setup". The group has those who may use Batchway: usermod --append --groups ${group} NAME
u ${account} - "Batchway" ${path(stateDirectory)} /usr/sbin/nologin
g ${group} -
`

/** tmpfiles.d(5): the state directory, for those who start Batchway without its units, or keep state elsewhere than below /var/lib. */
export const tmpfiles = ({ account, stateDirectory, isTraversable }: UnitFacts): string =>
  `# Made by "batchway setup".
d ${path(stateDirectory)} ${isTraversable ? '0711' : '0700'} ${account} ${account} -
`
