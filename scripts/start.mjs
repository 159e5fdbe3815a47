/**
 * `npm start`: brings the checkout up to date and runs `batchway start` on the Node that comes with it. Plain JavaScript, and what comes
 * before the check of the version in the words of old Nodes, for they are to read it.
 */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const oldestNode = 20

/** Why this machine cannot run it, in words; null if it can. */
export function whyNot(platform, arch, version) {
  if (platform !== 'linux') return `Batchway runs on Linux alone, where batch systems are; this is ${platform}.`
  if (arch !== 'x64' && arch !== 'arm64') return `Batchway runs on x64 and arm64 processors; this is ${arch}.`
  if (Number(version.split('.')[0]) < oldestNode)
    return `Setting up needs Node.js ${oldestNode} or later; this is ${version} (${process.execPath}).`
  return null
}

/** What npm's failure most likely means. */
const npmHelp = [
  'npm says above what failed. If it could not reach its registry: is there a network, and does it need a proxy?',
  '  npm ping',
  '  npm config get registry',
  'If it may not write here: the folder belongs to another account; make a clone of your own.',
].join('\n')

async function main(root) {
  const why = whyNot(process.platform, process.arch, process.versions.node)
  if (why !== null) {
    console.error(`batchway: ${why}`)
    process.exitCode = 1
    return
  }
  const { ensureDependencies } = await import('./setup-node.mjs')
  try {
    ensureDependencies(root, (line) => console.log(line))
  } catch (error) {
    console.error(`batchway: ${error.message}\n${npmHelp}`)
    process.exitCode = 1
    return
  }
  const command = ['--conditions=source', join(root, 'packages/batchway/src/cli/main.ts'), 'start']
  const child = spawn(join(root, 'node_modules/.bin/node'), command.concat(process.argv.slice(2)), { stdio: 'inherit' })
  // The terminal sends these to the child as well; what kill(1) sends to us alone is passed on.
  process.on('SIGINT', () => {})
  process.on('SIGHUP', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code) => {
    process.exitCode = code === null ? 1 : code
  })
}

const self = fileURLToPath(import.meta.url)
if (process.argv[1] === self) main(dirname(dirname(self)))
