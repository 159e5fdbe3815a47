import { readFileSync } from 'node:fs'
import { compareTexts } from './compare-texts.ts'

/** Print the text, or say whether a file holds it: exit status 1 if not. */
export function deliver(text: string, check: string | undefined): void {
  if (check === undefined) {
    process.stdout.write(text)
    return
  }
  let found: string
  try {
    found = readFileSync(check, 'utf8')
  } catch (error) {
    throw new Error(`${check} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  const differences = compareTexts(found, text)
  if (differences.length === 0) return void process.stdout.write(`${check}: as it should be\n`)
  process.stdout.write(`${check}: differs (- what is there, + what should be)\n${differences.join('\n')}\n`)
  process.exitCode = 1
}
