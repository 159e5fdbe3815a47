/** Runs the rest of a start as the account that is served. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { inheritedFlags } from '../runtime-flags.ts'
import type { StartOptions } from '../start-command.ts'
import { asAccount } from './as-account.ts'
import { readableProgram } from './readable-program.ts'
import type { Account } from './served-account.ts'

const program = process.argv[1] ?? ''

/** @returns the exit code. Signals that reach us are passed on. */
export async function runAsServed(account: Account, options: StartOptions): Promise<number> {
  const placed = readableProgram(account, program)
  if (placed(program) !== program)
    process.stdout.write(`Only root can read ${program}: running from a copy, ${placed(program)}\n`)
  const [file, ...args] = asAccount(account, [
    placed(process.execPath),
    ...inheritedFlags(process.execArgv),
    placed(program),
    'start',
    `--base-path=${options.basePath}`,
    ...(options.port === undefined ? [] : [`--port=${options.port}`]),
    ...(options.state === undefined ? [] : [`--state=${options.state}`]),
    ...(options.install ? [] : ['--no-install']),
    ...(options.yes ? ['--yes'] : []),
    ...(options.reportMissing ? ['--report-missing'] : []),
  ])
  const child = spawn(file, args, {
    stdio: 'inherit',
    cwd: account.home,
    env: {
      HOME: account.home,
      USER: account.name,
      LOGNAME: account.name,
      SHELL: '/bin/sh',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: process.env.LANG ?? 'C.UTF-8',
      ...(process.env.TZ !== undefined && { TZ: process.env.TZ }),
    },
  })
  // The terminal sends these to the child as well; what kill(1) sends to us alone is passed on.
  const wait = (): void => {}
  const forward = (): unknown => child.kill('SIGTERM')
  process.on('SIGINT', wait).on('SIGHUP', wait).on('SIGTERM', forward)
  try {
    const [code] = await once(child, 'exit')
    return typeof code === 'number' ? code : 1
  } finally {
    process.off('SIGINT', wait).off('SIGHUP', wait).off('SIGTERM', forward)
  }
}
