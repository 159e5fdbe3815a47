/** The form that asks for a token. Pure. */
import { defaultExpiry, expiryChoices } from './token-view.ts'

/** As typed; `expires` is one of the values of the choices. */
export interface Given {
  readonly note: string
  readonly expires: string
  readonly rights: 'all' | 'some'
  readonly scopes: string
}

export type TokenErrors = { readonly [Name in 'note' | 'expires' | 'scopes']?: string }

export interface TokenRequest {
  readonly given: Given
  /** Null: whatever the owner may do. */
  readonly scopes: readonly string[] | null
  readonly expiresAt: number | null
}

export const noToken: Given = { note: '', expires: '', rights: 'all', scopes: '' }

const longestNote = 255
const mostScopes = 100

/** What fills the form in, checked by nothing: as a link or an earlier try has it. */
export const readGiven = ({
  note = '',
  expires = '',
  rights,
  scopes = '',
}: Readonly<Record<string, string>>): Given => ({
  note: note.trim(),
  expires,
  rights: rights === 'some' ? 'some' : 'all',
  scopes,
})

export function readRequest(
  form: Readonly<Record<string, string>>,
  longestSeconds: number | null,
  now: number,
): TokenRequest | { readonly given: Given; readonly errors: TokenErrors } {
  const choices = expiryChoices(longestSeconds)
  const given = readGiven({ expires: defaultExpiry(choices), ...form })
  const { expires, scopes: typed } = given
  const errors: { -readonly [Name in keyof TokenErrors]: string } = {}
  if (given.note.length > longestNote) errors.note = `Write at most ${longestNote} characters.`
  const chosen = choices.find(({ value }) => value === expires)
  if (chosen === undefined) errors.expires = 'Choose one of the times that are offered.'
  const scopes = [...new Set(typed.split(/[\s,]+/).filter(Boolean))]
  if (given.rights === 'some' && scopes.length === 0)
    errors.scopes = 'Write at least one right, for example read:users:name!user, or choose everything.'
  if (scopes.length > mostScopes) errors.scopes = `Write at most ${mostScopes} rights.`
  if (chosen === undefined || Object.keys(errors).length > 0) return { given, errors }
  return {
    given,
    scopes: given.rights === 'some' ? scopes : null,
    expiresAt: chosen.seconds === null ? null : now + chosen.seconds * 1_000,
  }
}
