/** A site in front of real Slurm whose sessions sleep: what the benches share. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Site } from '../../test/e2e/support/site.ts'
import { visitorOf } from '../../test/e2e/support/visitor.ts'

export interface CountedCommands extends Disposable {
  /** Folder with Slurm's commands, for the driver's `commandDirectory`. */
  readonly folder: string
  /** Unix milliseconds of each `squeue` that was run. */
  listCalls(): number[]
  /** What happens to a job behind the hub's back: it is cancelled, its process is killed, it is suspended. */
  end(job: Job): void
  fail(job: Job): void
  suspend(job: Job): void
}

interface Job {
  readonly jobId: string
  readonly pid: number
}

/** Slurm's own commands; `squeue` writes down when it was run. Root's, so that the sudo rules hold. */
export function countCommands(): CountedCommands {
  const folder = mkdtempSync('/var/tmp/batchway-counted-')
  chmodSync(folder, 0o755)
  const spool = join(folder, 'calls')
  mkdirSync(spool)
  chmodSync(spool, 0o1777)
  const log = join(spool, 'squeue')
  for (const name of ['sbatch', 'scancel', 'sacct', 'sinfo', 'scontrol'])
    symlinkSync(`/usr/bin/${name}`, join(folder, name))
  writeFileSync(join(folder, 'squeue'), `#!/bin/sh\ndate +%s%3N >>${log}\nexec /usr/bin/squeue "$@"\n`, { mode: 0o755 })
  return {
    folder,
    listCalls: () => readCalls(log),
    end: ({ jobId }) => run('scancel', jobId),
    fail: ({ pid }) => void process.kill(pid, 'SIGKILL'),
    suspend: ({ jobId }) => run('scontrol', 'suspend', jobId),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function run(file: string, ...args: string[]): void {
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** @param log a line for each call: when it was made. */
export const readCalls = (log: string): number[] =>
  existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map(Number) : []

/** Signs in by a one-time link. @returns the headers that make `fetch` that person. */
export async function signInHeaders(site: Site, name: string): Promise<Record<string, string>> {
  const visitor = await visitorOf(site, name)
  const path = `${site.base}hub/`
  const sent = visitor.cookies().filter((cookie) => path.startsWith(cookie.path))
  return {
    Cookie: sent.map((cookie) => `${cookie.name}=${cookie.value}`).join('; '),
    'X-XSRFToken': visitor.cookie('_xsrf', path) ?? '',
  }
}

export const uidOf = (account: string): number => Number(execFileSync('id', ['-u', account], { encoding: 'utf8' }))

/** Runs `act` on every item, at most `atOnce` at a time. */
export async function eachOf<T>(items: readonly T[], atOnce: number, act: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** @param share 0 to 1. @returns NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
