/** From what a provider tells (ID token, userinfo) to the claims of an identity. Pure; whatever comes in is untrusted. */
import type { Claims } from '../people.ts'

/** What an ID token or the userinfo endpoint told, checked for its origin and not for its content. */
export type Told = Readonly<Record<string, unknown>>

/** Of the protocol, not of the person. */
const ofTheProtocol = new Set(
  'aud exp iat nbf jti nonce azp at_hash c_hash s_hash auth_time typ rh uti aio ver'.split(' '),
)
const limits = { claims: 100, values: 1_000, characters: 1_024 } as const

/**
 * The value at a path such as `realm_access.roles`. A claim whose own name holds dots (`https://cilogon.org/isMemberOf`) comes first.
 * @returns undefined if there is none.
 */
export function valueAt(told: Told, path: string): unknown {
  if (Object.hasOwn(told, path)) return told[path]
  let value: unknown = told
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = Object.getOwnPropertyDescriptor(value, part)?.value
  }
  return value
}

/** Texts as they are, numbers and truth values spelled out; what is neither, or too long to be meant, is left out. */
export function toTexts(value: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value.slice(0, limits.values) : [value]
  return all.flatMap((each) => {
    const text = typeof each === 'number' || typeof each === 'boolean' ? String(each) : each
    return typeof text === 'string' && text !== '' && text.length <= limits.characters ? [text] : []
  })
}

/**
 * Every claim that is text or a list of texts, and beside them what the site asks for by path.
 * @param named claim → path, of the configuration: wins over a claim of the same name.
 */
export function toClaims(told: Told, named: Readonly<Record<string, string>>): Claims {
  const plain = Object.entries(told)
    .filter(([name]) => !ofTheProtocol.has(name) && /^[\w.:/-]{1,128}$/.test(name) && !Object.hasOwn(named, name))
    .slice(0, limits.claims)
    .map(([name, value]) => [name, toTexts(value)] as const)
  const asked = Object.entries(named).map(([name, path]) => [name, toTexts(valueAt(told, path))] as const)
  return Object.fromEntries([...plain, ...asked].filter(([, texts]) => texts.length > 0))
}

/** The one text of a claim. A list, even of one, is no name. @returns null if there is none. */
export function nameAt(told: Told, path: string): string | null {
  const value = valueAt(told, path)
  return typeof value === 'string' && value !== '' && value.length <= 255 ? value : null
}
