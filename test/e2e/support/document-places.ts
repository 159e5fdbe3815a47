/**
 * The places that documents name, for documents that are run beside a Slurm of their own: the checkout is `/opt/batchway`, and what a site
 * writes comes into folders of this run, which cover the machine's for the processes in these namespaces alone.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { isBesideOwnSlurm, runBesideOwnSlurm } from './own-slurm.ts'

const root = resolve(import.meta.dirname, '../../..')
const checkout = '/opt/batchway'

/**
 * The test file again, beside a Slurm of its own.
 * @param places that it covers, and that a machine may not have. They stay, empty: to remove a folder takes away what covers it, also in
 * the namespaces of another run.
 */
export async function runWithPlaces(file: string, places: readonly string[] = []): Promise<void> {
  for (const place of [checkout, ...places]) mkdirSync(place, { recursive: true })
  await runBesideOwnSlurm(file)
}

/** @param folders that begin empty, or, after `copyOf`, as the machine's. */
export function takePlaces(folders: readonly (string | { readonly copyOf: string })[]): void {
  if (!isBesideOwnSlurm) throw new Error('this would cover folders of the machine')
  execFileSync('mount', ['--bind', root, checkout])
  for (const one of folders) {
    const place = typeof one === 'string' ? one : one.copyOf
    mkdirSync(place, { recursive: true })
    if (typeof one === 'string') execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', place])
    else {
      // Bound by its new name first: the copy is made from what it then covers.
      const copy = execFileSync('mktemp', ['-d', '/run/batchway-place-XXXXXX'], { encoding: 'utf8' }).trim()
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', copy])
      execFileSync('cp', ['-a', `${place}/.`, copy])
      execFileSync('mount', ['--move', copy, place])
      rmdirSync(copy)
    }
  }
}
