/** Tokens in words, and the times a new one may live. Pure. */
import type { DescribedToken } from '../people/api-tokens.ts'
import type { Token } from '../people/people.ts'
import { count, duration, type TimeWords } from './format.ts'
import type { HubPaths } from './hub-paths.ts'

export interface ExpiryChoice {
  readonly value: string
  readonly label: string
  /** Null: for ever. */
  readonly seconds: number | null
  readonly isDefault: boolean
}

const hour = 3_600
const day = 24 * hour
const usual: readonly (readonly [string, number])[] = [
  ['1 hour', hour],
  ['1 day', day],
  ['1 week', 7 * day],
  ['30 days', 30 * day],
  ['1 year', 365 * day],
]
const usualDefault = 30 * day

/** Times to choose from: none longer than the site allows, and its longest one. */
export function expiryChoices(longestSeconds: number | null): readonly ExpiryChoice[] {
  const fitting = usual.filter(([, seconds]) => longestSeconds === null || seconds <= longestSeconds)
  const timed = fitting.map(([label, seconds]) => ({ value: String(seconds), label, seconds }))
  const last =
    longestSeconds === null
      ? [{ value: 'never', label: 'Never', seconds: null }]
      : fitting.some(([, seconds]) => seconds === longestSeconds)
        ? []
        : [
            {
              value: String(longestSeconds),
              label: `${duration(longestSeconds)}, the longest here`,
              seconds: longestSeconds,
            },
          ]
  const all = [...timed, ...last]
  const wanted = all.find(({ seconds }) => seconds === usualDefault) ?? all.at(-1)
  return all.map((choice) => ({ ...choice, isDefault: choice === wanted }))
}

export const defaultExpiry = (choices: readonly ExpiryChoice[]): string =>
  choices.find(({ isDefault }) => isDefault)?.value ?? ''

export interface TokenRow {
  readonly id: string
  readonly note: string
  /** Empty: not narrowed. */
  readonly scopes: readonly string[]
  readonly created: string
  readonly used: string
  readonly expires: string
  readonly revoke: string
}

export interface ApplicationRow {
  readonly title: string
  readonly scopes: readonly string[]
  readonly tokens: string
  readonly created: string
  readonly used: string
  readonly expires: string
  /** One token stands for all that the application has. */
  readonly revoke: string
}

export interface TokenLists {
  readonly tokens: readonly TokenRow[]
  readonly applications: readonly ApplicationRow[]
  readonly of_sessions: readonly TokenRow[]
}

export function tokenLists(
  all: readonly DescribedToken[],
  times: TimeWords,
  paths: Pick<HubPaths, 'revokeToken'>,
  now: number,
): TokenLists {
  const titles = new Map(all.map(({ token, application }) => [token.clientId, application]))
  const when = (at: number | null, otherwise: string) => (at === null ? otherwise : times.day(at, now))
  const until = (at: number | null) => (at === null ? 'Never' : times.moment(at, now))
  const row = (token: Token): TokenRow => ({
    id: `a${token.id}`,
    note: token.note === '' ? 'Without a note' : token.note,
    scopes: token.scopes.filter((scope) => scope !== 'inherit'),
    created: times.day(token.createdAt, now),
    used: when(token.lastActivityAt, 'Not yet'),
    expires: until(token.expiresAt),
    revoke: paths.revokeToken(token.id),
  })
  const newestFirst = all.map(({ token }) => token).toSorted((a, b) => b.createdAt - a.createdAt || b.id - a.id)
  const byClient = Map.groupBy(
    newestFirst.filter(({ clientId }) => clientId !== null),
    ({ clientId }) => clientId ?? '',
  )
  return {
    tokens: newestFirst.filter(({ kind }) => kind === 'api').map(row),
    applications: [...byClient].map(([client, tokens]) => {
      const used = tokens.flatMap(({ lastActivityAt }) => lastActivityAt ?? [])
      return {
        title: titles.get(client) ?? client,
        scopes: [...new Set(tokens.flatMap(({ scopes }) => scopes))].sort(),
        tokens: count(tokens.length, 'token', 'tokens'),
        created: when(tokens.at(-1)?.createdAt ?? null, ''),
        used: when(used.length === 0 ? null : Math.max(...used), 'Not yet'),
        expires: until(latest(tokens.map(({ expiresAt }) => expiresAt))),
        revoke: paths.revokeToken(tokens[0]?.id ?? 0),
      }
    }),
    of_sessions: newestFirst.filter(({ kind }) => kind === 'server').map(row),
  }
}

const latest = (times: readonly (number | null)[]): number | null =>
  times.reduce((a, b) => (a === null || b === null ? null : Math.max(a, b)), 0)
