/** `npm run release`: makes the archive that sites install. Plain JavaScript for whatever Node (20 or later) the machine has. */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { ensureDependencies } from './setup-node.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
try {
  ensureDependencies(root, (line) => console.error(line))
  const program = ['--conditions=source', '--no-warnings', join(root, 'scripts/release/main.ts')]
  const { status, error } = spawnSync(join(root, 'node_modules/.bin/node'), [...program, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  if (error) throw error
  process.exitCode = status ?? 1
} catch (error) {
  console.error(`release: ${error.message}`)
  process.exitCode = 1
}
