/** Everything that `init` decides: flags first, then what an earlier run wrote, then what nobody else has. Pure. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type FoundApplication, findApplications } from './find-applications.ts'
import { agentPlace, type Mount, sharedMountOf, sharedMounts } from './find-folders.ts'
import { type FoundFront, type FrontServer, findFronts, type SingleSignOn } from './find-front.ts'
import { type ChosenSchedulers, chooseSchedulers, findSchedulers, type SchedulerKind } from './find-schedulers.ts'
import { type Claims, collisions, type Neighbour, portOf } from './neighbours.ts'
import type { Recorded } from './recorded.ts'

export interface Asked {
  readonly instance: string | null
  readonly schedulers: readonly (SchedulerKind | 'local')[] | null
  readonly front: FrontServer | 'none' | null
  /** `none`: people do not sign in at the front server. */
  readonly signOn: SingleSignOn['signOn'] | null
  readonly url: string | null
  readonly port: number | null
  readonly internalPort: number | null
  readonly letters: string | null
  readonly stateDirectory: string | null
  readonly agent: string | null
  readonly account: string
  readonly group: string
  readonly admins: readonly string[]
  /** Folder of installed versions that this program belongs to (decision 0070); null in a checkout. */
  readonly prefix: string | null
}

/** Folder of a gateway below another: `/etc` or `/var/lib` (decision 0070). */
const folderOf = (parent: string, instance: string | null): string =>
  join(parent, instance === null ? 'batchway' : `batchway-${instance}`)

export interface Places {
  readonly folder: string
  readonly configFile: string
  readonly frontSecret: string
  readonly stateDirectory: string
  readonly sudoers: string
}

/** Where things of a gateway lie. */
export function placesOf(instance: string | null, stateDirectory: string | null): Places {
  const folder = folderOf('/etc', instance)
  return {
    folder,
    configFile: join(folder, 'batchway.yaml'),
    frontSecret: join(folder, 'front.secret'),
    stateDirectory: stateDirectory ?? folderOf('/var/lib', instance),
    // sudo reads no file with a dot in its name.
    sudoers: folderOf('/etc/sudoers.d', instance),
  }
}

export interface Choices {
  readonly instance: string | null
  readonly places: Places
  readonly schedulers: ChosenSchedulers
  readonly applications: readonly FoundApplication[]
  readonly fronts: readonly FoundFront[]
  readonly front: FoundFront | null
  readonly signOn: SingleSignOn | null
  readonly hostName: string
  readonly url: string
  readonly listen: string
  readonly internal: string
  readonly internalUrl: string
  readonly letters: string
  readonly agent: { readonly folder: string; readonly mount: Mount | null; readonly isAsked: boolean }
  readonly homes: { readonly folder: string | null; readonly mount: Mount | null }
  readonly account: string
  readonly group: string
  readonly admins: readonly string[]
  /** Of the host, for a cluster that is this machine. */
  readonly machine: Pick<Recorded, 'cores' | 'memoryMiB'>
  /** Variables of the caller that the schedulers in use need. */
  readonly environment: Readonly<Record<string, string>>
}

/** Two characters that stay the same for a name on a host, and are hardly those of another host's gateway on the same scheduler. */
function lettersFor(hostName: string, instance: string | null, taken: ReadonlySet<string>): string {
  for (let round = 0; round < 1_296; round += 1) {
    const digest = createHash('sha256')
      .update(`${hostName}/${instance ?? ''}/${round}`)
      .digest()
    const letters = (digest.readUInt16BE() % 1_296).toString(36).padStart(2, '0')
    if (!taken.has(letters)) return letters
  }
  throw new Error('every pair of letters is taken by another gateway of this host')
}

/** The first port from one on that no gateway has and nobody listens at. */
function portFrom(first: number, taken: ReadonlySet<number>): number {
  let port = first
  while (taken.has(port)) port += 1
  return port
}

/** What the drivers of the used schedulers take over from the hub's environment. */
const prefixes: Readonly<Record<SchedulerKind, RegExp>> = {
  slurm: /^SLURM_/,
  pbs: /^PBS_/,
  torque: /^(PBS_|TORQUE)/,
  'grid-engine': /^SGE_/,
  htcondor: /^_?CONDOR_/,
  lsf: /^LSF_/,
  moab: /^MOAB/,
}

/**
 * @param busy ports at which something listens now, of this gateway's own hub and proxy not counted.
 * @throws {Error} with words that say what to give instead.
 */
export function choose(
  recorded: Recorded,
  asked: Asked,
  neighbours: readonly Neighbour[],
  busy: ReadonlySet<number> = new Set(),
): Choices {
  const own = neighbours.find(({ instance }) => instance === asked.instance)
  const others = neighbours.filter((each) => each !== own)
  const places = placesOf(asked.instance, asked.stateDirectory ?? own?.stateDirectory ?? null)
  const schedulers = chooseSchedulers(findSchedulers(recorded), asked.schedulers)
  const applications = findApplications(recorded)
  if (applications.length === 0)
    throw new Error(
      'no Jupyter was found: neither a program on PATH or in the usual places, nor a module. Name its folder with --jupyter FOLDER (e.g. the bin folder of a virtual or conda environment), or install one first',
    )
  const fronts = findFronts(recorded)
  const front = chooseFront(fronts, asked)
  const signOn = chooseSignOn(front, asked)
  const takenPorts = new Set([
    ...others.flatMap(({ listeners }) => listeners.flatMap((each) => portOf(each) ?? [])),
    ...busy,
  ])
  const before = (listeners: readonly string[] | undefined): number | null => portOf(listeners?.[0] ?? '')
  const port =
    asked.port ??
    before(own?.listen) ??
    portFrom(8_000, new Set([...takenPorts, ...(asked.internalPort === null ? [] : [asked.internalPort])]))
  const internalPort = asked.internalPort ?? before(own?.internal) ?? portFrom(8_081, new Set([...takenPorts, port]))
  for (const [name, wanted, had] of [
    ['--port', port, before(own?.listen)],
    ['--internal-port', internalPort, before(own?.internal)],
  ] as const)
    if (busy.has(wanted) && wanted !== had)
      throw new Error(`another program listens at port ${wanted}: give a free one with ${name}, or leave it out`)
  if (port === internalPort)
    throw new Error(`browsers and agents need two ports, not ${port} alone: change --port or --internal-port`)
  const isCluster = schedulers.used.length > 0
  const choices: Choices = {
    instance: asked.instance,
    places,
    schedulers,
    applications,
    fronts,
    front,
    signOn,
    hostName: recorded.hostName,
    url:
      asked.url ??
      own?.url ??
      (front === null ? `http://127.0.0.1:${port}/` : urlFor(recorded.hostName, asked.instance)),
    listen: `127.0.0.1:${port}`,
    internal: `${isCluster ? '0.0.0.0' : '127.0.0.1'}:${internalPort}`,
    internalUrl: `http://${isCluster ? recorded.hostName : '127.0.0.1'}:${internalPort}`,
    letters:
      asked.letters ??
      own?.letters ??
      lettersFor(recorded.hostName, asked.instance, new Set(others.flatMap(({ letters }) => letters ?? []))),
    ...folders(recorded, asked),
    account: asked.account,
    group: asked.group,
    admins: asked.admins,
    machine: { cores: recorded.cores, memoryMiB: recorded.memoryMiB },
    environment: Object.fromEntries(
      Object.entries(recorded.environment).filter(([name]) =>
        schedulers.used.some(({ kind }) => prefixes[kind].test(name)),
      ),
    ),
  }
  const problems = collisions(claimsOf(choices), others)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return choices
}

export const claimsOf = ({ instance, letters, places, listen, internal, url }: Choices): Claims => ({
  instance,
  letters,
  stateDirectory: places.stateDirectory,
  listeners: [listen, internal],
  url,
})

const urlFor = (hostName: string, instance: string | null): string =>
  `https://${hostName}/${instance === null ? '' : `${instance}/`}`

function chooseFront(fronts: readonly FoundFront[], { front, signOn }: Asked): FoundFront | null {
  if (front === 'none') return null
  if (front !== null) {
    const found = fronts.find(({ server }) => server === front)
    return found ?? { server: front, isWritten: front !== 'caddy', modules: [] }
  }
  // One that cannot be written for is only told of; one is not taken because it happens to be installed, but because it signs people in.
  const written = fronts.filter(({ isWritten }) => isWritten)
  return written.find(({ modules }) => modules.length > 0) ?? (signOn === null ? null : (written[0] ?? null))
}

function chooseSignOn(front: FoundFront | null, { signOn }: Asked): SingleSignOn | null {
  if (signOn === 'none' || front === null) {
    if (front === null && signOn !== null && signOn !== 'none')
      throw new Error(`--sign-on ${signOn} needs a front server: give --front apache`)
    return null
  }
  if (signOn === null) return front.modules[0] ?? null
  return (
    front.modules.find((each) => each.signOn === signOn) ?? {
      module: signOn === 'basic' ? 'a module of your choice' : `a module for ${signOn}`,
      signOn,
      title: 'single sign-on',
    }
  )
}

function folders({ mounts: text, homes }: Recorded, { agent, prefix }: Asked): Pick<Choices, 'agent' | 'homes'> {
  const mounts = sharedMounts(text)
  const prefixMount = prefix === null ? null : sharedMountOf(prefix, mounts)
  const found = agentPlace(mounts, homes)
  // An installation that the nodes see, or that must be made at the same path there, holds what jobs run already.
  const place =
    prefix !== null && (prefixMount !== null || found.mount === null) ? { folder: prefix, mount: prefixMount } : found
  const home = homes[0] ?? null
  return {
    agent:
      agent === null
        ? { ...place, isAsked: false }
        : { folder: agent, mount: sharedMountOf(agent, mounts), isAsked: true },
    homes: { folder: home, mount: home === null ? null : sharedMountOf(home, mounts) },
  }
}
