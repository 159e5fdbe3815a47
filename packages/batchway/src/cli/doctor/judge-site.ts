/** What belongs to the hub itself: account, versions, state, secrets, database. Pure. */
import { literal, ok, problem, type Verdict, warning } from './finding.ts'

/** What lies at a path, without its content. */
export interface Place {
  readonly path: string
  /** Null: there is nothing. */
  readonly found: { readonly uid: number; readonly owner: string; readonly mode: number } | null
}

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(3, '0')

export interface WhoFacts {
  readonly uid: number
  readonly name: string
  readonly state: Place
  readonly argv: string
}

/** @returns a problem only where another account than the hub's would be judged: the rest would then mean nothing. */
export function judgeAccount({ uid, name, state, argv }: WhoFacts): Verdict {
  const owner = state.found
  if (owner !== null && owner.uid !== uid)
    return problem(
      `this is ${name}, and ${state.path} belongs to ${owner.owner}: the hub’s account`,
      'Run it as that account:',
      literal(`runuser -u ${owner.owner} -- ${argv}`),
    )
  if (uid === 0)
    return problem(
      'this is root, and no hub runs as root',
      'Make an account for it, give it the state directory, and run the doctor as that account:',
      literal('useradd --system --user-group --shell /usr/sbin/nologin batchway'),
      literal(`runuser -u batchway -- ${argv}`),
    )
  return ok(`${name} (uid ${uid})`)
}

export interface VersionFacts {
  readonly own: string
  readonly node: string
  /** Of the hub that answers now; null if none does. */
  readonly running: string | null
}

const leastNode = 24

export function judgeVersions({ own, node, running }: VersionFacts): Verdict {
  if (Number.parseInt(node.replace(/^v/, ''), 10) < leastNode)
    return problem(
      `Node ${node} is too old`,
      `Batchway needs Node ${leastNode}; it brings one along: start it by packages/batchway/bin/batchway.`,
    )
  if (running !== null && running !== own)
    return warning(
      `the hub that runs is ${running}, and this program is ${own}`,
      'Restart the hub: no session ends by it.',
    )
  return ok(`Batchway ${own} on Node ${node}; ${running === null ? 'no hub runs' : 'a hub of this version runs'}`)
}

export interface StateFacts {
  readonly state: Place
  /** Jobs of the local driver that run as other accounts pass through the directory. */
  readonly needsPassage: boolean
  /** `NFS`…; null for a file system of this host. */
  readonly sharedBy: string | null
  readonly usesSqlite: boolean
  readonly freeMiB: number
  readonly hub: string
}

const leastFreeMiB = 200
/** Below it the next writes may fail. */
const neededMiB = 5

export function judgeState(facts: StateFacts): readonly Verdict[] {
  const { state, needsPassage, sharedBy, usesSqlite, freeMiB, hub } = facts
  const wanted = needsPassage ? 0o711 : 0o700
  if (state.found === null)
    return [
      warning(
        `${state.path} is not there yet`,
        'The hub makes it if it may. Else, as root:',
        literal(`install -d -o ${hub} -g ${hub} -m ${octal(wanted)} ${state.path}`),
      ),
    ]
  const { mode } = state.found
  const chmod = literal(`chmod ${octal(wanted)} ${state.path}`)
  const wrong = [
    ...((mode & 0o066) !== 0
      ? [problem(`${state.path} has mode ${octal(mode)}: others can list or change what lies in it`, chmod)]
      : []),
    ...(needsPassage && (mode & 0o001) === 0
      ? [problem(`${state.path} has mode ${octal(mode)}: jobs of other accounts cannot pass through it`, chmod)]
      : []),
    ...(sharedBy !== null && usesSqlite
      ? [
          problem(
            `${state.path} lies on ${sharedBy}, where SQLite loses data`,
            'Put stateDirectory on a local disk, or the database into PostgreSQL (database: "postgres://…").',
          ),
        ]
      : []),
    ...(sharedBy !== null && !usesSqlite
      ? [warning(`${state.path} lies on ${sharedBy}: sockets there do not work everywhere`, 'A local disk is better.')]
      : []),
    ...(freeMiB < neededMiB
      ? [
          problem(
            `only ${freeMiB} MiB are free at ${state.path}`,
            'Make room at once: nobody can sign in or start anything when the database cannot grow.',
          ),
        ]
      : freeMiB < leastFreeMiB
        ? [warning(`only ${freeMiB} MiB are free at ${state.path}`, 'Make room: the database grows with the history.')]
        : []),
  ]
  return wrong.length > 0 ? wrong : [ok(`${state.path}, mode ${octal(mode)}, ${freeMiB} MiB free`)]
}

export interface SecretPlace extends Place {
  /** The content has the form of a secret. Never the content. */
  readonly isWellFormed: boolean
}

export function judgeSecrets(secrets: readonly SecretPlace[], uid: number): readonly Verdict[] {
  const wrong = secrets.flatMap(({ path, found, isWellFormed }): Verdict[] => {
    if (found === null) return []
    if (found.uid !== uid)
      return [problem(`${path} belongs to ${found.owner}`, 'Remove it as root; the next start makes a new one.')]
    if ((found.mode & 0o077) !== 0)
      return [
        problem(
          `${path} has mode ${octal(found.mode)}: others may have read it`,
          'Remove it and restart hub and proxy: a new one is made. With another hub.key, sessions that run are lost to the hub; if nobody can have read it, this is enough:',
          literal(`chmod 600 ${path}`),
        ),
      ]
    if (!isWellFormed)
      return [problem(`${path} does not hold a secret of the right form`, 'Remove it; the next start makes a new one.')]
    return []
  })
  if (wrong.length > 0) return wrong
  const missing = secrets.filter(({ found }) => found === null)
  return [
    missing.length === 0
      ? ok(`${secrets.length} files, mode 600`)
      : ok(`${missing.map(({ path }) => path).join(', ')}: made at the first start`),
  ]
}

export interface DatabaseFacts {
  readonly kind: 'SQLite' | 'PostgreSQL'
  /** Null: an SQLite file that is not there. Text: why it does not open. */
  readonly state: { readonly version: number; readonly known: number } | { readonly words: string } | null
  readonly isHubRunning: boolean
}

export function judgeDatabase({ kind, state, isHubRunning }: DatabaseFacts): Verdict {
  if (state === null) return ok(`${kind}: made at the first start`)
  if ('words' in state)
    return problem(
      `${kind} does not open: ${state.words}`,
      ...(kind === 'PostgreSQL'
        ? ['Is the server up, does it know role and database, and does pg_hba.conf let this host in?']
        : []),
    )
  const { version, known } = state
  if (version > known)
    return problem(
      `${kind}: its tables are of version ${version}, and this program knows up to ${known}`,
      'A newer Batchway has used it: install that version again, or restore a backup made before the upgrade.',
    )
  if (version === known) return ok(`${kind}, tables of version ${version}, as this program needs them`)
  if (version === 0) return ok(`${kind}: empty; the first start makes the tables`)
  return warning(
    `${kind}: its tables are of version ${version}, this program needs ${known}`,
    isHubRunning
      ? 'Restart the hub, which brings them up to date.'
      : 'The next start brings them up to date: make a backup first.',
  )
}
