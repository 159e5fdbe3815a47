/** For this folder's tests: a scheduler with real processes in a directory of its own, asked through the driver as the hub would. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Command, JobId, JobList, JobStatus, Output } from '../driver.ts'
import { until } from '../testing-until.ts'
import { local } from './local.ts'
import { findScheduler, type StartOptions, startLocalScheduler } from './start-local-scheduler.ts'

export const me = userInfo().username

/** Run a command to its end. Never rejects for its exit code. */
export const run = ({ file, args, stdin }: Pick<Command, 'file' | 'args' | 'stdin'>): Promise<Output> =>
  new Promise((resolve) => {
    const child = execFile(file, args, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ exitCode: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(stdin)
  })

export interface Ask {
  readonly name?: string
  readonly account?: string
  readonly cores?: number
  readonly memoryMiB?: number
  readonly gpus?: number
  readonly wallSeconds?: number
  readonly workdir?: string
  readonly outputPath?: string
}

/** What tests do to one scheduler, whoever runs it. `as` puts words before each client's argv. */
export function client(
  folder: string,
  state: string,
  as: readonly string[] = [],
  program?: { node: string; program: string },
) {
  const site = local.settings.parse({ state, ...program })
  const call = (command: Command) => {
    const [file = command.file, ...args] = [...as, command.file, ...command.args]
    return run({ file, args, ...(command.stdin !== undefined && { stdin: command.stdin }) })
  }
  const submitCommand = (script: string, ask: Ask = {}): Command => {
    const { name = 'test', account = me, workdir = folder, outputPath = join(folder, 'out-%j') } = ask
    const { cores = 1, memoryMiB = 200, gpus = 0, wallSeconds = 300 } = ask
    const resources = { cores, memoryMiB, gpus, wallSeconds }
    const job = { name, account, script: `#!/bin/sh\n${script}\n`, resources, workdir, outputPath, requeue: false }
    return local.submit({ ...job, options: {} }, site)
  }
  const list = async (): Promise<JobList> => local.parseList(await call(local.list(site)))
  const find = async (id: JobId): Promise<JobStatus | undefined> => (await list()).jobs.find((job) => job.id === id)
  return {
    call,
    submitCommand,
    submit: async (script: string, ask?: Ask): Promise<JobId> =>
      local.parseSubmit(await call(submitCommand(script, ask))),
    list,
    find,
    cancel: async (id: JobId): Promise<boolean> => local.parseCancel(await call(local.cancel(id, site))),
    history: async (...ids: JobId[]) => {
      assert(local.history)
      return local.history.parse(await call(local.history.command(ids, site)))
    },
    historyByName: async (...names: string[]) => {
      assert(local.historyByName)
      return local.historyByName.parse(await call(local.historyByName.command(names, 0, site)))
    },
    availability: async () => {
      assert(local.availability)
      return local.availability.parse(await call(local.availability.command(site)))
    },
    running: (id: JobId) => until(`${id} runs`, async () => (await find(id))?.phase === 'running'),
    ended: async (id: JobId) => {
      const job = await until(`${id} ended`, async () => {
        const found = await find(id)
        return found?.phase === 'ended' ? found : null
      })
      assert(job.end)
      return job.end
    },
    output: (id: JobId): string => readFileSync(join(folder, `out-${id}`), 'utf8'),
  }
}

/** A scheduler of our own user. Disposing it ends its jobs, the scheduler and its files. */
export async function localBed(options: Partial<StartOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bw-local-'))
  const state = join(folder, 'state')
  const start = () =>
    startLocalScheduler({ cores: 4, slots: 4, memoryMiB: 4_096, graceSeconds: 1, allowRoot: true, ...options, state })
  let { pid } = await start()
  const bed = client(folder, state)
  const crash = async (): Promise<void> => {
    process.kill(pid, 'SIGKILL')
    await until('the scheduler is dead', () => !isThere(pid))
  }
  return {
    ...bed,
    folder,
    state,
    pid: () => pid,
    /** `kill -9` of the scheduler alone. */
    crash,
    restart: async (): Promise<void> => {
      pid = (await start()).pid
    },
    async [Symbol.asyncDispose]() {
      if ((await findScheduler(state)) === null) pid = (await start()).pid
      for (const job of (await bed.list()).jobs) if (job.phase !== 'ended') await bed.cancel(job.id)
      await until('all jobs ended', async () => (await bed.list()).jobs.every(({ phase }) => phase === 'ended'))
      await crash()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Is there a process of this pid, zombies left aside? */
export function isThere(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

/** The pids a script wrote into a file, one per line; null until there are as many as expected. */
export function readPids(path: string, expected: number): number[] | null {
  try {
    // What follows the last line break is not written to its end.
    const pids = readFileSync(path, 'latin1').split('\n').slice(0, -1).map(Number)
    return pids.length >= expected ? pids : null
  } catch {
    return null
  }
}
