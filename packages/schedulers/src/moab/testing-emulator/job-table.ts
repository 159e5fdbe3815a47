import type { JobTable, TableJob } from '../../testing-emulator/job-table.ts'

/** What Moab keeps of a job beside what every scheduler does. */
export interface MoabJob extends TableJob {
  readonly state: 'Idle' | 'Running' | 'Completed' | 'Removed'
  readonly class: string
  readonly account: string
  readonly directory: string
  readonly output: string
  readonly hold: '' | 'User'
  readonly environment: Readonly<Record<string, string>>
  readonly blockReason: string
  readonly slot: number
  readonly completionCode: string
  readonly pid: number
}

export type MoabTable = JobTable<MoabJob>

export const classes = ['batch', 'gpu']
/** Moab's own id; that of the resource manager below has the number too. */
export const idOf = ({ number }: Pick<MoabJob, 'number'>): string => `Moab.${number}`
export const rmIdOf = ({ number }: Pick<MoabJob, 'number'>): string => `${number}.emulated`

/** @returns -1 for what is no id of this server. */
export const numberOf = (id: string): number => Number(/^Moab\.(\d{1,9})$/.exec(id)?.[1] ?? -1)

export const hasEnded = ({ state }: Pick<MoabJob, 'state'>): boolean => state === 'Completed' || state === 'Removed'
