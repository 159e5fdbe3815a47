import type { JobTable, TableJob } from '../../testing-emulator/job-table.ts'

/** What PBS's server keeps of a job beside what every scheduler does. */
export interface PbsJob extends TableJob {
  readonly state: 'Q' | 'H' | 'R' | 'F'
  readonly queue: string
  /** As it was asked for, `500mb`; empty if it was not. */
  readonly memory: string
  readonly gpus: number
  readonly chunk: string
  readonly join: string
  readonly mail: string
  readonly output: string
  readonly rerunable: boolean
  readonly submitArguments: string
  readonly variables: Readonly<Record<string, string>>
  readonly comment: string
  readonly slot: number
  readonly sessionId: number
  readonly substate: number
  readonly exitStatus: number | null
}

export type PbsTable = JobTable<PbsJob>

export const queues = ['workq', 'gpu']
export const server = 'pbs1'
