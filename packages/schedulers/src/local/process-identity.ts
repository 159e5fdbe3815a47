/** Which process a pid means: a pid alone may be reused, a pid with its start time and the machine's boot may not. Linux only. */
import { readFileSync } from 'node:fs'

/** A process, so that no later process can be taken for it. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks after boot (field 22 of `/proc/PID/stat`), as text since it may exceed 2^53. */
  readonly startTicks: string
  readonly bootId: string
}

export interface ProcessStat {
  readonly pid: number
  readonly parent: number
  readonly session: number
  /** One letter; `Z` and `X` are dead. */
  readonly state: string
  readonly startTicks: string
}

export type ReadText = (path: string) => string | null

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null // the process is gone, or /proc hides it
  }
}

/** Identifies this boot of the kernel. @see random(4), `/proc/sys/kernel/random/boot_id` */
export const readBootId = (readText: ReadText = read): string =>
  readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''

/** Parse `/proc/PID/stat`. The command in parentheses may hold blanks and parentheses, so we start behind the last one. @see proc(5) */
export function parseStat(text: string): ProcessStat | null {
  const pid = Number.parseInt(text, 10)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent, , session] = fields
  const startTicks = fields[19]
  if (!Number.isInteger(pid) || state === undefined || startTicks === undefined) return null
  return { pid, state, parent: Number(parent), session: Number(session), startTicks: startTicks.trim() }
}

/** @returns null if there is no such process (any more). */
export function readStat(pid: number, readText: ReadText = read): ProcessStat | null {
  const text = readText(`/proc/${pid}/stat`)
  return text === null ? null : parseStat(text)
}

/** A zombie does nothing any more, and where nobody reaps (a container without an init) it stays for ever. */
const isDead = ({ state }: ProcessStat): boolean => state === 'Z' || state === 'X'

/** @returns null if there is no such process. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const stat = readStat(pid)
  return stat && { pid, startTicks: stat.startTicks, bootId: readBootId() }
}

/** Does this very process still run? A zombie does not. */
export function isAlive(process: ProcessIdentity, bootId = readBootId()): boolean {
  if (process.bootId !== bootId) return false
  const stat = readStat(process.pid)
  return stat !== null && stat.startTicks === process.startTicks && !isDead(stat)
}

/** What makes a pid unmistakable, as one text: boot id and start time. @returns null if there is no such process, or only its zombie. */
export function processStart(pid: number, readText: ReadText = read): string | null {
  const stat = readStat(pid, readText)
  return stat === null || isDead(stat) ? null : `${readBootId(readText)}/${stat.startTicks}`
}

/** @param start what `processStart` said when the process was known: the pid alone is no evidence, it may be anybody's by now. */
export const isProcessAlive = (pid: number, start: string, readText: ReadText = read): boolean =>
  processStart(pid, readText) === start

/** Narrow JSON to an identity. */
export function toProcessIdentity(value: unknown): ProcessIdentity | null {
  if (typeof value !== 'object' || value === null) return null
  const { pid, startTicks, bootId } = value as Record<string, unknown>
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 1) return null
  if (typeof startTicks !== 'string' || typeof bootId !== 'string') return null
  return { pid, startTicks, bootId }
}
