import { type JobId, type JobStatus, type Output, SchedulerError, toJobId } from '../driver.ts'
import { toSeconds, toTime } from './amounts.ts'
import { isNoAnswer, wordsOf } from './answer.ts'
import { readEnd } from './states.ts'

/**
 * Read `qacct -j ID`. A job has a record for each of its runs; the last one counts. Nothing is there of a job that was deleted before it ran.
 * @throws {SchedulerError} `unavailable` if the accounts could not be read.
 */
export const parseHistory = (output: Output): ReadonlyMap<JobId, JobStatus> =>
  new Map(readRecords(output).map((job) => [job.id, job]))

/** Read `qacct -j NAME`: those jobs of this name that have ended. @throws {SchedulerError} `unavailable` */
export const parseHistoryByName = (output: Output): readonly JobStatus[] =>
  [...parseHistory(output).values()].filter(({ phase }) => phase === 'ended')

function readRecords({ exitCode, stdout, stderr }: Output): readonly JobStatus[] {
  if (exitCode !== 0) {
    const words = wordsOf(stderr)
    // "No jobs running since startup": there is no file of accounts yet.
    const isUnknown = /^(?:error: )?job (?:id|name) .* not found$|^no jobs running since startup$/m.test(
      `${stdout}\n${stderr}`,
    )
    if (isUnknown && !isNoAnswer(stderr)) return []
    throw new SchedulerError('unavailable', words || `qacct ended with exit code ${exitCode}`)
  }
  return stdout
    .split(/^={20,}\n/m)
    .slice(1)
    .flatMap((text) => readBlock(text) ?? [])
}

/** The first and the last line that count, as qacct prints them: a block that was cut off, or begun by somebody's text, lacks one. */
const firstKey = 'qname'
const lastKey = 'category'

function readBlock(text: string): JobStatus | null {
  const lines = text.split('\n').flatMap((line) => {
    const [, key, value] = /^([a-z_]{1,20}) +(.*)$/.exec(line) ?? []
    return key === undefined || value === undefined ? [] : [[key, value.trim()] as const]
  })
  const keys = lines.map(([key]) => key)
  if (keys[0] !== firstKey || !keys.includes(lastKey) || new Set(keys).size !== keys.length) return null
  return readRecord(new Map(lines))
}

function readRecord(record: ReadonlyMap<string, string>): JobStatus | null {
  const value = (key: string): string => record.get(key) ?? ''
  const number = /^\d{1,10}$/.exec(value('jobnumber'))?.[0]
  const [, failed, words = ''] = /^(\d{1,3})\s*(?::\s*(.*))?$/.exec(value('failed')) ?? []
  const [, exitStatus] = /^(\d{1,3})(?:\s+\(.*\))?$/.exec(value('exit_status')) ?? []
  if (number === undefined || failed === undefined || exitStatus === undefined) return null
  const task = /^\d{1,10}$/.exec(value('taskid'))?.[0]
  const end = readEnd({
    failed: Number(failed),
    exitStatus: Number(exitStatus),
    wallSeconds: toSeconds(value('ru_wallclock')) ?? null,
    category: value('category'),
  })
  const [submittedAt, startedAt, endedAt] = ['qsub_time', 'start_time', 'end_time'].map((key) => toTime(value(key)))
  const host = /^[\w.-]{1,255}$/.exec(value('hostname'))?.[0]
  return {
    id: toJobId(task === undefined ? number : `${number}.${task}`),
    name: plain(value('jobname')),
    owner: plain(value('owner')),
    // A run after which it was put back into the queue is not its end; whether it waits or runs now, the list knows.
    phase: end === null ? 'unknown' : 'ended',
    rawState: `failed ${failed}`,
    restarts: 0,
    ...(value('qname') !== '' && { partition: plain(value('qname')) }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(end !== null && {
      end: {
        ...end,
        words: plain(
          words === '' ? `exit status ${exitStatus}` : `failed ${failed}: ${words}, exit status ${exitStatus}`,
        ),
        ...(startedAt !== undefined && { startedAt }),
        ...(endedAt !== undefined && { endedAt }),
        ...(host !== undefined && { host }),
      },
    }),
  }
}

const plain = (text: string): string => text.replace(/[\x00-\x1f\x7f]/g, '\ufffd').slice(0, 300)
