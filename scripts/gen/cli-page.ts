/** The page of the command line: what `--help` prints, for every command. */
import type { Command } from 'commander'
import { makeProgram } from '../../packages/batchway/src/cli/program.ts'
import { exitStatuses } from '../../packages/batchway/src/cli/remote/exit-statuses.ts'
import { cell, page, table } from './markdown.ts'

/** As wide as pages of a manual are. */
const columns = 100

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (more) => {
      text += more
    },
    getOutHelpWidth: () => columns,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return text.replace(/[ \t]+$/gm, '').trimEnd()
}

const section = (command: Command, parents: string, depth: number): string[] => {
  const name = `${parents} ${command.name()}`.trim()
  const all = command.commands.toSorted((a, b) => (a.name() < b.name() ? -1 : 1))
  return [
    ...(depth === 0 ? [] : [`${'#'.repeat(Math.min(depth + 1, 3))} ${name}`]),
    `\`\`\`\n${helpOf(command)}\n\`\`\``,
    ...all.flatMap((each) => section(each, name, depth + 1)),
  ]
}

export const cliPage = async (): Promise<string> =>
  page(
    'The command line',
    'packages/batchway/src/cli/',
    'What `batchway … --help` prints. [How to use it over the API](../how-to/command-line.md).',
    '## How the commands over the API end',
    'Those are `user`, `group`, `token`, `server` and `service`. What was asked for is on standard output, all else on standard error.',
    table(
      ['status', 'meaning'],
      Object.values(exitStatuses).map(({ status, meaning }) => [String(status), cell(meaning)]),
    ),
    ...section(await makeProgram(), '', 0),
  )
