/** What is asked of each proxy, by programs on the other core. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Contender } from './contender.ts'

export interface Figures {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Processor time of the proxy for one request, or round trip (µs). */
  readonly cpuUs: number
}

export interface Tools {
  /** Core of whoever asks. */
  readonly core: number
  readonly measuredMs: number
}

const run = promisify(execFile)
const here = import.meta.dirname
const pinned = (core: number, ...command: string[]): readonly [string, string[]] => [
  'taskset',
  ['-c', String(core), ...command],
]

/** Processor time of the process so far, all its threads (ms). */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Resident memory that is nobody else's (bytes). */
function ownBytes(pid: number): number {
  const [, kilobytes = '0'] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1_024
}

/** @throws {Error} when an answer is missing or is an error: a fast failure is no figure. */
export async function requests(
  { port, pid, name }: Contender,
  { core, measuredMs }: Tools,
  load: { readonly path: string; readonly connections: number; readonly routes?: number },
): Promise<Figures> {
  const url = `http://127.0.0.1:${port}${load.path}`
  const wrk = async (ms: number) => {
    const args = ['-t1', `-c${load.connections}`, `-d${Math.max(1, Math.round(ms / 1_000))}s`, '--timeout=10s']
    const script = ['-s', join(here, 'report.lua'), url, '--', String(load.routes ?? 0)]
    const { stdout } = await run(...pinned(core, 'wrk', ...args, ...script))
    return JSON.parse(stdout.slice(stdout.lastIndexOf('{'))) as Record<string, number>
  }
  await wrk(1_000)
  const before = cpuMs(pid)
  const { requests: count = 0, durationUs = 1, p50Us = 0, p99Us = 0, p999Us = 0, errors = 0 } = await wrk(measuredMs)
  const spentMs = cpuMs(pid) - before
  if (errors > 0 || count === 0) throw new Error(`${name}: ${errors} of ${count} requests of ${load.path} failed`)
  return {
    perSecond: (count / durationUs) * 1e6,
    p50Ms: p50Us / 1_000,
    p99Ms: p99Us / 1_000,
    p999Ms: p999Us / 1_000,
    cpuUs: (spentMs * 1_000) / count,
  }
}

export async function echoes({ port, pid }: Contender, { core, measuredMs }: Tools, count: number): Promise<Figures> {
  const before = cpuMs(pid)
  const program = join(here, 'echo-load.ts')
  const args = [process.execPath, program, String(port), String(count), 'echo', String(measuredMs)]
  const { stdout } = await run(...pinned(core, ...args))
  const figures = JSON.parse(stdout) as Omit<Figures, 'cpuUs'>
  return { ...figures, cpuUs: ((cpuMs(pid) - before) * 1_000) / (figures.perSecond * (measuredMs / 1_000)) }
}

/** @returns bytes of the proxy's own memory for each WebSocket that is open and says nothing. */
export async function idleBytes({ port, pid }: Contender, { core }: Tools, count: number): Promise<number> {
  // What the first ones make the proxy load is not theirs.
  const open = async (number: number): Promise<number> => {
    const [file, args] = pinned(
      core,
      process.execPath,
      join(here, 'echo-load.ts'),
      String(port),
      String(number),
      'idle',
    )
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const bytes = ownBytes(pid)
    const ended = once(child, 'exit')
    child.stdin.end()
    await ended
    return bytes
  }
  const few = await open(100)
  return ((await open(count + 100)) - few) / count
}

/** @returns seconds for one transfer of 1 GiB, those of the proxy's processor, and by how much its memory was larger during it (MiB). */
export async function transfer(
  { port, pid }: Contender,
  { core }: Tools,
  args: readonly string[],
  path: string,
): Promise<{ readonly seconds: number; readonly cpuSeconds: number; readonly grownMiB: number }> {
  const [before, cpuBefore] = [ownBytes(pid), cpuMs(pid)]
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, ownBytes(pid))
  }, 50)
  const from = performance.now()
  try {
    const { stdout } = await run(
      ...pinned(
        core,
        'curl',
        '-sS',
        '-f',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code} %{size_download} %{size_upload}',
        ...args,
        `http://127.0.0.1:${port}${path}`,
      ),
    )
    if (!stdout.startsWith('200 ')) throw new Error(stdout)
    const [, down, up] = stdout.split(' ').map(Number)
    if (Math.max(down ?? 0, up ?? 0) !== 2 ** 30) throw new Error(`not all of it: ${stdout}`)
  } finally {
    clearInterval(watch)
  }
  const seconds = (performance.now() - from) / 1_000
  return { seconds, cpuSeconds: (cpuMs(pid) - cpuBefore) / 1_000, grownMiB: (most - before) / 2 ** 20 }
}
