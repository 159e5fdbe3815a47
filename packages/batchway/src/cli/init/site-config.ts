/** The configuration that `init` writes: choices in, sections with their reasons out. Pure. */
import type { ConfigInput } from '../../core/config.ts'
import { formatDuration, formatMemory } from '../../core/units.ts'
import type { Choices } from './choices.ts'
import type { Section } from './commented-yaml.ts'
import type { Queue } from './find-queues.ts'
import type { FoundScheduler, SchedulerKind } from './find-schedulers.ts'

const hour = 3_600
/** What is offered where a queue has no limit, or a longer one. */
const longestWall = 7 * 24 * hour

const titles: Readonly<Record<SchedulerKind, string>> = {
  slurm: 'Slurm',
  pbs: 'PBS',
  torque: 'Torque',
  'grid-engine': 'Grid Engine',
  htcondor: 'HTCondor',
  lsf: 'LSF',
  moab: 'Moab',
}

const keyOf = (text: string): string => {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '-')
    .replace(/^[^a-z]+/, '')
  return plain.slice(0, 40)
}

/** Keys of clusters: the sites' own names where the schedulers tell them. */
function clusterKeys(used: readonly FoundScheduler[]): ReadonlyMap<FoundScheduler, string> {
  const keys = new Map<FoundScheduler, string>()
  for (const found of used) {
    const name = found.name === null || found.name === 'default' ? '' : keyOf(found.name)
    const wanted = name === '' ? found.kind : name
    const taken = new Set(keys.values())
    keys.set(found, taken.has(wanted) ? `${wanted}-${found.kind}` : wanted)
  }
  return keys
}

const queueOption = (kind: SchedulerKind, { name }: Queue): Record<string, string> =>
  name === '' ? {} : kind === 'slurm' ? { partition: name } : { queue: name }

type Profile = ConfigInput['profiles'][number]

function profileOf(found: FoundScheduler, cluster: string, queue: Queue, key: string): Profile {
  const longest = Math.min(queue.maxWallSeconds ?? longestWall, longestWall)
  const shortest = Math.min(300, longest)
  const memory = Math.min(4_096, queue.memoryMiB ?? 4_096)
  const title = found.name ?? titles[found.kind]
  return {
    key,
    title: queue.name === '' ? title : `${title}, ${queue.name}`.replace(/[\0-\x1f\x7f]/g, ''),
    cluster,
    application: 'jupyter',
    resources: {
      cores: 1,
      memory: formatMemory(memory),
      walltime: formatDuration(Math.max(60, Math.min(longest, 4 * hour))),
      ...(queue.gpus > 0 && { gpus: 1 }),
    },
    choose: {
      ...(queue.cores !== null && { cores: [1, queue.cores] as [number, number] }),
      ...(queue.memoryMiB !== null && {
        memory: [formatMemory(Math.min(256, memory)), formatMemory(Math.max(memory, queue.memoryMiB))] as [
          string,
          string,
        ],
      }),
      ...(queue.gpus > 0 && { gpus: [1, queue.gpus] as [number, number] }),
      ...(new Set(queue.gpuTypes).size > 1 && { gpuType: [...new Set(queue.gpuTypes)] }),
      walltime: [formatDuration(Math.max(60, shortest)), formatDuration(Math.max(60, longest))],
    },
    options: queueOption(found.kind, queue),
  }
}

const noQueue: Queue = {
  name: '',
  isDefault: true,
  maxWallSeconds: null,
  cores: null,
  memoryMiB: null,
  gpus: 0,
  gpuTypes: [],
}

/** More profiles than this are no help on a page: the rest is for the site to choose. */
const mostProfiles = 12

function profiles({ schedulers, machine, hostName }: Choices): Profile[] {
  const keys = clusterKeys(schedulers.used)
  const taken = new Set<string>()
  const free = (wanted: string): string => {
    let key = wanted
    for (let number = 2; taken.has(key); number += 1) key = `${wanted}-${number}`
    taken.add(key)
    return key
  }
  const made = schedulers.used.flatMap((found) => {
    const cluster = keys.get(found) ?? found.kind
    const queues = found.queues.length > 0 ? found.queues : [noQueue]
    return queues.map((queue) => {
      const name = keyOf(queue.name)
      return profileOf(found, cluster, queue, free(name === '' ? cluster : `${cluster}-${name}`.slice(0, 58)))
    })
  })
  if (made.length > 0) return made.slice(0, mostProfiles)
  const memory = Math.min(machine.memoryMiB, Math.max(512, Math.min(4_096, Math.floor(machine.memoryMiB / 4))))
  return [
    {
      key: 'here',
      title: 'This machine',
      description: `Runs on ${hostName}`,
      cluster: 'local',
      application: 'jupyter',
      resources: { cores: 1, memory: formatMemory(memory), walltime: '8h' },
      choose: {
        cores: [1, machine.cores],
        memory: [formatMemory(Math.min(256, memory)), formatMemory(machine.memoryMiB)],
        walltime: ['5m', '24h'],
      },
    },
  ]
}

type Clusters = ConfigInput['clusters']

function clusters({ schedulers, agent, hostName }: Choices): Clusters {
  const keys = clusterKeys(schedulers.used)
  if (schedulers.used.length === 0)
    return { local: { driver: 'local', title: hostName, transport: 'sudo', agent: agent.folder } }
  return Object.fromEntries(
    schedulers.used.map((found): [string, Clusters[string]] => {
      const settings = {
        ...(found.commandDirectory !== null && { commandDirectory: found.commandDirectory }),
        ...found.settings,
      }
      return [
        keys.get(found) ?? found.kind,
        {
          driver: found.kind,
          title: (found.name ?? titles[found.kind]).replace(/[\0-\x1f\x7f]/g, ''),
          transport: 'sudo',
          agent: agent.folder,
          ...(Object.keys(settings).length > 0 && { settings }),
        },
      ]
    }),
  )
}

function frontSections(choices: Choices): Section[] {
  const { front, signOn, fronts, url, listen, places } = choices
  const links: Section['value'] = { signIn: [{ type: 'link' }] }
  const provider = {
    words: 'Instead of links, OpenID Connect without a front server’s help (docs/how-to/sign-in.md):',
    value: {
      signIn: [
        {
          type: 'oidc',
          issuer: 'https://sso.example.edu/realms/hpc',
          clientId: 'batchway',
          clientSecretFile: `${places.folder}/oidc.secret`,
        },
      ],
      people: { allow: { groups: ['hpc-users'] } },
    } satisfies Section['value'],
  }
  const passwords = {
    words: 'Or names and passwords of this host, by PAM:',
    value: { signIn: [{ type: 'pam' }] } satisfies Section['value'],
  }
  const others = fronts.filter((each) => each !== front).map(({ server }) => server)
  const seen = others.length > 0 ? [`Also here: ${others.join(', ')} (--front).`] : []
  if (front === null)
    return [
      {
        why: [
          'The address that people type, and where the proxy listens for them. Nothing but this host reaches it: try it with a forwarded port (ssh -L), then put a front server with TLS before it (batchway front-config) and write its https address here.',
          ...seen,
        ],
        value: { url, listen: [listen] },
        instead: [
          {
            words: 'With a front server on this host:',
            value: {
              url: `https://${choices.hostName}/`,
              proxy: { trustedFronts: ['127.0.0.1', '::1'], frontSecretFile: places.frontSecret },
            },
          },
        ],
      },
      {
        why: ['How people sign in: by links for one use that you make (batchway link NAME).'],
        value: links,
        instead: [provider, passwords],
      },
    ]
  return [
    {
      why: [
        `The address that people type, and where ${front.server} passes their requests on to (batchway front-config${front.isWritten ? ` ${front.server}` : ''}).`,
        'The front server proves itself by the secret in that file; without it nobody’s word about who is signed in counts.',
        ...seen,
      ],
      value: {
        url,
        listen: [listen],
        proxy: { trustedFronts: ['127.0.0.1', '::1'], frontSecretFile: places.frontSecret },
      },
      instead: [
        {
          words: 'With a front server on another host, name that host’s address and listen where it reaches this one:',
          value: {
            listen: [listen.replace('127.0.0.1', '0.0.0.0')],
            proxy: { trustedFronts: ['10.0.0.7'], frontSecretFile: places.frontSecret },
          },
        },
      ],
    },
    signOn === null
      ? {
          why: ['How people sign in: by links for one use that you make (batchway link NAME).'],
          value: links,
          instead: [provider, passwords],
        }
      : {
          why: [
            `How people sign in: by ${front.server}, which has ${signOn.module} (${signOn.title}), and names them in this header.`,
            'Links for one use (batchway link NAME) let you in before that is set up; take them out afterwards.',
          ],
          value: { signIn: [{ type: 'header', header: 'Remote_User' }, { type: 'link' }] },
          instead: [provider, passwords],
        },
  ]
}

const queueWords = ({ queues }: FoundScheduler): string =>
  queues.every(({ name }) => name === '')
    ? ''
    : ` with ${queues
        .map(({ name }) => name)
        .slice(0, 20)
        .join(', ')}`

function clusterSection(choices: Choices): Section {
  const { schedulers, agent, homes, account, group } = choices
  const { used, unused } = schedulers
  const where =
    agent.mount === null
      ? `No shared file system for software was found, so ${agent.folder} must become one, or be installed at the same path on every compute node (--agent names another).`
      : `${agent.folder} lies on ${agent.mount.path} (${agent.mount.type}), which the compute nodes should see.`
  return {
    why: [
      used.length === 0
        ? 'No batch system was found: sessions run on this host, by Batchway’s own scheduler.'
        : `Found: ${used.map((found) => `${titles[found.kind]} (${found.version})${queueWords(found)}`).join('; ')}.`,
      ...unused.map(
        ({ found, why }) => `Not used: ${titles[found.kind]} (${found.version}): ${why} (--scheduler ${found.kind}).`,
      ),
      ...used.flatMap(({ remarks }) => remarks),
      `Commands run as the users by sudo, for the members of the group ${group}; the hub itself is ${account}. Other ways: "transport: ssh" where a login node has the commands (docs/how-to/ssh.md), "self" for one person alone.`,
      ...(agent.isAsked ? [] : [`What jobs run is in "agent". ${where}`]),
      ...(homes.mount === null
        ? []
        : [
            `Homes lie on ${homes.mount.path} (${homes.mount.type}). Where nodes mount them elsewhere, say so: home: "/users/{account}".`,
          ]),
    ],
    value: { clusters: clusters(choices) },
  }
}

/** @returns head, and parts in the order of the file. */
export function siteSections(choices: Choices): {
  readonly head: readonly string[]
  readonly sections: readonly Section[]
} {
  const { instance, places, letters, internal, internalUrl, applications, admins, schedulers } = choices
  const [first] = applications
  const count = schedulers.used.reduce((sum, { queues }) => sum + Math.max(1, queues.length), 0)
  return {
    head: [
      `Configuration of Batchway${instance === null ? '' : ` “${instance}”`}, written by "batchway init" from what it found on ${choices.hostName}. It is yours now: init writes it again only with --force.`,
      'All keys: docs/reference/config.md. Check it with "batchway config check", and on the real machine with "batchway doctor".',
      ...(instance === null ? [] : [`Give commands this file: --config ${places.configFile}`]),
    ],
    sections: [
      ...frontSections(choices),
      {
        why: [
          'Where agents on the compute nodes reach the hub: the port must be open for them, and for nobody else. "internalUrl" is the address as the nodes see it; batchway doctor tries it from a job.',
        ],
        value: { hub: { internal: [internal], internalUrl } },
      },
      {
        why: [
          'Database, secrets and sockets; on a disk of this host, never on NFS. A PostgreSQL is as good: "database: postgres://…".',
        ],
        value: { stateDirectory: places.stateDirectory },
      },
      {
        why: [
          'Stands in the names of this gateway’s jobs. Another gateway on the same scheduler needs other letters; keep them while sessions run.',
        ],
        value: { instance: letters },
      },
      {
        why: [
          admins.length === 0
            ? 'Who may see and stop everybody’s sessions: nobody yet.'
            : 'Who may see and stop everybody’s sessions.',
        ],
        value: { admins: [...admins] },
        instead: [
          { words: 'By group, where sign-in tells groups:', value: { people: { adminGroups: ['hpc-operators'] } } },
        ],
      },
      clusterSection(choices),
      {
        why: [
          `What sessions run. ${first?.why ?? ''}`,
          ...applications.slice(1).map(({ key, why }) => `${key}: ${why}`),
          'Another: any program that serves HTTP (docs/how-to/applications.md). Modules and shell lines before it: "modules", "prologue".',
        ],
        value: { applications: Object.fromEntries(applications.map(({ key, config }) => [key, config])) },
      },
      {
        why: [
          'What people may choose from, the first one first: one for each queue, with its limits. Change titles, take out what is not for everybody, or say for whom (offeredTo).',
          ...(count > mostProfiles
            ? [`${count} queues were found; profiles of the first ${mostProfiles} are here.`]
            : []),
          'Profiles of JupyterHub: batchway import profiles FILE.',
        ],
        value: { profiles: profiles(choices) },
      },
    ],
  }
}
