/**
 * Which names a user of the gateway may have. They stand in URLs, file names, log lines and scope texts, and are usually also
 * the POSIX account, so the rule is that of accounts, widened by `@` and `+`: single sign-on hands out names like
 * `alice@example.edu`, Active Directory `DOMAIN+alice`. Upper case is lowered, as JupyterHub does: `Alice` and `alice` are one person.
 */
import { BatchwayError } from '../core/errors.ts'

const maxLength = 255

/** On the text as it came: `toLowerCase` turns some foreign letters into ours (the Kelvin sign into "k"). First match decides; the words finish the sentence "A user name …". */
const refusals: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/^$/, 'must not be empty'],
  [/[\0-\x1f\x7f-\x9f\u2028\u2029]/, 'must not hold control characters'],
  [/^[-.#+@]/, 'must not start with "-", ".", "#", "+" or "@"'],
  [/\//, 'must not hold "/"'],
  [/\s/, 'must not hold blanks'],
  [/[^A-Za-z0-9._@+-]/, 'may hold only letters a–z, digits and . _ - @ +'],
  [/^[0-9]+$|^0[xX][0-9a-fA-F]*$/, 'must not look like a number: programs take it for a uid'],
  [/[.]$/, 'must not end with "."'],
]

/** Lower-cased and checked. @returns the name, or the reason in words that never repeat a huge or hostile text. */
export function parseUserName(text: string): { readonly name: string } | { readonly refused: string } {
  // Measured before anything else looks at it: sign-in forms are open to strangers.
  if (text.length > maxLength) return { refused: `A user name must not be longer than ${maxLength} characters.` }
  const refusal = refusals.find(([pattern]) => pattern.test(text))
  return refusal === undefined ? { name: text.toLowerCase() } : { refused: `A user name ${refusal[1]}.` }
}

/** @throws {BatchwayError} `invalid_choice` with the reason, on field `username`. */
export function toUserName(text: string): string {
  const parsed = parseUserName(text)
  if ('refused' in parsed) throw new BatchwayError('invalid_choice', parsed.refused, { field: 'username' })
  return parsed.name
}
