import { readFileSync } from 'node:fs'

/** A process that nobody has waited for yet is dead too: its starter may be stopped. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}
