import { resolve } from 'node:path'
import { runRelease } from './run-release.ts'

try {
  await runRelease(resolve(import.meta.dirname, '../..'), process.argv.slice(2))
} catch (error) {
  process.stderr.write(`release: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
