import {
  type JobEnd,
  type JobId,
  type JobPhase,
  type JobStatus,
  type KnownJob,
  type Output,
  SchedulerError,
  toJobId,
} from '../driver.ts'
import { isNoAnswer, wordsOf } from '../pbs/answer.ts'
import { expand, find, findAll, parseExpression } from './expressions.ts'
import type { CustomSettings } from './settings.ts'

/** An id that is one argument of a command, and no option. */
export const plainId = /^[A-Za-z0-9][\w.@:+[\],;-]{0,127}$/

type Name =
  | 'pending'
  | 'running'
  | 'execHost'
  | 'unknown'
  | 'held'
  | 'ended'
  | 'cancelled'
  | 'exitStatus'
  | 'gone'
  | 'jobId'
  | 'name'
  | 'record'
  | 'complete'

/** What the expressions find. */
export interface Reader {
  submitted(output: Output): JobId
  /** Of one job's answer. @returns null if the scheduler says that there is none. @throws {SchedulerError} `unavailable`, `unreadable` */
  job(output: Output, known: KnownJob): JobStatus | null
  /** @returns false if there is no such job (any more). @throws {SchedulerError} */
  cancelled(output: Output): boolean
  /** Of the answer about all jobs. @throws {SchedulerError} `unavailable`, `unreadable` */
  list(output: Output): { readonly complete: boolean; readonly jobs: readonly JobStatus[] }
}

export function readerOf(site: CustomSettings): Reader {
  const patterns = new Map<Name, RegExp>()
  const names: readonly Name[] = [
    'pending',
    'running',
    'execHost',
    'unknown',
    'held',
    'ended',
    'cancelled',
    'exitStatus',
    'gone',
    'jobId',
    'name',
    'record',
    'complete',
  ]
  for (const name of names) {
    const pattern = site[name] === undefined ? undefined : parseExpression(site[name])
    if (pattern instanceof RegExp) patterns.set(name, pattern)
  }
  const groups = (name: Name, text: string) => {
    const pattern = patterns.get(name)
    return pattern === undefined ? null : find(pattern, text)
  }
  const says = (name: Name, text: string): boolean => groups(name, text) !== null
  // Schedulers write their refusals as they please; case is no part of them.
  const gone = new RegExp(patterns.get('gone') ?? /$^/, 'i')
  const saysGone = ({ stdout, stderr }: Output): boolean => find(gone, `${stderr}\n${stdout}`) !== null
  const cannotTell = ({ stdout, stderr }: Output): boolean =>
    isNoAnswer(stderr) || says('unknown', `${stderr}\n${stdout}`)

  /** A job that still lives is believed before one that has ended: nothing ends by half a text. */
  function phaseOf(text: string): JobPhase {
    if (says('unknown', text)) return 'unknown'
    if (says('running', text)) return 'running'
    if (says('held', text)) return 'held'
    if (says('pending', text)) return 'pending'
    return says('ended', text) ? 'ended' : 'unknown'
  }

  function endOf(text: string): JobEnd {
    if (says('cancelled', text)) return { kind: 'cancelled' }
    const status = groups('exitStatus', text)?.[1] ?? ''
    if (!/^-?\d{1,6}$/.test(status)) return { kind: 'unknown' }
    const code = Number(status)
    return {
      words: `exit status ${code}`,
      ...(code === 0 ? { kind: 'completed', exitCode: 0 } : { kind: 'failed', exitCode: code & 0xff }),
    }
  }

  function statusOf(text: string, known: Pick<KnownJob, 'id' | 'name'> & { readonly options?: unknown }): JobStatus {
    const phase = phaseOf(text)
    const match = phase === 'running' ? groups('execHost', text) : null
    const host = hostName(match?.[1])
    const template = templateOf(known.options) ?? site.execHostTemplate ?? ''
    const address =
      host === undefined || match === null || template === '' ? undefined : hostName(expand(template, match))
    const isWaiting = phase === 'pending' || phase === 'held'
    return {
      id: known.id,
      name: known.name,
      phase,
      rawState: phase === 'unknown' ? 'not recognised' : phase,
      restarts: 0,
      ...(host !== undefined && { host }),
      ...(address !== undefined && { address }),
      ...(isWaiting && { wait: phase === 'held' ? 'held' : 'normal' }),
      ...(phase === 'ended' && { end: endOf(text) }),
    }
  }
  const nameIn = (text: string): string | undefined => groups('name', text)?.[1]?.replace(/[\x00-\x1f\x7f]/g, '\ufffd')

  return {
    submitted(output) {
      const { exitCode, stdout, stderr } = output
      const words = wordsOf(stderr) || wordsOf(stdout) || `the submit command ended with exit code ${exitCode}`
      if (exitCode !== 0) throw new SchedulerError(cannotTell(output) ? 'ambiguous' : 'refused', words)
      const lines = stdout.split('\n').map((line) => line.trim())
      const id = site.jobId === undefined ? lines.findLast((line) => plainId.test(line)) : groups('jobId', stdout)?.[1]
      if (id === undefined || !plainId.test(id))
        throw new SchedulerError('ambiguous', `the submit command printed no job id: ${words}`)
      return toJobId(id)
    },
    job(output, known) {
      const { exitCode, stdout } = output
      if (exitCode !== 0) {
        if (saysGone(output) && !cannotTell(output)) return null
        throw unavailable(output, 'query')
      }
      return statusOf(stdout, { ...known, name: nameIn(stdout) ?? (site.name === undefined ? known.name : '') })
    },
    cancelled(output) {
      if (output.exitCode === 0) return true
      if (cannotTell(output))
        throw new SchedulerError('ambiguous', wordsOf(output.stderr) || 'the cancel command could not tell')
      if (saysGone(output)) return false
      throw new SchedulerError(
        'refused',
        wordsOf(output.stderr) || `the cancel command ended with exit code ${output.exitCode}`,
      )
    },
    list(output) {
      const { exitCode, stdout } = output
      if (exitCode !== 0 || isNoAnswer(output.stderr)) throw unavailable(output, 'query')
      const records = findAll(patterns.get('record') ?? /^.*\S.*$/m, stdout).map(([text = '']) => text)
      const jobs = records.map((text) => {
        const [id, name] = [groups('jobId', text)?.[1], nameIn(text)]
        return id === undefined || name === undefined || !plainId.test(id)
          ? null
          : statusOf(text, { id: toJobId(id), name })
      })
      const isWhole = patterns.has('complete') ? says('complete', stdout) : stdout === '' || stdout.endsWith('\n')
      const found = jobs.filter((job) => job !== null)
      const ids = new Set(found.map(({ id }) => id))
      return {
        complete: isWhole && found.length === jobs.length && ids.size === found.length && !says('unknown', stdout),
        jobs: [...ids].map((id) => oneOf(found.filter((job) => job.id === id))),
      }
    },
  }
}

/** Of an id that stands there more than once nothing is known, unless all say the same. */
function oneOf(twins: readonly JobStatus[]): JobStatus {
  const [first] = twins
  if (first === undefined) throw new TypeError('no row')
  if (twins.every((twin) => JSON.stringify(twin) === JSON.stringify(first))) return first
  const { end: _end, host: _host, address: _address, ...job } = first
  return { ...job, phase: 'unknown' }
}

const unavailable = ({ exitCode, stderr }: Output, what: string): SchedulerError =>
  new SchedulerError('unavailable', wordsOf(stderr) || `the ${what} command ended with exit code ${exitCode}`)

const hostName = (text: string | undefined): string | undefined =>
  text !== undefined && /^[A-Za-z0-9][\w.:-]{0,252}$/.test(text) ? text : undefined

function templateOf(options: unknown): string | undefined {
  if (typeof options !== 'object' || options === null || !('execHostTemplate' in options)) return undefined
  return typeof options.execHostTemplate === 'string' ? options.execHostTemplate : undefined
}
