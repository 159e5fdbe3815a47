/** `node scripts/setup-tests.mjs [--yes | --no-install]`: the system packages that the tests need. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { ensurePackages, parseList } from './setup-packages.mjs'

/**
 * @param {{ consent: 'ask' | 'yes' | 'no', say: (line: string) => void, only?: (name: string) => boolean }} options
 */
export async function ensureTestPackages({ consent, say, only = () => true }) {
  const names = parseList(readFileSync(new URL('../testbench/packages.txt', import.meta.url), 'utf8')).filter(only)
  await ensurePackages({ names, what: 'The test bench', consent, say })
}

/** What the command line and the environment say about installing. */
export function readConsent(args, env) {
  if (args.includes('--no-install')) return 'no'
  return args.includes('--yes') || ['1', 'true'].includes(env.CI ?? '') ? 'yes' : 'ask'
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const say = (line) => console.log(line)
  try {
    await ensureTestPackages({ consent: readConsent(process.argv.slice(2), process.env), say })
    say('All packages of the test bench are installed.')
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
