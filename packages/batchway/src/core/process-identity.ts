/** Which process a pid means: a pid alone may be reused, a pid with its start time and the machine's boot may not. Linux only. */
import { readFileSync } from 'node:fs'

export type ReadText = (path: string) => string | null

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null // the process is gone, or /proc hides it
  }
}

/**
 * @returns boot id and start time (field 22 of /proc/PID/stat, see proc(5)), or null if there is no such process. A zombie is
 * none: it does nothing any more, and where nobody reaps (a container without an init) it stays for ever.
 */
export function processStart(pid: number, readText: ReadText = read): string | null {
  const stat = readText(`/proc/${pid}/stat`)
  // The command name may hold blanks and brackets: fields are counted after the last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields?.[0], fields?.[19]]
  if (start === undefined || state === 'Z' || state === 'X') return null
  return `${readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}/${start}`
}

/** @param start what `processStart` said when the process was known: the pid alone is no evidence, it may be anybody's by now. */
export const isProcessAlive = (pid: number, start: string, readText: ReadText = read): boolean =>
  processStart(pid, readText) === start
