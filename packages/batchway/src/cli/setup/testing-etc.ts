/** Another /etc for programs in a mount namespace of their own. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What changes while the program runs, and is to be seen by it. */
const live = ['sudoers.d', 'slurm']

/**
 * A copy of the whole folder, since a file that is mounted over a single one of it comes off as soon as anybody replaces that one: as
 * useradd(8) does with passwd, in whatever namespace.
 * @param folder where the copy is put; others must not be able to write there.
 * @param texts of files of /etc that are to be others; they keep their modes.
 * @returns commands of sh that cover /etc, to be run in the namespace.
 */
export function coverEtc(folder: string, texts: Readonly<Record<string, string>>): string {
  const copy = join(folder, 'etc')
  execFileSync('cp', ['-a', '/etc', copy])
  chmodSync(copy, 0o755)
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(copy, name), text)
  const binds = live
    .filter((name) => existsSync(join(copy, name)))
    .map((name) => `mount --bind /etc/${name} ${join(copy, name)}`)
  return [...binds, `mount --rbind ${copy} /etc`].join(' && ')
}
