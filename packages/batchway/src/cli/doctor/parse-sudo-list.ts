/** What `sudo -n -l` says that an account may do. */

export interface SudoRule {
  /** `alice`, `%group`, `ALL`, `root`… as written. */
  readonly runAs: readonly string[]
  readonly commands: readonly { readonly text: string; readonly needsPassword: boolean }[]
}

export interface SudoList {
  readonly rules: readonly SudoRule[]
  /** Names that `env_keep` lets through; null where `env_reset` is off and everything passes. */
  readonly keptVariables: readonly string[] | null
}

/** A tag before commands, e.g. `NOPASSWD:`; it holds for those behind it, too. @see sudoers(5) 1.9 "Tag_Spec" */
const tagPattern = /^(NO)?(PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW|INTERCEPT):\s*/

/** Commas that separate; `\,` is part of a command. */
const parts = (text: string): string[] =>
  text
    .split(/(?<!\\),/)
    .map((part) => part.trim())
    .filter((part) => part !== '')

function parseRule(text: string): SudoRule | null {
  const [, runAs = '', rest] = /^\(([^)]*)\)\s*(.*)$/.exec(text) ?? []
  if (rest === undefined) return null
  let needsPassword = true
  const commands = parts(rest).map((part) => {
    let words = part
    for (let tag = tagPattern.exec(words); tag !== null; tag = tagPattern.exec(words)) {
      if (tag[2] === 'PASSWD') needsPassword = tag[1] === undefined
      words = words.slice(tag[0].length)
    }
    return { text: words.replaceAll('\\', ''), needsPassword }
  })
  // Behind a colon stand groups that may be taken on, which is another matter.
  return { runAs: parts(runAs.split(':')[0] ?? ''), commands }
}

/** @param text output of `sudo -n -l` in the C locale. Lines that continue another are indented deeper (sudo 1.8, 1.9). */
export function parseSudoList(text: string): SudoList {
  const [defaults = '', rules = ''] = text.split(/^User \S+ may run the following commands on .*:$/m)
  const joined = rules.replace(/\n {5,}/g, ' ').split('\n')
  const settings = parts(defaults.replace(/^.*Matching Defaults entries for .*:$/m, '').replace(/\s+/g, ' '))
  const kept = settings.flatMap((setting) => {
    const [, names] = /^env_keep\s*\+?=\s*"?([^"]*)"?$/.exec(setting) ?? []
    return names === undefined ? [] : names.split(/[\s\\]+/).filter((name) => name !== '')
  })
  return {
    rules: joined.flatMap((line) => parseRule(line.trim()) ?? []),
    keptVariables: settings.includes('!env_reset') ? null : kept,
  }
}
