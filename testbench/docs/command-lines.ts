/** The command lines of `batchway` that documents show, held against the command itself. */
import { type Command, CommanderError } from 'commander'
import { makeProgram } from '../../packages/batchway/src/cli/program.ts'
import { fencedBlocks } from './fenced-blocks.ts'

export interface CommandLine {
  /** Its words behind `batchway`. */
  readonly words: readonly string[]
  readonly line: number
  /** To be typed as it stands; else it is named in a sentence, where arguments may be missing. */
  readonly isWhole: boolean
}

const shells = new Set(['sh', 'bash', 'console'])

/** Calls in the document's shell blocks, and those that its sentences name in code marks. */
export function commandLines(markdown: string): CommandLine[] {
  const blocks = fencedBlocks(markdown)
  const typed = blocks.flatMap(({ text, line, language }) =>
    logicalLines(text, line)
      // A block that is no shell's may show both what is typed and what comes of it.
      .filter((each) => shells.has(language) || (language === '' && /^(?:\$ )?batchway [a-z]/.test(each.text)))
      .flatMap((each) =>
        eachTurn(each.text)
          .flatMap(callsIn)
          .map((words) => ({ words, line: each.line, isWhole: true })),
      ),
  )
  const inBlocks = new Set(blocks.flatMap(({ text, line }) => text.split('\n').map((_, index) => line + index)))
  const named = markdown.split('\n').flatMap((text, index) =>
    inBlocks.has(index + 1)
      ? []
      : [...text.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) =>
          alternatives(code)
            .flatMap(callsIn)
            .map((words) => ({ words, line: index + 1, isWhole: false })),
        ),
  )
  return [...typed, ...named]
}

/** `setup hub|proxy` in a sentence is both. */
function alternatives(code: string): string[] {
  const [, before, choice, after] = /^(.*?)([\w-]+(?:\|[\w-]+)+)(.*)$/.exec(code) ?? []
  if (before === undefined || choice === undefined || after === undefined) return [code]
  return choice.split('|').flatMap((one) => alternatives(`${before}${one}${after}`))
}

/** Lines of a shell script; what a backslash continues is one. */
function logicalLines(text: string, first: number): { text: string; line: number }[] {
  const lines: { text: string; line: number }[] = []
  let open = false
  for (const [index, line] of text.split('\n').entries()) {
    const last = lines.at(-1)
    if (open && last) last.text = `${last.text} ${line.trim()}`
    else lines.push({ text: line, line: first + index })
    const now = lines.at(-1)
    open = now?.text.endsWith('\\') ?? false
    if (now && open) now.text = now.text.slice(0, -1)
  }
  return lines
}

/** `for part in proxy hub; do …` once for each. */
function eachTurn(text: string): string[] {
  const [, name, values = '', body = ''] = /^\s*for (\w+) in ([^;]+); *do (.*)$/.exec(text) ?? []
  if (name === undefined) return [text]
  return values
    .trim()
    .split(/\s+/)
    .map((value) => body.replaceAll(`\${${name}}`, value).replaceAll(`$${name}`, value))
}

/** Words of the simple commands of a line of shell; what stands for a redirection is left out. */
function simpleCommands(text: string): string[][] {
  const commands: string[][] = [[]]
  const tokens =
    /(?<redirect>(?<!\S)\d*(?:>>|>&|>|<<<|<<|<)\s*[^\s|;()]*)|(?<quoted>(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"|&;<>()#\\]|(?<=\S)#)+)|(?<end>\|\||&&|[|&;()])|(?<comment>#.*)/g
  for (const { groups } of text.matchAll(tokens)) {
    if (groups?.comment !== undefined) break
    if (groups?.end !== undefined) commands.push([])
    else if (groups?.quoted !== undefined)
      commands.at(-1)?.push(groups.quoted.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, '$1$2$3'))
  }
  return commands
}

const isProgram = (word: string): boolean => /^(?:\$batchway|\$\{batchway\}|(?:[\w.~/-]*\/)?batchway)$/.test(word)

/** What may stand before it: a prompt, variables, those who run a program for somebody else. */
const isBefore = (word: string): boolean =>
  /^(?:\$|sudo|runuser|exec|nohup|setsid|time|do|then|!|-[\w-]*|--|env|[A-Za-z_]\w*=.*)$/.test(word)

function callsIn(text: string): string[][] {
  return simpleCommands(text).flatMap((words) => {
    // The word after "-u" is an account.
    const isAccount = (index: number): boolean => /^-[ug]$/.test(words[index - 1] ?? '')
    const at = words.findIndex((word, index) => isProgram(word) && !isAccount(index))
    const isCalled = at >= 0 && words.slice(0, at).every((word, index) => isBefore(word) || isAccount(index))
    const rest = words.slice(at + 1)
    return isCalled && rest.length > 0 ? [rest] : []
  })
}

/** All commands, which do nothing and say nothing. */
async function silentProgram(): Promise<Command> {
  const silence = (command: Command): void => {
    command
      .exitOverride()
      .configureOutput({ writeOut() {}, writeErr() {} })
      .showHelpAfterError(false)
    if (command.commands.length === 0) command.action(() => {})
    for (const one of command.commands) silence(one)
  }
  const program = await makeProgram()
  silence(program)
  return program
}

/** What only a whole command line must have. */
const unfinished = new Set(['commander.missingArgument', 'commander.missingMandatoryOptionValue', 'commander.help'])
const inOrder = new Set(['commander.helpDisplayed', 'commander.version'])

/** @returns what the command says of it; null if it takes it. */
export async function problemOfCommand({
  words,
  isWhole,
}: Pick<CommandLine, 'words' | 'isWhole'>): Promise<string | null> {
  try {
    await (await silentProgram()).parseAsync(words, { from: 'user' })
    return null
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (inOrder.has(error.code) || (!isWhole && unfinished.has(error.code))) return null
    // In a sentence a capital or an ellipsis stands for a value.
    if (!isWhole && error.code === 'commander.invalidArgument' && words.some((word) => /^[A-Z_]+$|…/.test(word)))
      return null
    return error.message
  }
}
