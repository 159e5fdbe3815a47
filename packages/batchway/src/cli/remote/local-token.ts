import type { Config } from '../../core/config.ts'
import { BatchwayError } from '../../core/errors.ts'
import { commandBy } from '../command-by.ts'
import { openLocalPeople } from '../open-local-people.ts'
import { CommandProblem } from './exit-statuses.ts'

export interface LocalTokenRequest {
  readonly user: string
  readonly note: string | undefined
  /** Seconds from now; absent: as long as tokens may live here. */
  readonly expires: number | undefined
  /** Empty: all that the user may do. */
  readonly scopes: readonly string[]
}

/**
 * Make a token where the hub's database is: the first one of a gateway, and the way back in when nobody has one.
 * @returns id and text; the text is a secret.
 * @throws {CommandProblem} for somebody who is no user, and for what they may not do.
 */
export async function makeLocalToken(
  config: Config,
  { user, note, expires, scopes }: LocalTokenRequest,
): Promise<{ readonly id: string; readonly text: string }> {
  await using local = await openLocalPeople(config)
  const { people, audit } = local
  const owner = await people.findUser(user)
  if (owner === null)
    throw new CommandProblem(
      'missing',
      `there is no user ${user}: whoever has signed in once is one ("batchway link ${user}" lets them)`,
    )
  try {
    const { token, text } = await people.createToken(
      owner,
      {
        scopes: scopes.length === 0 ? null : scopes,
        note: note ?? 'Made on the hub’s machine',
        expiresAt: expires === undefined ? null : Date.now() + expires * 1_000,
      },
      await people.scopesOfUser(owner),
    )
    const id = `a${token.id}`
    await audit({
      actor: 'operator',
      action: 'token-created',
      object: owner.name,
      way: 'command',
      detail: `${id}, ${commandBy()}`,
    })
    return { id, text }
  } catch (error) {
    if (error instanceof BatchwayError) throw new CommandProblem('refused', error.message, { cause: error })
    throw error
  }
}
