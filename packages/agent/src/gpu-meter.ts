import { execFile } from 'node:child_process'
import { findCommand } from './find-command.ts'
import type { GpuUsage } from './protocol.ts'

/** Runs a program to its end. @returns its standard output; null if it failed or took too long. */
export type RunProgram = (file: string, args: readonly string[]) => Promise<string | null>

/** A driver in trouble makes nvidia-smi hang. */
const limitMs = 10_000
/** What has failed so often in a row will go on failing. */
const mostFailures = 3

const runProgram: RunProgram = (file, args) =>
  new Promise((resolve) => {
    const options = { timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 65_536, env: { LC_ALL: 'C' } } as const
    execFile(file, args, options, (error, stdout) => resolve(error ? null : stdout))
  })

/**
 * Which GPUs are the job's: all schedulers that hand some out name them in `CUDA_VISIBLE_DEVICES`, by number or by UUID.
 * Empty where it has none, or they are not told: then those of others are on the node.
 */
export function jobGpus(environment: Readonly<Record<string, string | undefined>>): string[] {
  const ids = (environment.CUDA_VISIBLE_DEVICES ?? '').split(',').map((id) => id.trim())
  return ids.every((id) => /^(?:\d{1,3}|GPU-[0-9a-f-]{4,40})$/i.test(id)) ? ids : []
}

/** `[N/A]` and `[Not Supported]` stand where a GPU does not tell. @see nvidia-smi(1), `--query-gpu` with `csv,noheader,nounits` */
export function parseGpuUse(text: string): GpuUsage[] {
  const number = (cell = ''): number | null => (/^\s*\d+(?:\.\d+)?\s*$/.test(cell) ? Number(cell) : null)
  const bytes = (mebibytes: number | null): number | null => (mebibytes === null ? null : mebibytes * 2 ** 20)
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [percent, used, total] = line.split(',').map(number)
      return { percent: percent ?? null, memoryBytes: bytes(used ?? null), memoryTotalBytes: bytes(total ?? null) }
    })
}

/**
 * Asks for the use of the job's GPUs, where `nvidia-smi` is there to tell. Each call begins another question, unless one is under way,
 * and returns what the last one brought; undefined as long as nothing is known.
 */
export function openGpuMeter(
  environment: Readonly<Record<string, string | undefined>>,
  run: RunProgram = runProgram,
): () => readonly GpuUsage[] | undefined {
  const ids = jobGpus(environment)
  const program = ids.length === 0 ? null : findCommand('nvidia-smi', environment.PATH ?? '', '/')
  if (program === null) return () => undefined
  const query = '--query-gpu=utilization.gpu,memory.used,memory.total'
  const args = [`--id=${ids.join(',')}`, query, '--format=csv,noheader,nounits']
  let last: readonly GpuUsage[] | undefined
  let failures = 0
  let isAsking = false

  async function ask(): Promise<void> {
    const text = await run(program ?? '', args)
    const found = text === null ? [] : parseGpuUse(text)
    // Fewer than the job has are not its use.
    last = found.length === ids.length ? found : undefined
    failures = last === undefined ? failures + 1 : 0
  }

  return () => {
    if (!isAsking && failures < mostFailures) {
      isAsking = true
      void ask().finally(() => {
        isAsking = false
      })
    }
    return last
  }
}
