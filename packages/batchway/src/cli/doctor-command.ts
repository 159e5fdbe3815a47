import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { isAccountName } from '@batchway/schedulers'
import { type Command, type CommanderError, InvalidArgumentError } from 'commander'
import { version } from '../app/version.ts'
import { ConfigError } from '../core/config-error.ts'
import type { LoadedConfig } from '../core/load-config.ts'
import { examineSite } from './doctor/examine-site.ts'
import { type Finding, problem, toFinding } from './doctor/finding.ts'
import { exitStatus, formatFinding, formatSummary, toDocument } from './doctor/report.ts'
import { configOption, findConfigFile, loadSite } from './load-site.ts'

interface DoctorOptions {
  readonly config?: string
  readonly cluster?: readonly string[]
  readonly as?: string
  readonly json?: boolean
  readonly job: boolean
}

const wrongUse = 2

const toAccount = (text: string): string => {
  if (!isAccountName(text)) throw new InvalidArgumentError('write a login name')
  if (text === 'root') throw new InvalidArgumentError('no session ever runs as root: name somebody else')
  return text
}

const write = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

/** Aborts at the first Ctrl-C, SIGTERM or SIGHUP; a second one ends the process at once. */
function untilInterrupted(say: (words: string) => void): AbortController {
  const controller = new AbortController()
  // Whoever reads along may go away (`| head`): then there is nobody to tell, and what was begun is cleaned up all the same.
  process.stdout.on('error', () => controller.abort())
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => {
      say('stopping; what was begun is cleaned up (once more ends it at once: its job then ends by itself)')
      controller.abort()
    })
  return controller
}

/** @returns null, with words and exit status, where there is none: that is a wrong call, not a problem of a site. */
function whereConfig(given: string | undefined): string | null {
  try {
    return findConfigFile(given)
  } catch (error) {
    process.stderr.write(`batchway: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = wrongUse
    return null
  }
}

/** @returns findings of a configuration that cannot be used. */
function configFindings(error: ConfigError): Finding[] {
  return error.problems.map(({ path, message }) =>
    toFinding('configuration', problem(`${path === '' ? '(whole file)' : path}: ${message}`)),
  )
}

async function runDoctor(options: DoctorOptions): Promise<void> {
  const isJson = options.json === true
  const say = isJson ? () => {} : (words: string) => write(`         … ${words}`)
  const findings: Finding[] = []
  const tell = (finding: Finding): void => {
    findings.push(finding)
    if (!isJson) write(formatFinding(finding))
  }
  const { uid, username: name } = userInfo()
  const file = whereConfig(options.config)
  if (file === null) return
  let loaded: LoadedConfig | null = null
  try {
    loaded = await loadSite(file)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const finding of configFindings(error)) tell(finding)
  }
  const unknown =
    loaded === null ? [] : (options.cluster ?? []).filter((key) => loaded.config.clusters[key] === undefined)
  if (loaded !== null && unknown.length > 0) {
    process.stderr.write(
      `batchway: there is no cluster ${unknown.join(', ')} in ${file}; known: ${Object.keys(loaded.config.clusters).join(', ')}\n`,
    )
    process.exitCode = wrongUse
    return
  }
  const { signal } = untilInterrupted(say)
  const at = Date.now()
  if (loaded !== null) {
    try {
      const all = examineSite({
        loaded,
        configFile: file,
        clusters: options.cluster ?? null,
        account: options.as ?? null,
        withJob: options.job,
        self: { uid, name },
        argv: ['batchway doctor', `--config=${file}`, ...(options.as ? [`--as=${options.as}`] : [])].join(' '),
        environment: process.env,
        now: Date.now,
        random: (bytes) => randomBytes(bytes).toString('hex'),
        signal,
        say,
      })
      for await (const finding of all) tell(finding)
    } catch (error) {
      // Whatever fails after an interruption fails because of it.
      if (!signal.aborted) throw error
    }
  }
  const isInterrupted = signal.aborted
  const facts = { version, host: hostname(), account: name, config: file, at, isInterrupted }
  write(isJson ? JSON.stringify(toDocument(findings, facts), null, 2) : `\n${formatSummary(findings, isInterrupted)}`)
  process.exitCode = exitStatus(findings, isInterrupted)
}

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check this site on the real machine, and say what to grant or mend')
    .option(...configOption)
    .option('--cluster <keys...>', 'only these clusters')
    .option(
      '--as <account>',
      'account of somebody who may use Batchway: rules are tried and a small job runs as it',
      toAccount,
    )
    .option('--json', 'one JSON document instead of lines')
    .option('--no-job', 'submit no job')
    .addHelpText('after', '\nExit status: 0 nothing to mend, 1 problems (or interrupted), 2 wrong use.')
    .exitOverride((error: CommanderError) => {
      process.exit(error.exitCode === 0 ? 0 : wrongUse)
    })
    .action(runDoctor)
}
