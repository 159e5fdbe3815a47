import type { User } from '../people/people.ts'
import { displayNameProblem } from '../sessions/named-servers.ts'
import { count } from './format.ts'
import type { WebRoom } from './web-room.ts'

/** JupyterHub 6's longest name. */
const longestName = 30

/**
 * A name for addresses out of what a person calls a server: lower case letters, digits and single dashes, a letter first. Pure.
 * @param taken names that other servers of this person have.
 */
export function toServerName(displayName: string, taken: readonly string[] = []): string {
  const plain = displayName
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  const begun = plain === '' ? 'server' : /^[a-z]/.test(plain) ? plain : `s-${plain}`
  const cut = (room: number) => begun.slice(0, room).replace(/-+$/, '')
  const free = (name: string) => !taken.includes(name)
  for (let turn = 1; ; turn++) {
    const name = turn === 1 ? cut(longestName) : `${cut(longestName - String(turn).length - 1)}-${turn}`
    if (free(name)) return name
  }
}

export interface ChosenServer {
  readonly name: string
  /** Of a new one; null for one that is there. */
  readonly displayName: string | null
  /** What is wrong and what fits. */
  readonly error: string | null
}

/** The server that somebody names in the form: the main one, one of theirs, or a new one. */
export async function chooseServer(
  { servers, sessions }: Pick<WebRoom, 'servers' | 'sessions'>,
  user: User,
  text: string,
): Promise<ChosenServer> {
  const typed = text.trim()
  const active = async (name: string) => (await sessions.findActive(user.id, name)) !== null
  if (typed === '') {
    const error = servers.rules.isOn
      ? 'Your main session is in use. Give this one a name, for example “second”.'
      : 'Your session is in use, and there is only one for each here. Stop it before you start another one.'
    return { name: '', displayName: null, error: (await active('')) ? error : null }
  }
  const refused = (error: string): ChosenServer => ({ name: '', displayName: null, error })
  if (!servers.rules.isOn) return refused('There is only the main session here: leave the name empty.')
  const problem = displayNameProblem(typed)
  if (problem !== null) return refused(problem)
  const own = await servers.listOf(user.id)
  const same = (a: string) => a.toLowerCase() === typed.toLowerCase()
  const known = own.find(({ name, displayName }) => same(displayName) || same(name))
  if (known !== undefined) {
    const error = `A session named ${known.displayName} is in use. Choose another name.`
    return { name: known.name, displayName: null, error: (await active(known.name)) ? error : null }
  }
  const { limit } = servers.rules
  if (limit > 0 && own.length >= limit) {
    const some = own.slice(0, 5).map(({ displayName }) => `“${displayName}”`)
    return refused(
      `You have ${count(own.length, 'named server', 'named servers')}, as many as you may. Name one of them (${some.join(', ')}), or delete one first.`,
    )
  }
  const name = toServerName(
    typed,
    own.map((server) => server.name),
  )
  return { name, displayName: typed, error: null }
}
