/** Looks what this machine offers to the account that asks. Nothing is changed. */
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { availableParallelism, homedir, hostname, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseDuration } from '../../core/units.ts'
import type { JupyterProgram, Machine, SlurmPartition } from './facts.ts'

const run = promisify(execFile)

/** In order of preference: the first that runs becomes the application. A bare Jupyter Server has no pages of its own, so it is last. */
const jupyterKinds = ['jupyterhub-singleuser', 'jupyter-lab', 'jupyter-notebook', 'jupyter-server'] as const

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

const majorOf = (version: string | null): number => Number.parseInt(version ?? '', 10)

/**
 * Is it the classic notebook (before 7, not built on Jupyter Server)? Single-user servers before 4.0 serve whatever class they are told;
 * without JupyterLab beside them that must be the classic notebook.
 */
async function isClassic(kind: JupyterProgram['kind'], folder: string, version: string): Promise<boolean> {
  if (kind === 'jupyter-notebook') return majorOf(version) < 7
  if (kind !== 'jupyterhub-singleuser' || majorOf(version) >= 4) return false
  if (isProgram(join(folder, 'jupyter-lab'))) return false
  const notebook = join(folder, 'jupyter-notebook')
  return isProgram(notebook) && majorOf(await versionOf(notebook)) < 7
}

/** @param folders where to look, in this order. */
export async function findJupyter(folders: readonly string[]): Promise<readonly JupyterProgram[]> {
  for (const kind of jupyterKinds) {
    for (const folder of folders) {
      const path = join(folder, kind)
      const version = isProgram(path) ? await versionOf(path) : null
      if (version !== null) return [{ kind, path, version, isClassic: await isClassic(kind, folder, version) }]
    }
  }
  return []
}

/** Where programs of the calling account may lie. @param first searched before the PATH, e.g. the virtual environment of an earlier start. */
export function programFolders(first: readonly string[]): readonly string[] {
  const path = (process.env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'))
  return [...new Set([...first, ...path, join(homedir(), '.local/bin'), ...standardPath])]
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
    const all = parsePartitions(stdout)
    const isOpen = await Promise.all(
      all.map(({ name }) =>
        run('sbatch', ['--test-only', `--partition=${name}`, '--time=1', '--wrap=true'], { timeout: 10_000 }).then(
          () => true,
          () => false,
        ),
      ),
    )
    const open = all.filter((_, index) => isOpen[index])
    return open.length > 0 ? open : null
  } catch {
    return null // no Slurm here, or it does not answer
  }
}

/** @param first folders searched before the PATH. */
export async function findMachine(first: readonly string[]): Promise<Machine> {
  const [jupyter, slurm] = await Promise.all([findJupyter(programFolders(first)), findSlurm()])
  return {
    cores: availableParallelism(),
    memoryMiB: Math.floor(totalmem() / 2 ** 20),
    hostName: hostname(),
    jupyter,
    slurm,
  }
}
