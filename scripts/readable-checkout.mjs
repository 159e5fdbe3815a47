/** Several accounts run parts of the checkout in the tests. One that they cannot reach, as in root's home, is copied to where they can. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'

/** @returns {boolean} may everybody walk from `/` to this folder, and read it? */
function isReadableByAll(folder) {
  if ((statSync(folder).mode & 0o005) !== 0o005) return false
  for (let at = dirname(folder); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

/**
 * Returns if the checkout is readable; otherwise runs the same script and arguments in a copy, removes it, and exits with its status.
 * @param {string} root
 * @param {string} script path below root
 * @param {(line: string) => void} say
 */
export function continueWhereAllCanRead(root, script, say) {
  if (isReadableByAll(root)) return
  const folder = mkdtempSync('/var/tmp/batchway-checkout-')
  const remove = () => rmSync(folder, { recursive: true, force: true })
  let status = 1
  // A terminal's Ctrl-C reaches the run in the copy as well, which takes down what it started; the copy goes after it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
  try {
    say(`Other accounts cannot read ${root}: running from a copy, ${folder}`)
    const run = (file, ...args) => {
      const result = spawnSync(file, args, { stdio: ['ignore', 'inherit', 'inherit'] })
      if (result.error || result.status !== 0) throw new Error(`${file} ${args.join(' ')} failed`)
    }
    run('cp', '-a', '--reflink=auto', `${root}/.`, folder)
    run('chmod', '-R', 'a+rX', folder)
    chmodSync(folder, 0o755)
    const child = spawnSync(process.execPath, [join(folder, script), ...process.argv.slice(2)], {
      cwd: folder,
      stdio: 'inherit',
    })
    if (child.error) throw child.error
    status = child.status ?? 1
  } finally {
    remove()
  }
  process.exit(status)
}
