import { BatchwayError } from '../core/errors.ts'
import type { User } from '../people/people.ts'
import type { openCatalogue } from '../profiles/catalogue.ts'
import { InvalidChoices } from '../profiles/launch-model.ts'
import type { Spec } from '../profiles/spec.ts'

/**
 * Start options of the API → the spec of a session. Without options it is what the owner chose last, or else the first profile offered.
 * @throws {BatchwayError} `invalid_choice` with words for the user.
 */
export const specChooser =
  (catalogue: Pick<ReturnType<typeof openCatalogue>, 'choose' | 'offered'>) =>
  async (owner: User, options: Readonly<Record<string, unknown>> | null): Promise<Spec> => {
    try {
      return await catalogue.choose(owner, toGiven(owner, options, catalogue.offered(owner)[0]?.key ?? ''))
    } catch (error) {
      if (error instanceof InvalidChoices) throw new BatchwayError('invalid_choice', error.message, { cause: error })
      throw error
    }
  }

/** What the catalogue is asked for: the profile's key, and each field as text. */
function toGiven(
  user: User,
  options: Readonly<Record<string, unknown>> | null,
  firstProfile: string,
): { profile: string; fields: Record<string, string> } {
  const last = user.preferences.lastChoice
  if (options === null || Object.keys(options).length === 0) {
    return last ? { profile: last.profile, fields: { ...last.fields } } : { profile: firstProfile, fields: {} }
  }
  const { profile, ...rest } = options
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new BatchwayError('invalid_choice', `${name}: write text or a number.`, { field: name })
    }
    fields[name] = String(value)
  }
  return { profile: typeof profile === 'string' ? profile : (last?.profile ?? firstProfile), fields }
}
