import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseRules, type Rules } from './parse-rules.ts'

/**
 * Whoever writes the rules decides what the gateway's key is good for.
 * @throws {Error} with words: not there, others may write it, or not to be understood.
 */
export function readRules(path: string, uid = process.getuid?.() ?? 0): Rules {
  for (const place of [path, dirname(path)]) {
    const found = statSync(place, { throwIfNoEntry: false })
    if (!found)
      throw new Error(`${place} is missing: "batchway setup login-node rules" on the gateway prints what belongs there`)
    // A folder such as /tmp, where everybody writes and nobody takes away what is another's, is as good.
    const isSticky = found.isDirectory() && (found.mode & 0o1000) !== 0
    if ((found.uid !== 0 && found.uid !== uid) || ((found.mode & 0o022) !== 0 && !isSticky))
      throw new Error(`${place} must belong to root and be writable by root alone`)
  }
  try {
    return parseRules(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
