/** A dry run of signing in, in words: the same on the command line, on the administrators' page and in the API. */
import type { Examined } from './admission.ts'
import type { Claims } from './people.ts'

export interface WhoAnswer {
  readonly examined: Examined
  /** What jobs would run as, one for each cluster; empty for somebody who is refused. */
  readonly accounts: readonly { readonly cluster: string; readonly words: string }[]
}

/** Nothing is changed and nobody is signed in. @param subject the name as the sign-in gives it. */
export type ExamineSignIn = (subject: string, claims: Claims) => Promise<WhoAnswer>

export interface WhoWords {
  /** Each step and what it found, in order. */
  readonly steps: readonly string[]
  readonly outcome: string
}

export function whoWords({ examined: { decision, trail }, accounts }: WhoAnswer): WhoWords {
  return {
    steps: [...trail, ...accounts.map(({ cluster, words }) => `account on ${cluster}: ${words}`)],
    outcome:
      decision.kind === 'admitted'
        ? `signs in as ${decision.name}${decision.isAdmin ? ', administrator' : ''}`
        : `refused; the person reads: ${decision.words}`,
  }
}

/** `groups=hpc`: one value of one claim. @returns null for a text of another form. */
function parseClaim(text: string): readonly [name: string, value: string] | null {
  const at = text.indexOf('=')
  const name = text.slice(0, Math.max(0, at)).trim()
  return name === '' ? null : [name, text.slice(at + 1).trim()]
}

/** Add one. @returns null for a text of another form. */
export function withClaim(text: string, before: Claims): Claims | null {
  const claim = parseClaim(text)
  if (claim === null) return null
  const [name, value] = claim
  return { ...before, [name]: [...(Object.hasOwn(before, name) ? (before[name] ?? []) : []), value] }
}

/** @param text a claim a line. @returns the first line that has another form, or the claims. */
export function parseClaims(text: string): { readonly claims: Claims } | { readonly wrong: string } {
  const found = new Map<string, string[]>()
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue
    const claim = parseClaim(line)
    if (claim === null) return { wrong: line }
    const [name, value] = claim
    const values = found.get(name)
    if (values) values.push(value)
    else found.set(name, [value])
  }
  return { claims: Object.fromEntries(found) }
}
