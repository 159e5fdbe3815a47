import type { JobTable, TableJob } from '../../testing-emulator/job-table.ts'

/** What LSF's master keeps of a job beside what every scheduler does. */
export interface LsfJob extends TableJob {
  readonly state: 'PEND' | 'PSUSP' | 'RUN' | 'DONE' | 'EXIT'
  readonly queue: string
  readonly command: string
  readonly directory: string
  readonly output: string
  readonly environment: Readonly<Record<string, string>>
  /** MiB; 0 if it was not limited. */
  readonly memoryMiB: number
  readonly reason: string
  readonly slot: number
  readonly exitCode: number | null
  readonly exitReason: string
  readonly pid: number
}

export type LsfTable = JobTable<LsfJob>

export const queues = ['normal', 'gpu']
/** The name of the emulated cluster. */
export const cluster = 'emulated'

/** What waits, runs or stands still. */
export const isUnfinished = ({ state }: Pick<LsfJob, 'state'>): boolean => state !== 'DONE' && state !== 'EXIT'

/** `Mon Nov 23 04:10:01`, in UTC; with the year where `LSB_DISPLAY_YEAR` asks for it. */
export function longTime(at: number): string {
  const [, day, date, month, year, time] =
    /^(\w{3}), (\d\d) (\w{3}) (\d{4}) (\S+)/.exec(new Date(at * 1000).toUTCString()) ?? []
  const text = `${day} ${month} ${String(Number(date)).padStart(2, ' ')} ${time}`
  return process.env.LSB_DISPLAY_YEAR === 'Y' ? `${text} ${year}` : text
}

/** `Nov 23 04:10`: as bjobs prints times. */
export const shortTime = (at: number): string =>
  at === 0 ? '' : longTime(at).replace(/^\w{3} (.*? \d\d:\d\d):\d\d/, '$1')
