/** The named servers that users keep between sessions: making one within the site's limit, its title, removing it. */
import { BatchwayError } from '../core/errors.ts'
import { isServerName } from '../core/http.ts'
import type { User } from '../people/people.ts'
import type { ServerChange, ServerSlot, ServerStore } from '../store/server-store.ts'
import type { Sessions } from './sessions.ts'

export interface NamedServer {
  readonly name: string
  /** What its owner calls it; any text of one line. */
  readonly displayName: string
}

/** One that is kept. */
export type KeptServer = NamedServer & Pick<ServerSlot, 'userId' | 'options'>

export interface NamedServerRules {
  /** Without them everybody has the main server alone. */
  readonly isOn: boolean
  /** How many one user may keep, running or not; 0 = as many as they like. */
  readonly limit: number
}

export interface NamedServers {
  readonly rules: NamedServerRules
  /** In the order of their names: those that are kept, and those that run. */
  listOf(userId: number): Promise<readonly NamedServer[]>
  /**
   * May a session be started on it? The main server (empty name) always is there.
   * @throws {BatchwayError} `bad_request` where there are none, for a name that will not do, and beyond the limit.
   */
  check(owner: User, name: string): Promise<void>
  /** The same, and keep it from now on. @param displayName for a new one; its name if null. */
  ensure(owner: User, name: string, displayName?: string | null): Promise<void>
  /**
   * Make one without starting it.
   * @throws {BatchwayError} `exists`, and what `check` does.
   */
  create(
    owner: User,
    name: string,
    about: { readonly displayName?: string | null | undefined; readonly options?: KeptServer['options'] | undefined },
  ): Promise<void>
  /**
   * A new name is for a server that does not run: its address and its client carry the name.
   * @throws {BatchwayError} `not_found`, `exists` for a name in use, `session_busy`, `bad_request` for what does not fit.
   */
  change(owner: User, name: string, change: ServerChange): Promise<void>
  /** Those that are kept. */
  keptBy(userIds: Iterable<number>): Promise<readonly KeptServer[]>
  rename(userId: number, name: string, displayName: string): Promise<void>
  /** Keep it no longer. One that runs is listed until its session has ended. */
  remove(userId: number, name: string): Promise<void>
}

export interface NamedServerParts {
  readonly store: ServerStore
  readonly sessions: Pick<Sessions, 'listActiveOf'>
  readonly rules: NamedServerRules
  readonly now: () => number
}

const longestDisplayName = 255
/** Line breaks, and what turns or hides text around it. */
const unfit = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** @returns what is wrong and what fits, or null. */
export function displayNameProblem(text: string): string | null {
  if (text.trim() === '') return 'Write at least one letter or digit.'
  if (text.length > longestDisplayName) return `Write at most ${longestDisplayName} characters.`
  return unfit.test(text) ? 'Write it in one line, without invisible signs.' : null
}

/** @throws {BatchwayError} `bad_request` for a name that is no part of an address. The main server has the empty one. */
export function checkServerName(name: string): void {
  if (name !== '' && !isServerName(name))
    throw new BatchwayError(
      'bad_request',
      'A server name begins with a letter or digit and has at most 32 letters, digits, dots, dashes and underscores.',
    )
}

export function openNamedServers({ store, sessions, rules, now }: NamedServerParts): NamedServers {
  const { isOn, limit } = rules
  const full = ({ name }: User) =>
    new BatchwayError(
      'bad_request',
      `User ${name} already has the maximum of ${limit} named servers. One must be deleted before a new server can be created.`,
    )

  async function check(owner: User, name: string): Promise<void> {
    if (name === '') return
    if (!isOn) throw new BatchwayError('bad_request', 'Named servers are not enabled.')
    const kept = await store.listOf(owner.id)
    if (kept.some((server) => server.name === name)) return
    checkServerName(name)
    if (limit > 0 && kept.length >= limit) throw full(owner)
  }

  /** @throws {BatchwayError} `bad_request` */
  function titleOf(text: string): string {
    const title = text.trim()
    const problem = displayNameProblem(title)
    if (problem !== null) throw new BatchwayError('bad_request', `The display name does not fit. ${problem}`)
    return title
  }

  async function keep(owner: User, slot: Omit<ServerSlot, 'userId' | 'createdAt'>): Promise<'made' | 'known'> {
    await check(owner, slot.name)
    // Two at once: the store counts and inserts in one step.
    const outcome = await store.ensure({ ...slot, userId: owner.id, createdAt: now() }, limit)
    if (outcome === 'full') throw full(owner)
    return outcome
  }

  const isActive = async (userId: number, name: string): Promise<boolean> =>
    (await sessions.listActiveOf(userId)).some(({ serverName }) => serverName === name)

  return {
    rules,
    check,
    async listOf(userId) {
      const titles = new Map<string, string>()
      for (const { serverName } of await sessions.listActiveOf(userId)) titles.set(serverName, serverName)
      for (const { name, displayName } of await store.listOf(userId)) titles.set(name, displayName || name)
      titles.delete('')
      return [...titles]
        .map(([name, displayName]) => ({ name, displayName }))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async ensure(owner, name, displayName = null) {
      if (name !== '') await keep(owner, { name, displayName: titleOf(displayName?.trim() || name), options: null })
    },
    async create(owner, name, { displayName = null, options = null }) {
      const exists = () => new BatchwayError('exists', `The server ${owner.name}/${name} exists already.`)
      if (name === '') throw exists()
      await check(owner, name)
      const title = titleOf(displayName?.trim() || name)
      // One that was deleted lives on until its session has ended.
      if (await isActive(owner.id, name)) throw exists()
      if ((await keep(owner, { name, displayName: title, options })) === 'known') throw exists()
    },
    async change(owner, name, { name: newName = name, displayName, options }) {
      if (newName !== name) {
        checkServerName(newName)
        if (newName === '') throw new BatchwayError('bad_request', 'Only the default server has an empty name.')
        if (await isActive(owner.id, name))
          throw new BatchwayError('session_busy', 'A server cannot be renamed while it runs. Stop it first.')
        if (await isActive(owner.id, newName)) throw nameTaken(newName)
      }
      const outcome = await store.change(owner.id, name, {
        ...(newName !== name && { name: newName }),
        ...(displayName !== undefined && { displayName: titleOf(displayName) }),
        options,
      })
      if (outcome === 'missing') throw new BatchwayError('not_found', `User ${owner.name} has no server of this name.`)
      if (outcome === 'taken') throw nameTaken(newName)
    },
    keptBy: (userIds) => store.listOfUsers(userIds),
    async rename(userId, name, displayName) {
      const problem = displayNameProblem(displayName)
      if (problem !== null) throw new BatchwayError('bad_request', problem)
      await store.ensure({ userId, name, displayName, options: null, createdAt: now() }, 0)
      await store.change(userId, name, { displayName: displayName.trim() })
    },
    remove: (userId, name) => store.remove(userId, name),
  }
}

const nameTaken = (name: string): BatchwayError => new BatchwayError('exists', `There is a server ${name} already.`)
