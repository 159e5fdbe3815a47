/** `npm start`: brings the checkout up to date and runs `batchway start` on the Node that comes with it. Plain JavaScript for any Node from 20 on. */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { ensureDependencies } from './setup-node.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
ensureDependencies(root, (line) => console.log(line))
const command = ['--conditions=source', join(root, 'packages/batchway/src/cli/main.ts'), 'start']
const child = spawn(join(root, 'node_modules/.bin/node'), [...command, ...process.argv.slice(2)], { stdio: 'inherit' })
process.on('SIGINT', () => {}) // the terminal sends it to the child as well
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
