import { type JobEnd, type JobId, type JobStatus, type Output, SchedulerError, toJobId } from '../driver.ts'
import { plain } from '../plain.ts'
import { hostOf, isNoAnswer, toTime, wordsOf } from './answer.ts'
import { readEnd, toSentences } from './states.ts'

/** The line between two jobs. */
const rule = /^-{40,}$/m
/** A name may hold what looks like the rest of the line; what is forged so is said of its owner's own job. */
const head = /^Job <(\d{1,12}(?:\[\d{1,9}\])?)>, (?:Job Name <(.*?)>, )?User <([^<>]{1,64})>,/
/** What ends the account of a job: without it the rest may be cut off. */
const summary = /^Summary of time in seconds[^\n]*\n[^\n]*\bTOTAL\b[^\n]*\n *\d/m
/** What may still be told of a job that has ended. */
const afterEnd =
  /^(?:Exited\b|Completed <|Done successfully|Post job process|Signal <|Termination|Job has been cleaned)/
/** Its time and what happened; a second time in one line means that a line feed is lost. */
const event =
  /^((?:\w{3} )?\w{3} +\d{1,2} \d\d:\d\d:\d\d(?: \d{4})?): (?!.*\d\d:\d\d:\d\d(?: \d{4})?: )([^\x00-\x1f\x7f]*)$/

/**
 * Read `bhist -l -UF ID…`: a head for each job, a line for each thing that happened to it, a summary. Only jobs whose last event is an end
 * count; what stands there twice, is cut off or has a line that cannot be read counts as not known: it may have gone back into the queue.
 * @throws {SchedulerError} `unavailable`
 */
export function parseHistory({ exitCode, stdout, stderr }: Output): ReadonlyMap<JobId, JobStatus> {
  const knowsNone = /no matching job found|is not found/i.test(`${stderr}\n${stdout}`)
  if ((exitCode !== 0 && !knowsNone) || isNoAnswer(stderr))
    throw new SchedulerError('unavailable', wordsOf(stderr || stdout) || `bhist ended with exit code ${exitCode}`)
  const found = new Map<JobId, JobStatus | null>()
  for (const text of stdout.split(rule)) {
    const job = readBlock(text)
    if (job !== null) found.set(job.id, found.has(job.id) ? null : job)
  }
  return new Map([...found].flatMap(([id, job]) => (job?.phase === 'ended' ? [[id, job] as const] : [])))
}

/** A job without an end in its events is told as `unknown`: a second, forged block of it must not stand alone. */
function readBlock(text: string): JobStatus | null {
  // Without -UF, which old releases lack, lines are folded behind 21 blanks.
  const lines = text
    .trim()
    .replace(/\n {10,}/g, ' ')
    .split('\n')
  const [, id, name = '', owner = ''] = head.exec(lines[0] ?? '') ?? []
  if (id === undefined) return null
  const last = lines.findIndex((line) => line.startsWith('Summary of time'))
  const events = lines.slice(1, last < 0 ? undefined : last)
  // Limits and the like stand between the events, behind a blank.
  const isWhole = summary.test(text) && events.every((line) => line === '' || line.startsWith(' ') || event.test(line))
  let [started, queue, host]: (string | undefined)[] = []
  let end: JobEnd | null = null
  let code: number | null = null
  for (const [, time = '', what = ''] of events.map((line) => event.exec(line) ?? [])) {
    queue ??= /^Submitted from host <[^>]*>.*? to Queue <([\w.-]{1,128})>/.exec(what)?.[1]
    const node = /^(?:Dispatched|\[\d+\] started|Started)\b.*?<([^<>]{1,512})>/i.exec(what)?.[1]
    if (node !== undefined) [started, host, end, code] = [time, hostOf(node), null, null]
    // Back in the queue: what was its end was none.
    if (what !== '' && !afterEnd.test(what)) end = null
    code = readCode(what) ?? code
    const kind = /^Done successfully/.test(what) ? 'DONE' : /^Completed <exit>/.test(what) ? 'EXIT' : null
    if (kind !== null)
      end = toEnd(kind, code, /\bTERM_[A-Z_]+:[^;]*/.exec(what)?.[0] ?? '', { started, host, ended: time })
    else if (/^Exited(?: with exit code| by signal|;|\.| )/.test(what))
      end = toEnd('EXIT', code, /\bTERM_[A-Z_]+:[^;]*/.exec(what)?.[0] ?? '', { started, host, ended: time })
  }
  if (!isWhole) end = null
  return {
    id: toJobId(id),
    name: plain(name),
    owner: plain(owner),
    phase: end === null ? 'unknown' : 'ended',
    rawState: end === null ? 'unknown' : end.kind === 'completed' ? 'DONE' : 'EXIT',
    restarts: 0,
    ...(queue !== undefined && { partition: queue }),
    ...(end !== null && { end }),
  }
}

function readCode(what: string): number | null {
  const [, code, signal] = /^Exited with exit code (\d{1,5})|^Exited by signal (\d{1,3})/.exec(what) ?? []
  return code !== undefined ? Number(code) : signal !== undefined ? 128 + Number(signal) : null
}

function toEnd(
  state: string,
  code: number | null,
  reason: string,
  {
    started,
    host,
    ended,
  }: { readonly started: string | undefined; readonly host: string | undefined; readonly ended: string },
): JobEnd {
  const [startedAt, endedAt] = [toTime(started ?? ''), toTime(ended)]
  return {
    ...readEnd(state, code, reason),
    words: toSentences(reason) || (code === null ? state : `${state}, exit code ${code}`),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(host !== undefined && { host }),
  }
}
