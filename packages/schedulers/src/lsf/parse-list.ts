import { type JobList, type JobStatus, type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'
import { readRecord } from './read-record.ts'

/**
 * Read `bjobs -json`. The document says how many records it has: with another number of them, or two of one job, somebody's job name may
 * have written some, and nobody's end is believed.
 * @throws {SchedulerError} `unavailable` if bjobs failed, `unreadable` if nothing of its answer can be read.
 */
export function parseList({ exitCode, stdout, stderr }: Output): JobList {
  if (isNoAnswer(stderr)) throw unavailable(stderr, exitCode)
  // With no job to tell of, releases differ in status and stream.
  if (/^\s*No (?:unfinished |matching )?job found\.?\s*$/i.test(`${stdout}\n${stderr}`))
    return { complete: true, jobs: [] }
  if (exitCode !== 0) throw unavailable(stderr || stdout, exitCode)
  const records = parseJson(stdout)
  if (records === null) return salvage(stdout)
  const { jobs, isWhole } = unambiguous(records.jobs.map(readRecord))
  return records.count === records.jobs.length
    ? { complete: isWhole, jobs }
    : { complete: false, jobs: jobs.map(withoutEnd) }
}

const unavailable = (text: string, exitCode: number): SchedulerError =>
  new SchedulerError('unavailable', wordsOf(text) || `bjobs ended with exit code ${exitCode}`)

/** @returns null if this is no JSON, or not of bjobs. */
function parseJson(text: string): { readonly count: number; readonly jobs: readonly unknown[] } | null {
  try {
    const document: unknown = JSON.parse(text)
    if (typeof document !== 'object' || document === null) return null
    const { COMMAND, JOBS, RECORDS } = Object.fromEntries(Object.entries(document))
    if (COMMAND !== 'bjobs' || !Array.isArray(RECORDS)) return null
    return { count: Number(JOBS), jobs: RECORDS }
  } catch {
    return null
  }
}

/** Two records that claim one id prove nothing about it. */
function unambiguous(records: readonly (JobStatus | null)[]): {
  readonly jobs: JobStatus[]
  readonly isWhole: boolean
} {
  const found = new Map<string, JobStatus>()
  for (const job of records) if (job !== null) found.set(job.id, found.has(job.id) ? unsure(job) : job)
  return { jobs: [...found.values()], isWhole: found.size === records.length }
}

/** A record as bjobs lays it out. */
const block = /^ {4}\{\n((?: {6}"[A-Z_]{1,40}":".*",?\n){1,40}) {4}\}/gm

/**
 * A document that is no JSON: cut off, or with a name or a reason that was written down as it stood. Records that can be read by themselves
 * are, but none of them is evidence of an end.
 */
function salvage(text: string): JobList {
  if (!/^\s*\{\s*"COMMAND":"bjobs"/.test(text))
    throw new SchedulerError('unreadable', 'bjobs printed something that is no list')
  const records = [...text.matchAll(block)].map(([, lines = '']) => readRecord(readLines(lines)))
  return { complete: false, jobs: unambiguous(records).jobs.map(withoutEnd) }
}

function readLines(lines: string): object {
  const cells = [...lines.matchAll(/^ {6}"([A-Z_]{1,40})":"(.*)",?$/gm)]
  // A key that stands there twice is read as nobody's: the record has no such value.
  const keys = cells.map(([, key]) => key)
  return Object.fromEntries(
    cells
      .filter(([, key]) => keys.indexOf(key) === keys.lastIndexOf(key))
      .map(([, key = '', value = '']) => [key, value]),
  )
}

const withoutEnd = (job: JobStatus): JobStatus => (job.phase === 'ended' ? unsure(job) : job)

function unsure({ end: _end, host: _host, wait: _wait, reason: _reason, ...job }: JobStatus): JobStatus {
  return { ...job, phase: 'unknown' }
}
