import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { type Command, InvalidArgumentError } from 'commander'
import { reasons } from '../../core/system-error.ts'
import { parseDuration } from '../../core/units.ts'
import { type ImportNames, isWhole, mapProfileList } from '../../profiles/import/map-list.ts'
import { type FoundList, ListProblem, readPythonList, readYamlList } from '../../profiles/import/read-profile-list.ts'
import { toProfile } from '../../profiles/import/to-profile.ts'
import { configText, reportText } from './import-text.ts'

/** Written, but somebody has to decide something. */
const undecided = 2
const largest = 1_048_576

type Pairs = ReadonlyMap<string, string>
type ClusterNames = ImportNames['clusters']

function toPair(text: string, value: RegExp, example: string): [string, string] {
  const at = text.lastIndexOf('=')
  const name = text.slice(0, Math.max(at, 0))
  const given = text.slice(at + 1)
  if (name === '' || !value.test(given)) throw new InvalidArgumentError(`write ${example}`)
  return [name, given]
}

const addName = (text: string, before: Pairs = new Map()): Pairs =>
  new Map([...before, toPair(text, /^[\w.@+-]{1,127}$/, 'OLD=NEW, e.g. mesabi=batch')])

function addCluster(text: string, before: ClusterNames = new Map()): ClusterNames {
  const [name, given] = toPair(
    text,
    /^[A-Za-z][\w-]{0,62}(:[a-z][a-z0-9-]{0,62})?$/,
    'CLASS=KEY or CLASS@HOST=KEY:DRIVER, e.g. batchspawner.TorqueSpawner=mesabi:slurm',
  )
  const [key = '', driver] = given.split(':')
  return new Map([...before, [name, { key, ...(driver !== undefined && { driver }) }]])
}

function toWalltime(text: string): number {
  const seconds = parseDuration(text)
  if (seconds === null || seconds < 1) throw new InvalidArgumentError('write a duration such as "8h"')
  return seconds
}

function toApplication(text: string): string {
  if (!/^[A-Za-z][\w-]{0,62}$/.test(text)) throw new InvalidArgumentError('write the key of an application')
  return text
}

interface Options {
  readonly format?: 'python' | 'yaml'
  readonly application: string
  readonly cluster?: ClusterNames
  readonly queue?: Pairs
  readonly account?: Pairs
  readonly walltime?: number
  readonly json?: boolean
  readonly quiet?: boolean
}

function toFormat(text: string): 'python' | 'yaml' {
  if (text !== 'python' && text !== 'yaml') throw new InvalidArgumentError('write "python" or "yaml"')
  return text
}

/** @throws {Error} in words for the person who gave the file. */
function readList(source: string, text: string, format: Options['format']): FoundList {
  if (text.length > largest) throw new Error(`${source}: more than 1 MiB: give the list alone`)
  const isYaml = format === 'yaml' || (format === undefined && /\.(ya?ml|json)$/i.test(source))
  try {
    return isYaml ? readYamlList(text) : readPythonList(text)
  } catch (error) {
    if (error instanceof ListProblem) throw new Error(`${source}: ${error.message}`)
    throw error
  }
}

export function addImportCommand(program: Command): void {
  const command = program.command('import').description('take settings over from JupyterHub').helpCommand(false)
  command
    .command('profiles <file>')
    .description(
      'read a list of ProfilesSpawner, as text and without running it, and print it as profiles of batchway.yaml',
    )
    .option('--format <format>', '"python" or "yaml"; by the file’s name if absent, and python for "-"', toFormat)
    .option('--application <key>', 'what the profiles run', toApplication, 'jupyter')
    .option('--cluster <class=key>', 'which cluster stands for a class, or for CLASS@HOST (repeatable)', addCluster)
    .option('--queue <old=new>', 'another name of a queue or partition (repeatable)', addName)
    .option('--account <old=new>', 'another name of an account (repeatable)', addName)
    .option('--walltime <duration>', 'for profiles that name none, e.g. "12h"', toWalltime)
    .option('--json', 'print the report and the profiles as JSON')
    .option('--quiet', 'no report')
    .addHelpText(
      'after',
      `
FILE is a configuration of JupyterHub, or a file with the list alone; "-" is standard input. Only text, numbers, True,
False, None, lists, tuples and dicts are read, and dict(name=value): nothing in it is run. The profiles go to standard
output, the report of what maps and what does not to standard error.

Exit status: 0 everything maps; 2 it is written, and something in it has to be decided by hand; 1 it cannot be read.

Examples:
  batchway import profiles jupyterhub_config.py > profiles.yaml
  batchway import profiles talk.py --cluster batchspawner.TorqueSpawner=mesabi:slurm --queue ram256g=batch
  ssh oldhub cat /etc/jupyterhub/jupyterhub_config.py | batchway import profiles - --application lab`,
    )
    .action(async (file: string, options: Options) => {
      const source = file === '-' ? 'standard input' : basename(file)
      const text = file === '-' ? await readAll(process.stdin) : await readNamed(file)
      const found = readList(source, text, options.format)
      const profiles = mapProfileList(found.value, {
        application: options.application,
        clusters: options.cluster ?? new Map(),
        queues: options.queue ?? new Map(),
        accounts: options.account ?? new Map(),
        wallSeconds: options.walltime,
      })
      if (options.json) {
        const answer = profiles.map(({ parts: _, ...one }) => ({ ...one, profile: toProfile({ ...one, parts: _ }) }))
        process.stdout.write(`${JSON.stringify({ source, unread: found.unread, profiles: answer }, null, 2)}\n`)
      } else process.stdout.write(configText(source, profiles))
      if (!options.quiet) process.stderr.write(reportText(source, found, profiles))
      if (!profiles.every(isWhole)) process.exitCode = undecided
    })
}

async function readNamed(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new Error(
      `${file}: ${code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${reasons[code] ?? 'it fails'} [${code}]`}`,
    )
  }
}
