import { type JobStatus, toJobId } from '../driver.ts'
import { toMiB, toSeconds } from '../pbs/read-record.ts'
import type { XmlElement } from '../read-xml.ts'
import { readComment, readEnd, readState } from './states.ts'

/** `7.server`, `7` (without its suffix), `7[].server`, `7[4].server`, `7-4.server` (Torque 2). */
const jobId = /^\d{1,18}(?:\[\d*\]|-\d+)?(?:\.[\w.-]{1,100})?$/

type Attributes = ReadonlyMap<string, XmlElement>

/** @returns null if an attribute stands there twice: then none of them can be believed. */
function attributesOf(element: XmlElement | undefined): Attributes | null {
  const children = element?.children ?? []
  const found = new Map(children.map((child) => [child.name, child]))
  return found.size === children.length ? found : null
}

/** Read one `<Job>` of `qstat -x`. @returns null for what is no record of a job. */
export function readRecord(element: XmlElement): JobStatus | null {
  const job = element.name === 'Job' ? attributesOf(element) : null
  if (job === null) return null
  const [asked, used] = [attributesOf(job.get('Resource_List')), attributesOf(job.get('resources_used'))]
  const text = (name: string): string | undefined => job.get(name)?.text
  const [id = '', name, state, owner] = ['Job_Id', 'Job_Name', 'job_state', 'Job_Owner'].map(text)
  if (!jobId.test(id) || name === undefined || state === undefined || owner === undefined) return null
  if (asked === null || used === null) return null
  const [exit, endedAt] = [toWhole(text('exit_status')), toTime(text('comp_time'))]
  const known = readState(state)
  // One changed letter must not end a job: a job that has ended says when, or how.
  const phase = known === 'ended' && exit === null && endedAt === undefined ? 'unknown' : known
  const comment = plain(text('comment') ?? '')
  const [submittedAt, startedAt] = [toTime(text('ctime')), toTime(text('start_time'))]
  const host = hostOf(text('exec_host'))
  const limit = toSeconds(asked.get('walltime')?.text)
  const memory = toMiB(used.get('mem')?.text)
  const isWaiting = phase === 'pending' || phase === 'held'
  const queue = plain(text('queue') ?? '')
  return {
    id: toJobId(id),
    name: plain(name),
    owner: plain(owner.replace(/@.*$/s, '')),
    phase,
    rawState: plain(state),
    // Torque counts starts, but tells the job nothing of it: a claim could not name its number.
    restarts: 0,
    ...(queue !== '' && { partition: queue }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(isWaiting && {
      wait: phase === 'held' ? 'held' : readComment(comment),
      ...(comment !== '' && { reason: comment }),
    }),
    ...(!isWaiting && phase !== 'unknown' && startedAt !== undefined && { startedAt }),
    ...((phase === 'running' || phase === 'ending' || phase === 'paused') && host !== undefined && { host }),
    ...(phase === 'running' && startedAt !== undefined && limit !== undefined && { endsAt: startedAt + limit * 1000 }),
    ...(phase === 'ended' && {
      end: {
        ...readEnd(exit),
        words: exit === null ? comment || 'completed' : `exit_status ${exit}`,
        ...(startedAt !== undefined && { startedAt }),
        ...(endedAt !== undefined && { endedAt }),
        ...(host !== undefined && { host }),
        ...(memory !== undefined && memory > 0 && { maxMemoryMiB: memory }),
      },
    }),
  }
}

const plain = (text: string): string => text.replace(/[\x00-\x1f\x7f]/g, '\ufffd').slice(0, 2_000)

/** The first node of `n0163/2,7,10-11+n0205/0-11`, which runs the script. */
const hostOf = (text = ''): string | undefined => /^([\w.-]{1,255})\/\d/.exec(text)?.[1]

/** Unix seconds → milliseconds. */
export function toTime(text = ''): number | undefined {
  return /^\d{9,11}$/.test(text) ? Number(text) * 1000 : undefined
}

const toWhole = (text = ''): number | null => (/^-?\d{1,9}$/.test(text) ? Number(text) : null)
