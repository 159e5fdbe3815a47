/** Runs the rest of a start as the account that is served. */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { StartOptions } from '../start-command.ts'
import type { Account } from './served-account.ts'

/** setpriv(1) with everything that root's power hangs on taken away. */
const asAccount = (account: Account, argv: readonly string[]): readonly [string, ...string[]] => [
  'setpriv',
  `--reuid=${account.uid}`,
  `--regid=${account.gid}`,
  '--init-groups',
  '--no-new-privs',
  '--inh-caps=-all',
  ...argv,
]

const program = process.argv[1] ?? ''

/** The folder that holds packages and node_modules: where the checkout or the installation begins. */
function rootOf(path: string): string {
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules')) && existsSync(join(folder, 'package-lock.json'))) return folder
  }
  return dirname(path)
}

function canRun(account: Account): boolean {
  const [file, ...args] = asAccount(account, [
    process.execPath,
    '--eval',
    `require('fs').readFileSync(${JSON.stringify(program)})`,
  ])
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0
}

/**
 * A checkout in root's home cannot be read by anybody else: then its program is copied to a place that can, once per content.
 * Development tools stay behind.
 */
function readableCopy(root: string): string {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 12)
  const copy = `/var/lib/batchway/program-${hash}`
  process.stdout.write(`Only root can read ${root}: running from a copy in ${copy}\n`)
  mkdirSync(copy, { recursive: true, mode: 0o755 })
  const unneeded = new Set(['.git', 'docs', 'test', 'testbench', 'playwright-core', '@biomejs', '.cache'])
  for (const part of ['packages', 'node_modules', 'package.json', 'package-lock.json', 'tsconfig.json']) {
    if (part === 'packages') rmSync(join(copy, part), { recursive: true, force: true })
    if (part === 'node_modules' && existsSync(join(copy, part))) continue
    cpSync(join(root, part), join(copy, part), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) =>
        !relative(root, source)
          .split('/')
          .some((name) => unneeded.has(name)),
    })
  }
  spawnSync('chmod', ['-R', 'a+rX,go-w', copy])
  return copy
}

/** @returns the exit code. Signals that reach us are passed on. */
export async function runAsServed(account: Account, options: StartOptions): Promise<number> {
  const root = rootOf(program)
  const place = canRun(account) ? root : readableCopy(root)
  const moved = (path: string): string => (path.startsWith(`${root}/`) ? join(place, relative(root, path)) : path)
  const argv = [
    moved(process.execPath),
    ...process.execArgv,
    moved(program),
    'start',
    `--base-path=${options.basePath}`,
    ...(options.port === undefined ? [] : [`--port=${options.port}`]),
    ...(options.state === undefined ? [] : [`--state=${options.state}`]),
    '--no-install',
  ]
  const [file, ...args] = asAccount(account, argv)
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
  // The terminal sends Ctrl-C to the child as well; what kill(1) sends to us alone is passed on.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [code] = await once(child, 'exit')
  return typeof code === 'number' ? code : 1
}
