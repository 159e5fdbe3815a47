/**
 * From a fresh clone to the project's own Node: installs the npm dependencies if they are missing or not those of the lock file, then
 * starts the calling script again under the Node they bring. Plain JavaScript for whatever Node (20 or later) the machine has.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const projectNode = (root) => join(root, 'node_modules', '.bin', 'node')

/** @returns {Record<string, {version?: string, optional?: boolean, link?: boolean}>} */
function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {}
  } catch {
    return {}
  }
}

/**
 * Compares the lock file with what npm says it installed (`node_modules/.package-lock.json`). Optional packages may be absent: npm
 * leaves out those of other platforms.
 * @param {string} root
 * @returns {string[]} what differs; empty if nothing is to do
 */
function findOutdated(root) {
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'))
  const wanted = readLock(join(root, 'package-lock.json'))
  const wrong = Object.entries(wanted)
    .filter(([path, entry]) => path.startsWith('node_modules/') && !entry.link)
    .filter(([path, entry]) => {
      if (!installed[path]) return !entry.optional
      return installed[path].version !== entry.version || !existsSync(join(root, path))
    })
    .map(([path]) => path)
  if (!existsSync(projectNode(root))) wrong.push('node_modules/.bin/node')
  return wrong
}

/**
 * @param {string} root
 * @param {(line: string) => void} say
 */
export function ensureDependencies(root, say) {
  const outdated = findOutdated(root)
  if (outdated.length === 0) return
  say(`Installing npm packages (${outdated.length} missing or changed): npm ci --ignore-scripts`)
  const { status, error } = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error || status !== 0)
    throw new Error(`npm ci failed${error ? `: ${error.message}` : ` with exit status ${status}`}`)
  if (!existsSync(projectNode(root)))
    throw new Error(`npm brought no Node for ${process.platform} ${process.arch}: Batchway runs on Linux x64 and arm64`)
}

/**
 * Returns if this process already is the project's Node; otherwise runs the same script and arguments under it and exits with its status.
 * @param {string} root
 */
export function continueUnderProjectNode(root) {
  const wanted = readLock(join(root, 'package-lock.json'))[`node_modules/node-linux-${process.arch}`]?.version
  if (process.versions.node === wanted) return
  if (process.env.BATCHWAY_NODE_CHOSEN)
    throw new Error(`node_modules/.bin/node is ${process.version}, the lock file says ${wanted}`)
  const child = spawnSync(projectNode(root), process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, BATCHWAY_NODE_CHOSEN: '1' },
  })
  if (child.error) throw child.error
  process.exit(child.status ?? 1)
}
