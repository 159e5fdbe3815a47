/** batchway(1), from the commands themselves. */
import type { Command } from 'commander'

/** Text of roff(7): a backslash is its escape, and a dot or quote at the beginning of a line a request. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')

const walk = (command: Command, above: readonly string[]): readonly (readonly [string, Command])[] => {
  const words = [...above, command.name()]
  return [[words.join(' '), command], ...command.commands.flatMap((inner) => walk(inner, words))]
}

function section([words, command]: readonly [string, Command]): string {
  const names = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  )
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ flags, description }) => `.TP\n.B ${roff(flags)}\n${roff(description)}`)
  return [`.SS ${roff([words, ...names].join(' '))}`, roff(command.description()), ...options].join('\n')
}

/** @param version of the release. */
export function manPage(program: Command, version: string): string {
  const [, ...commands] = walk(program, [])
  const leaves = commands.filter(([, command]) => command.commands.length === 0)
  return `.TH BATCHWAY 1 "" "Batchway ${version}" "Batchway"
.SH NAME
batchway \\- ${roff(program.description().replace(/^A /, 'a '))}
.SH SYNOPSIS
.B batchway
.I command
[options]
.SH DESCRIPTION
Sign in, pick a profile, and work in Jupyter or another web application that runs as a batch job.
Each command explains itself with
.BR \\-\\-help .
.SH COMMANDS
${leaves.map(section).join('\n')}
.SH FILES
.TP
.I /etc/batchway/batchway.yaml
The configuration; other instances have /etc/batchway\\-NAME.
.TP
.I /opt/batchway/current
The installed version that is used.
.SH SEE ALSO
share/doc in the folder of the release.
`
}
