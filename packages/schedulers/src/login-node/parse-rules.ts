/** The file on a login node that says what a hub may have run there. Pure. */
import type { RuledCommand } from './messages.ts'

export interface Rules {
  readonly commands: readonly RuledCommand[]
  /** Variables that the hub may give to commands. */
  readonly variables: readonly string[]
  /** Variables of every command. */
  readonly set: Readonly<Record<string, string>>
  /** Folder of the holds, private to the account. */
  readonly holds: string
  readonly sudo: string
}

const isPath = (text: string): boolean => /^\/[^\0-\x1f\x7f]*$/.test(text) && !/\/(?:\.\.?)?(?:\/|$)/.test(text)
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/
/** What names code to load, for the loader or a shell. */
const loading = /^(?:LD_|PATH$|IFS$|ENV$|BASH_|SHELLOPTS$|PYTHON|PERL|NODE_)/

/**
 * Lines of a word and a value; `#` begins a comment line.
 * @throws {Error} with every problem and its line.
 */
export function parseRules(text: string): Rules {
  const commands: RuledCommand[] = []
  const variables: string[] = []
  const set: Record<string, string> = {}
  const once = new Map<string, string>()
  const problems: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue
    const [, word = '', value = ''] = /^\s*(\S+)\s*(.*?)\s*$/.exec(line) ?? []
    const wrong = (what: string): void => void problems.push(`line ${index + 1}: ${what}`)
    switch (word) {
      case 'users':
      case 'itself':
        if (isPath(value)) commands.push({ file: value, as: word })
        else wrong(`after "${word}" comes the absolute path of one program`)
        break
      case 'variable':
        if (variable.test(value) && !loading.test(value)) variables.push(value)
        else wrong('after "variable" comes the name of a variable that names no code')
        break
      case 'set': {
        const [, name = '', content = ''] = /^([^=]*)=(.*)$/.exec(value) ?? []
        if (variable.test(name) && !loading.test(name)) set[name] = content
        else wrong('after "set" comes NAME=VALUE')
        break
      }
      case 'holds':
      case 'sudo':
        if (!isPath(value)) wrong(`after "${word}" comes an absolute path`)
        else if (once.has(word)) wrong(`"${word}" is there twice`)
        else once.set(word, value)
        break
      default:
        wrong(`${JSON.stringify(word)} is none of users, itself, variable, set, holds, sudo`)
    }
  }
  const holds = once.get('holds')
  if (commands.length === 0) problems.push('no command is allowed')
  if (holds === undefined) problems.push('"holds" is missing: a folder that is private to the account')
  if (holds === undefined || problems.length > 0) throw new Error(problems.join('; '))
  return { commands, variables, set, holds, sudo: once.get('sudo') ?? '/usr/bin/sudo' }
}
