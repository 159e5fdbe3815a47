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

/** `groups=hpc` adds one value to one claim. @returns null for a text of another form. */
export function withClaim(text: string, before: Claims): Claims | null {
  const at = text.indexOf('=')
  if (at < 1) return null
  const name = text.slice(0, at).trim()
  const known = Object.hasOwn(before, name) ? (before[name] ?? []) : []
  return { ...before, [name]: [...known, text.slice(at + 1).trim()] }
}

/** @param text a claim a line. @returns the first line that has another form, or the claims. */
export function parseClaims(text: string): { readonly claims: Claims } | { readonly wrong: string } {
  let claims: Claims = {}
  for (const line of text.split(/\r?\n/).filter((each) => each.trim() !== '')) {
    const next = withClaim(line, claims)
    if (next === null) return { wrong: line }
    claims = next
  }
  return { claims }
}
