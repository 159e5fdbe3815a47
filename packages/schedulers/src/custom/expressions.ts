/** Expressions that a site writes, run against text that users and schedulers write: each within a time limit, since one can run for ever. */
import { createContext, Script } from 'node:vm'
import { SchedulerError } from '../driver.ts'

/** All expressions against one answer. */
const limitMs = 250

const context = createContext(Object.create(null))
// In its own realm: matching is what takes the time, and that is stopped there.
const runner = new Script(
  'pattern.lastIndex = 0; JSON.stringify(isAll ? [...text.matchAll(pattern)] : pattern.exec(text))',
)

/** @returns the groups of the first match, the whole of it first; null if there is none. @throws {SchedulerError} `unreadable` if it takes too long. */
export function find(pattern: RegExp, text: string): readonly (string | undefined)[] | null {
  return JSON.parse(execute(pattern, text, false))
}

/** The same of each match. */
export function findAll(pattern: RegExp, text: string): readonly (readonly (string | undefined)[])[] {
  return JSON.parse(execute(new RegExp(pattern.source, `${pattern.flags.replace('g', '')}g`), text, true))
}

/** A process that waited for its processor has not spent its time: it tries again. */
const mostTries = 20

function execute(pattern: RegExp, text: string, isAll: boolean): string {
  Object.assign(context, { pattern, text, isAll })
  try {
    const before = process.cpuUsage()
    for (let tries = 1; ; tries += 1) {
      try {
        return String(runner.runInContext(context, { timeout: limitMs }))
      } catch (error) {
        if (!isTimeout(error)) throw error
        const { user, system } = process.cpuUsage(before)
        if (tries < mostTries && user + system < limitMs * 1000) continue
        const words = `the expression ${pattern.source} did not come to an end within ${limitMs} ms`
        throw new SchedulerError('unreadable', words)
      }
    }
  } finally {
    Object.assign(context, { pattern: null, text: null })
  }
}

const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'

const replacements: Readonly<Record<string, string>> = { A: 'write ^', Z: 'write $', z: 'write $', h: 'write [ \\t]' }

/**
 * An expression as Python or JavaScript writes it: `(?P<name>…)` and a leading `(?i)`, `(?m)`, `(?s)` are read as Python does.
 * @returns what to write instead, if it is none.
 */
export function parseExpression(written: string): RegExp | { readonly problem: string } {
  const [, flags = ''] = /^\(\?([ims]+)\)/.exec(written) ?? []
  const source = written.slice(flags === '' ? 0 : flags.length + 3).replaceAll('(?P<', '(?<')
  const [odd, letter = ''] =
    /\\([A-CE-Zac-eg-jl-moqyzAZ])/.exec(source.replace(/\\\\|\\[BDSWbdfnrstvwcxuk0-9]/g, '')) ?? []
  if (odd !== undefined)
    return {
      problem: `holds ${odd}, which means nothing here: ${replacements[letter] ?? `write ${letter}, or \\\\${letter} for a backslash`}`,
    }
  try {
    return new RegExp(source, flags)
  } catch (error) {
    return { problem: `is no regular expression: ${error instanceof Error ? error.message.replace(/^.*: /, '') : ''}` }
  }
}

export const groupsOf = (pattern: RegExp): number => (new RegExp(`${pattern.source}|`).exec('')?.length ?? 1) - 1

/** `\1`, `\g<1>`, `\g<0>` (the whole match) → what the groups hold, as Python's `match.expand` does. */
export function expand(template: string, groups: readonly (string | undefined)[]): string {
  return template.replace(reference, (_, digit, inAngles) => groups[Number(digit ?? inAngles)] ?? '')
}
const reference = /\\(?:([1-9])|g<(\d)>)/g

/** @returns what to write instead, if the template names a group that is not there. */
export function templateProblem(template: string, groups: number): string | null {
  for (const [found, digit, inAngles] of template.matchAll(reference))
    if (Number(digit ?? inAngles) > groups) return `names the group ${found}, but execHost has ${groups}`
  const rest = template.replace(reference, 'a')
  if (/^[A-Za-z0-9][\w.-]*$/.test(rest)) return null
  return /\{|\$/.test(rest) ? 'names groups as \\1, or \\g<1> before a digit' : 'does not make the name of a host'
}
