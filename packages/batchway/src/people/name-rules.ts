/** From a provider's name to a user's: `{name}@example.edu` → `{name}`. Pure. */

export interface NameRule {
  readonly from: string
  readonly to: string
}

interface CompiledRule extends NameRule {
  readonly pattern: RegExp
}

/** Longest subject that is looked at: certificates' subjects are long, and strangers send more. */
export const longestSubject = 1_024

const escapeLiteral = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
const placeholder = /\{([a-z][a-z0-9_]*)\}/gi

/**
 * The whole subject must match, so that `alice@example.edu.evil.org` is not of `example.edu`; upper and lower case are one.
 * (of ASCII letters only: no foreign letter folds into one of ours). Placeholders stand for text without `@`, `/` and blanks: what separates parts never hides in one.
 * @throws {TypeError} if `to` uses a placeholder that `from` has not, or `from` names one twice.
 */
function compile({ from, to }: NameRule): CompiledRule {
  const names = [...from.matchAll(placeholder)].map(([, name = '']) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new TypeError(`{${twice}} stands twice in "${from}"`)
  for (const [, name = ''] of to.matchAll(placeholder))
    if (!names.includes(name)) throw new TypeError(`"${to}" uses {${name}}, which "${from}" does not have`)
  const parts = from.split(/(\{[a-z][a-z0-9_]*\})/i)
  const body = parts.map((part, index) =>
    index % 2 === 1 ? `(?<${part.slice(1, -1)}>[^@/\\s]+)` : escapeLiteral(part),
  )
  return { from, to, pattern: new RegExp(`^${body.join('')}$`, 'i') }
}

export type MapByRules = (subject: string) => { readonly name: string; readonly rule: NameRule } | null

/** First match decides. @throws {TypeError} see `compile`. */
export function nameRules(rules: readonly NameRule[]): MapByRules {
  const compiled = rules.map(compile)
  return (subject) => {
    for (const { from, to, pattern } of compiled) {
      const found = pattern.exec(subject)
      if (found !== null)
        return { name: to.replace(placeholder, (_, name: string) => found.groups?.[name] ?? ''), rule: { from, to } }
    }
    return null
  }
}
