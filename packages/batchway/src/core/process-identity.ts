/** Which process a pid means: a pid alone may be reused, a pid with its start time and the machine's boot may not. Linux only. */
import { readFileSync } from 'node:fs'

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null // the process is gone, or /proc hides it
  }
}

const bootId = (): string => read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''

/** @returns boot id and start time (field 22 of /proc/PID/stat, see proc(5)), or null if there is no such process. */
export function processStart(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`)
  // The command name may hold blanks and brackets: fields are counted after the last one.
  const start = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return start === undefined ? null : `${bootId()}/${start}`
}

/** @param start what `processStart` said when the process was known; null if it was never read (then the pid alone counts). */
export function isProcessAlive(pid: number, start: string | null): boolean {
  const now = processStart(pid)
  return now !== null && (start === null || now === start)
}
