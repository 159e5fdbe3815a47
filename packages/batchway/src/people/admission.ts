/** From an identity to a user of the gateway, or to a refusal: the same steps for every way to sign in. */
import { findMatch, isEmptyMatch, type PeopleMatch } from '../core/people-match.ts'
import type { Identity } from './login.ts'
import { longestSubject, type NameRule, nameRules } from './name-rules.ts'
import type { Claims, People, User } from './people.ts'
import { parseUserName } from './user-name.ts'

export interface AdmissionRules {
  readonly names: { readonly rules: readonly NameRule[]; readonly otherwise: 'keep' | 'refuse' }
  /** Null: sign-ins change no groups. `only` holds names, or beginnings that end in `*`; empty = all. */
  readonly groups: { readonly claim: string; readonly only: readonly string[] } | null
  readonly allow: 'everyone' | PeopleMatch
  readonly block: PeopleMatch
  /** Members are administrators, decided anew each time; empty = sign-ins decide nothing about that. */
  readonly adminGroups: readonly string[]
  /** Administrators by name, whatever their groups. */
  readonly admins: readonly string[]
}

/** Everyone who can sign in is let in under the name the sign-in tells. */
export const openRules: AdmissionRules = {
  names: { rules: [], otherwise: 'keep' },
  groups: null,
  allow: 'everyone',
  block: { users: [], groups: [], claims: {} },
  adminGroups: [],
  admins: [],
}

/** Asks something outside for a name. */
export interface NameLookup {
  /** What is asked, for the trail: `the table /etc/batchway/names`. */
  readonly title: string
  /** @returns null if it has no name for this subject. @throws {BatchwayError} `sign_in_unavailable` if it could not be asked. */
  find(identity: Identity): Promise<string | null>
}

export interface AdmittedAs {
  readonly name: string
  /** Null: as it is. */
  readonly isAdmin: boolean | null
  /** Null: as they are. */
  readonly groups: readonly string[] | null
  readonly claims: Claims
}

/** What would become of an identity, and why: nobody is signed in by asking. */
export interface Examined {
  readonly decision:
    | ({ readonly kind: 'admitted' } & AdmittedAs)
    /** `words` are for the person: they tell no stranger who exists or is blocked. */
    | { readonly kind: 'refused'; readonly words: string }
  /** One line for each step, for administrators. */
  readonly trail: readonly string[]
}

export type Admitted = ({ readonly user: User } | { readonly refused: string }) & { readonly trail: readonly string[] }

export interface Admission {
  examine(identity: Identity): Promise<Examined>
  /** Find or make the user that an identity stands for, and bring groups and rights up to date. */
  admit(identity: Identity): Promise<Admitted>
}

export interface AdmissionParts {
  readonly people: Pick<People, 'ensureUser' | 'findUser'>
  /** Asked in this order, before the rules. */
  readonly before: readonly NameLookup[]
  /** Asked in this order, after the rules. */
  readonly after: readonly NameLookup[]
}

const notInvited =
  'You are signed in at your organisation, but this gateway is not open to you. Ask who runs it, and tell the name you signed in with.'
const noName = 'Your organisation’s name for you means nothing to this gateway. Ask who runs it.'

/** @throws {TypeError} for rules that mean nothing; the configuration check says so earlier. */
export function openAdmission(rules: AdmissionRules, { people, before, after }: AdmissionParts): Admission {
  const byRules = nameRules(rules.names.rules)

  /** The user's name as some step gives it. @returns null if `otherwise` refuses. */
  async function mapName(identity: Identity, say: (line: string) => void): Promise<string | null> {
    const { subject } = identity
    const ask = async (lookups: readonly NameLookup[]): Promise<string | null> => {
      for (const { title, find } of lookups) {
        const name = await find(identity)
        say(name === null ? `${title} has no name for it` : `${title} says ${quote(name)}`)
        if (name !== null) return name
      }
      return null
    }
    const early = await ask(before)
    if (early !== null) return early
    const found = byRules(subject)
    if (found !== null) {
      say(`the rule ${quote(found.rule.from)} → ${quote(found.rule.to)} makes it ${quote(found.name)}`)
      return found.name
    }
    if (rules.names.rules.length > 0) say('no rule matches')
    const late = await ask(after)
    if (late !== null) return late
    if (rules.names.otherwise === 'keep') return subject
    say('nothing has a name for it, and people.names.otherwise is "refuse"')
    return null
  }

  async function examine(identity: Identity): Promise<Examined> {
    const trail: string[] = []
    const say = (line: string): void => void trail.push(line)
    const refuse = (words: string): Examined => ({ decision: { kind: 'refused', words }, trail })
    if (identity.subject.length > longestSubject || /[\p{Cc}\p{Cs}]/u.test(identity.subject)) {
      say('the name at sign-in is too long, or holds control characters')
      return refuse(noName)
    }
    say(`the sign-in says ${quote(identity.subject)}${claimWords(identity.claims)}`)
    const mapped = await mapName(identity, say)
    if (mapped === null) return refuse(noName)
    const parsed = parseUserName(mapped)
    if ('refused' in parsed) {
      say(parsed.refused)
      return refuse(parsed.refused)
    }
    const { name } = parsed
    say(`the user is ${name}`)

    const groups = rules.groups === null ? null : groupsOf(identity.claims, rules.groups)
    if (groups !== null) say(`groups: ${groups.length === 0 ? 'none' : groups.join(', ')}`)
    // Without a claim for groups those that the gateway keeps itself count.
    const person = { name, groups: groups ?? (await people.findUser(name))?.groups ?? [], claims: identity.claims }

    const blocked = findMatch(rules.block, person)
    if (blocked !== null) {
      say(`blocked: ${blocked}`)
      return refuse(notInvited)
    }
    const isListedAdmin = rules.admins.some((admin) => admin.toLowerCase() === name)
    if (rules.allow === 'everyone') say('allowed: everyone is')
    else {
      const allowed = isListedAdmin ? 'listed as administrator' : findMatch(rules.allow, person)
      say(allowed === null ? 'not allowed: none of the lists of people.allow matches' : `allowed: ${allowed}`)
      if (allowed === null) return refuse(notInvited)
    }
    const adminGroup = rules.adminGroups.find((group) => person.groups.includes(group))
    const isAdmin = isListedAdmin || adminGroup !== undefined || (rules.adminGroups.length > 0 ? false : null)
    if (isListedAdmin) say('administrator: listed')
    else if (adminGroup !== undefined) say(`administrator: member of the group ${adminGroup}`)
    return { decision: { kind: 'admitted', name, isAdmin, groups, claims: cleanClaims(identity.claims) }, trail }
  }

  return {
    examine,
    async admit(identity) {
      const { decision, trail } = await examine(identity)
      if (decision.kind === 'refused') return { refused: decision.words, trail }
      const { name, isAdmin, groups, claims } = decision
      const user = await people.ensureUser(name, {
        ...(isAdmin !== null && { isAdmin }),
        ...(groups !== null && { groups }),
        claims,
      })
      return { user, trail }
    },
  }
}

/** `allow` lists without an entry let nobody in: said by the configuration check. */
export const letsNobodyIn = ({ allow, admins }: Pick<AdmissionRules, 'allow' | 'admins'>): boolean =>
  allow !== 'everyone' && isEmptyMatch(allow) && admins.length === 0

const mostGroups = 1_000
const isClean = (text: string): boolean => text !== '' && text.length <= 255 && !/[\p{Cc}\p{Cs}]/u.test(text)

function groupsOf(claims: Claims, { claim, only }: { claim: string; only: readonly string[] }): readonly string[] {
  const told = Object.hasOwn(claims, claim) ? (claims[claim] ?? []) : []
  const counts = (group: string): boolean =>
    only.length === 0 ||
    only.some((each) => (each.endsWith('*') ? group.startsWith(each.slice(0, -1)) : group === each))
  return [...new Set(told.filter(isClean).filter(counts))].sort().slice(0, mostGroups)
}

/** What is kept of the claims: profiles and accounts ask for them. Bounded, since it is a stranger's text. */
function cleanClaims(claims: Claims): Claims {
  const kept = Object.entries(claims)
    .filter(([name]) => isClean(name) && name !== '__proto__')
    .slice(0, 100)
    .map(([name, values]) => [name, values.filter(isClean).slice(0, mostGroups)] as const)
  return Object.fromEntries(kept.filter(([, values]) => values.length > 0))
}

const quote = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)

const claimWords = (claims: Claims): string => {
  const names = Object.keys(claims).filter(isClean).slice(0, 20)
  return names.length === 0 ? '' : `, with the claims ${names.join(', ')}`
}
