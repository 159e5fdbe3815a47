/** The files that the checks look at. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Tracked files and those that are about to be. A machine without git has the clone all the same: then every file but what `.gitignore`
 * names, which in a fresh clone is the same list.
 * @param {string} root
 * @param {string} git the command
 * @returns {string[]} paths below root
 */
export function listFiles(root, git = 'git') {
  const argv = ['-c', `safe.directory=${root}`, 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout, status, error } = spawnSync(git, argv, { cwd: root, encoding: 'utf8' })
  if (error?.code === 'ENOENT') return walk(root, '', readIgnored(root))
  if (error || status !== 0) throw new Error('git ls-files failed: the checks need a git clone')
  return stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)))
}

/** The plain patterns of `.gitignore`: a name or `*.ending` anywhere, or a path from the root. @returns {(path: string) => boolean} */
function readIgnored(root) {
  const patterns = readFileSync(join(root, '.gitignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const words = line.replace(/^\/|\/$/g, '').replace(/[.+^$()[\]{}|\\]/g, '\\$&')
      return new RegExp(`${line.startsWith('/') ? '^' : '(^|/)'}${words.replaceAll('*', '[^/]*')}$`)
    })
  return (path) => path === '.git' || patterns.some((pattern) => pattern.test(path))
}

function walk(root, folder, isIgnored) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .map((entry) => ({ path: join(folder, entry.name), isFolder: entry.isDirectory() }))
    .filter(({ path }) => !isIgnored(path))
    .flatMap(({ path, isFolder }) => (isFolder ? walk(root, path, isIgnored) : [path]))
    .sort()
}
