/** A command as a site writes it: a list of arguments, or one line that is split into them. No shell ever reads it. */
import { parseTemplate, render, type Template, type Values } from './template.ts'

export interface CommandTemplate {
  readonly file: string
  readonly args: readonly Template[]
}

type Problem = { readonly problem: string }

/** @param names the variables that there are. */
export function parseCommand(written: string | readonly string[], names: readonly string[]): CommandTemplate | Problem {
  const words = typeof written === 'string' ? split(written) : written
  if ('problem' in words) return words
  const [file = '', ...rest] = words
  if (/^(?:.*\/)?sudo$/.test(file))
    return {
      problem: `begins with sudo: write "transport: sudo" at the cluster, and here ${JSON.stringify(withoutPrefix(words))}`,
    }
  if (/^(?:.*\/)?ssh$/.test(file))
    return { problem: 'begins with ssh: write "transport: ssh" at the cluster, and here the command itself' }
  if (!/^(?:[A-Za-z0-9_][\w.+-]*|\/[\w.+/-]+)$/.test(file))
    return { problem: `does not begin with the name of a program, or its absolute path: ${JSON.stringify(file)}` }
  const args: Template[] = []
  for (const word of rest) {
    if (/[\0-\x1f\x7f]/.test(word)) return { problem: 'holds a control character' }
    const template = parseTemplate(word, names)
    if ('problem' in template) return template
    args.push(template)
  }
  return { file, args }
}

/** `sudo -E -u {username} qsub -z` → `qsub -z`. */
function withoutPrefix(words: readonly string[]): string {
  const rest = words.slice(1)
  while (rest[0]?.startsWith('-')) if (rest.shift() === '-u') rest.shift()
  return rest.join(' ') || 'the command itself'
}

/** Blanks part arguments; '…' and "…" hold them together. Whatever else a shell would read is refused. */
function split(line: string): readonly string[] | Problem {
  const words: string[] = []
  let word: string | null = null
  const token = /(\s+)|'([^']*)'|"([^"$`\\]*)"|([^\s'"$`\\|&;<>()*?#~!]+)|([\s\S])/gy
  for (const [found, blank, single, double, plain] of line.matchAll(token)) {
    if (blank !== undefined) {
      if (word !== null) words.push(word)
      word = null
      continue
    }
    const text = single ?? double ?? plain
    if (text === undefined) {
      // `{host?}` is a variable, and no pattern of file names.
      if (found === '?' && /\{\w+$/.test(word ?? '')) word += found
      else
        return {
          problem: `holds ${JSON.stringify(found)}: no shell reads it. Write a command and its arguments, or a list: [qsub, -z]`,
        }
    } else word = (word ?? '') + text
  }
  if (word !== null) words.push(word)
  return words.length > 0 ? words : { problem: 'is empty' }
}

/** An argument whose optional variable is absent is left out. */
export const renderCommand = ({ file, args }: CommandTemplate, values: Values): { file: string; args: string[] } => ({
  file,
  args: args.map((arg) => render(arg, values)).filter((arg) => arg !== null),
})
