import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from './wire.ts'

export interface StartOptions {
  /** Absolute; made with mode 0700. */
  readonly state: string
  readonly node?: string
  readonly cores?: number
  readonly memoryMiB?: number
  readonly slots?: number
  readonly graceSeconds?: number
  /** `PATH` of jobs. */
  readonly path?: string
  readonly allowRoot?: boolean
  /** Run jobs as other accounts; `shepherd` is then the program they may run. */
  readonly sudo?: { readonly shepherd: string; readonly exchange?: string }
  /** `auto`: in a systemd scope of its own where systemd runs, so that it outlives its starter's unit. */
  readonly scope?: 'auto' | 'none'
  readonly limitMs?: number
}

export interface RunningScheduler {
  readonly pid: number
  /** false if one was there already. */
  readonly isNew: boolean
}

/** The scheduler's program: TypeScript in a checkout, JavaScript when built. */
export const schedulerProgram = join(import.meta.dirname, `bin${import.meta.filename.slice(-3)}`)

/** argv that serves these options. */
export function toServeArgs(options: StartOptions): string[] {
  const { state, cores, memoryMiB, slots, graceSeconds, path, allowRoot, sudo } = options
  const valued = {
    cores,
    memory: memoryMiB,
    slots,
    grace: graceSeconds,
    path,
    shepherd: sudo?.shepherd,
    exchange: sudo?.exchange,
  }
  return [
    schedulerProgram,
    'serve',
    `--state=${state}`,
    ...Object.entries(valued).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...(sudo ? ['--sudo'] : []),
    ...(allowRoot ? ['--allow-root'] : []),
  ]
}

/** Wrap argv so that it runs in a scope of its own: an `exec` by systemd-run, the pid stays. @see systemd-run(1) */
export const toScoped = (argv: readonly string[], isRoot: boolean): string[] => [
  'systemd-run',
  ...(isRoot ? [] : ['--user']),
  '--scope',
  '--collect',
  '--quiet',
  '--',
  ...argv,
]

/**
 * Bring a local scheduler up in the background and wait until it answers. One that answers already is used as it is.
 * It goes on when we end. Its log is `scheduler.log` in the state directory.
 * @throws {Error} if it does not answer in time; the log says why.
 */
export async function startLocalScheduler(options: StartOptions): Promise<RunningScheduler> {
  const { state, node = process.execPath, scope = 'auto', limitMs = 20_000 } = options
  const there = await findScheduler(state)
  if (there !== null) return { pid: there, isNew: false }
  mkdirSync(state, { recursive: true, mode: 0o700 })
  const plain = [node, ...toServeArgs(options)]
  const hasSystemd = scope === 'auto' && existsSync('/run/systemd/system')
  const tries = hasSystemd ? [toScoped(plain, process.getuid?.() === 0), plain] : [plain]
  const giveUpAt = performance.now() + limitMs
  for (const argv of tries) {
    const child = spawnDetached(argv, join(state, 'scheduler.log'))
    while (performance.now() < giveUpAt) {
      const pid = await findScheduler(state)
      if (pid !== null) return { pid, isNew: pid === child.pid() }
      if (child.hasEnded()) break // no user manager for a scope: then without
      await sleep(30)
    }
  }
  throw new Error(`the local scheduler did not come up; see ${join(state, 'scheduler.log')}`)
}

/** The pid of the scheduler that answers on a state directory, or null. */
export async function findScheduler(state: string): Promise<number | null> {
  try {
    const reply = await ask(state, { op: 'info' }, 5_000)
    return reply.ok ? Number(JSON.parse(reply.text).pid) : null
  } catch (error) {
    if (error instanceof RangeError) throw error
    return null
  }
}

/** What the scheduler and `systemd-run --user` need; our secrets are none of their business. */
function ownEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

function spawnDetached(argv: readonly string[], logPath: string): { pid(): number | undefined; hasEnded(): boolean } {
  const [file = '', ...args] = argv
  const log = openSync(logPath, 'a', 0o600)
  const child = spawn(file, args, { cwd: '/', env: ownEnvironment(), detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  let isMissing = false
  child.on('error', () => {
    isMissing = true
  })
  child.unref()
  return { pid: () => child.pid, hasEnded: () => isMissing || child.exitCode !== null || child.signalCode !== null }
}
