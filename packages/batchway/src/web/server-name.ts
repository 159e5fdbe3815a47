import { isServerName } from '../core/http.ts'
import type { Sessions } from '../sessions/sessions.ts'

/**
 * Is this name free and fit to be a part of an address? The empty name is the user's main server.
 * @returns what is wrong and what fits, or null.
 */
export async function checkServerName(
  sessions: Pick<Sessions, 'findActive'>,
  userId: number,
  name: string,
): Promise<string | null> {
  if (name !== '' && !isServerName(name))
    return 'A name has letters, digits, “-”, “_” and “.”, begins with a letter or digit, and has at most 32 of them.'
  if ((await sessions.findActive(userId, name)) === null) return null
  return name === ''
    ? 'Your main session is in use. Give this one a name, for example “second”.'
    : `A session named ${name} is in use. Choose another name.`
}
