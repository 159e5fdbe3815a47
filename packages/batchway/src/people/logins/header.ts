/** Sign-in by a front server: its single sign-on has named the user before the request reached us. */
import { defineLogin, type FrontLogin } from '../login.ts'
import type { Claims } from '../people.ts'

/** How `Remote_User_Data: stuff;morestuff` becomes claims. */
export interface UserDataRules {
  /** Between two items. */
  readonly separator: string
  /** Between the texts of one claim; null: each item is one text. */
  readonly listSeparator: string | null
  /** Names of claims by place, `key=value` when the items name themselves, null when all items are one claim, `data`. */
  readonly claims: readonly string[] | 'key=value' | null
}

export interface HeaderLoginOptions {
  readonly button: string
  /** Null: the site sends none. */
  readonly data: UserDataRules | null
  readonly signInUrl: string | null
  readonly logoutUrl: string | null
}

/** More items and longer texts are a mistake of the front server, and every look at the user would carry them. */
const mostItems = 200

/** Items that are empty say nothing; what comes beyond the named places, or without a proper name, is left out. */
export function parseUserData(text: string, { separator, listSeparator, claims }: UserDataRules): Claims {
  const items = text.split(separator, mostItems).map((item) => item.trim())
  const found = new Map<string, string[]>()
  const add = (name: string, value: string): void => {
    const texts = listSeparator === null ? [value] : value.split(listSeparator, mostItems)
    const kept = texts.map((each) => each.trim()).filter((each) => each !== '')
    if (kept.length > 0) found.set(name, [...(found.get(name) ?? []), ...kept])
  }
  for (const [index, item] of items.entries()) {
    if (claims === null) add('data', item)
    else if (claims === 'key=value') {
      const [, name, value] = /^([A-Za-z][\w.:-]{0,63})\s*=\s*(.*)$/.exec(item) ?? []
      if (name !== undefined && value !== undefined) add(name, value)
    } else {
      const name = claims[index]
      if (name !== undefined && name !== '') add(name, item)
    }
  }
  return Object.fromEntries(found)
}

export const headerLogin = ({ button, data, signInUrl, logoutUrl }: HeaderLoginOptions): FrontLogin =>
  defineLogin({
    kind: 'front',
    id: 'header',
    button,
    identify: (attested) => ({
      subject: attested.user,
      claims: data === null || attested.data === null ? {} : parseUserData(attested.data, data),
      endsAt: null,
    }),
    signInAddress: signInUrl,
    signOutAddress: logoutUrl,
  })
