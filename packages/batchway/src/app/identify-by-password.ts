/** A name and a password in the body of an API request: the same form, the same rules and the same tries as on the sign-in page. */
import { BatchwayError } from '../core/errors.ts'
import type { Admission } from '../people/admission.ts'
import type { Audit } from '../people/audit.ts'
import type { FormLogin, Login } from '../people/login.ts'
import type { People, User } from '../people/people.ts'
import type { SignInTries } from '../web/try-limit.ts'

interface Parts {
  readonly logins: readonly Login[]
  readonly admission: Pick<Admission, 'admit'>
  readonly people: Pick<People, 'findUser'>
  readonly tries: SignInTries
  readonly audit: Audit
}

export type IdentifyByPassword = (given: {
  readonly username: string
  readonly password: string
  readonly address: string
}) => Promise<{ readonly user: User; readonly way: string } | null>

export function identifyByPassword({ logins, admission, people, tries, audit }: Parts): IdentifyByPassword {
  // The first, as on the page: a password is shown to one provider only.
  const form = logins.find((login): login is FormLogin => login.kind === 'form' && login.hasPassword)

  return async ({ username, password, address }) => {
    if (form === undefined) return null
    const refuse = async (detail: string): Promise<null> => {
      // Names that do not exist are not written down: people type passwords into the wrong field.
      const object = (await people.findUser(username))?.name ?? '(unknown name)'
      await audit({ actor: 'anonymous', action: 'sign-in', object, address, way: form.id, outcome: 'refused', detail })
      return null
    }
    const wait = tries.byAddress.take(address)
    const seconds = wait > 0 ? wait : tries.byName.take(username, address)
    if (seconds > 0) {
      await refuse('too many tries')
      throw new BatchwayError('limit_reached', `Too many tries from your address. Wait ${seconds} s, then try again.`)
    }
    const identity = await form.identify({ username, password, address }).catch((error: unknown) => {
      // A form's words for its page: here they all mean no.
      if (error instanceof BatchwayError && error.code === 'invalid_choice') return null
      throw error
    })
    if (identity === null) return await refuse('wrong name or password')
    tries.byAddress.giveBack(address)
    tries.byName.succeeded(username, address)
    const answer = await admission.admit(identity)
    if ('refused' in answer) return await refuse(answer.trail.at(-1) ?? 'not admitted')
    return { user: answer.user, way: form.id }
  }
}
