/** Looks what this machine offers to the account that asks. Nothing is changed. */
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { availableParallelism, homedir, hostname, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseDuration } from '../../core/units.ts'
import type { JupyterProgram, Machine, SlurmPartition } from './facts.ts'

const run = promisify(execFile)

/** In order of preference: the first that runs becomes the application. */
const jupyterKinds = ['jupyterhub-singleuser', 'jupyter-lab', 'jupyter-server', 'jupyter-notebook'] as const

const standardPath = ['/usr/local/bin', '/usr/bin', '/bin', '/opt/conda/bin']

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function versionOf(path: string): Promise<string | null> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 60_000 })
    return stdout.trim().split('\n').at(-1) ?? ''
  } catch {
    return null // a broken installation is as good as none
  }
}

/** Single-user servers before 4.0 serve whatever class they are told; without JupyterLab that must be the classic notebook. */
async function isClassic(kind: JupyterProgram['kind'], folder: string, version: string): Promise<boolean> {
  if (kind !== 'jupyterhub-singleuser' || Number.parseInt(version, 10) >= 4) return false
  if (isProgram(join(folder, 'jupyter-lab'))) return false
  const notebook = join(folder, 'jupyter-notebook')
  return isProgram(notebook) && Number.parseInt((await versionOf(notebook)) ?? '', 10) < 7
}

/** @param folders searched before the PATH, e.g. the virtual environment that an earlier start made. */
export async function findJupyter(folders: readonly string[]): Promise<readonly JupyterProgram[]> {
  const path = (process.env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'))
  const all = [...new Set([...folders, ...path, join(homedir(), '.local/bin'), ...standardPath])]
  const found: JupyterProgram[] = []
  for (const kind of jupyterKinds) {
    for (const folder of all) {
      const program = join(folder, kind)
      const version = isProgram(program) ? await versionOf(program) : null
      if (version === null) continue
      found.push({ kind, path: program, version, isClassic: await isClassic(kind, folder, version) })
      break
    }
    if (found.length > 0) break // the best is enough: each look starts a Python
  }
  return found
}

/** `sinfo -h -o '%P|%l|%c|%m|%a'`: a star marks the default partition, a plus "at least" where nodes differ. */
export function parsePartitions(text: string): readonly SlurmPartition[] {
  const found = new Map<string, SlurmPartition>()
  for (const line of text.split('\n')) {
    const [label = '', limit = '', cores = '', memory = '', up = ''] = line.split('|')
    const name = label.replace(/\*$/, '')
    if (!/^[\w.-]+$/.test(name) || up.trim() !== 'up' || found.has(name)) continue
    found.set(name, {
      name,
      isDefault: label.endsWith('*'),
      maxWallSeconds: /^\d+(:\d+)?$/.test(limit) ? parseDuration(`0:${limit}`) : parseDuration(limit),
      cores: Number.parseInt(cores, 10) || 1,
      memoryMiB: Number.parseInt(memory, 10) || 1_024,
    })
  }
  return [...found.values()].sort((a, b) => Number(b.isDefault) - Number(a.isDefault))
}

/** Partitions to which this account may submit now: `sbatch --test-only` asks without submitting. */
async function findSlurm(): Promise<readonly SlurmPartition[] | null> {
  try {
    const { stdout } = await run('sinfo', ['--noheader', '--format=%P|%l|%c|%m|%a'], { timeout: 10_000 })
    const open: SlurmPartition[] = []
    for (const partition of parsePartitions(stdout)) {
      const test = ['--test-only', `--partition=${partition.name}`, '--time=1', '--wrap=true']
      const isOpen = await run('sbatch', test, { timeout: 10_000 }).then(
        () => true,
        () => false,
      )
      if (isOpen) open.push(partition)
    }
    return open.length > 0 ? open : null
  } catch {
    return null // no Slurm here, or it does not answer
  }
}

export async function findMachine(folders: readonly string[]): Promise<Machine> {
  const [jupyter, slurm] = await Promise.all([findJupyter(folders), findSlurm()])
  return {
    cores: availableParallelism(),
    memoryMiB: Math.floor(totalmem() / 2 ** 20),
    hostName: hostname(),
    jupyter,
    slurm,
  }
}
