import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobTable, TableJob } from '../../testing-emulator/job-table.ts'

/** What PBS's server keeps of a job beside what every scheduler does. */
export interface PbsJob extends TableJob {
  readonly state: 'Q' | 'H' | 'W' | 'R' | 'S' | 'F'
  readonly queue: string
  /** As it was asked for, `500mb`; empty if it was not. */
  readonly memory: string
  readonly gpus: number
  readonly chunk: string
  readonly place: 'free' | 'pack'
  readonly join: string
  readonly mail: string
  readonly output: string
  readonly rerunable: boolean
  readonly submitArguments: string
  /** What stands behind `--`, in place of a script. */
  readonly command: readonly string[]
  /** `1-3`; empty for what is no array. Arrays are kept, and not run. */
  readonly array: string
  /** Not before this time; 0 for at once. */
  readonly notBefore: number
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

export const idOf = ({ number, array }: Pick<PbsJob, 'number' | 'array'>): string =>
  `${number}${array === '' ? '' : '[]'}.${server}`

/** @returns -1 for what is no id of this server. */
export const numberOf = (id: string): number => Number(/^(\d{1,9})(?:\[\])?(?:\.pbs1)?$/.exec(id)?.[1] ?? -1)

/** What is the matter with the server: it cannot be reached, or takes calls and never answers. */
export type Trouble = 'down' | 'hung'

export const isIn = (trouble: Trouble, folder: string): boolean => existsSync(join(folder, trouble))

/** @param trouble null: it works again. */
export function setTrouble(trouble: Trouble | null, folder: string): void {
  for (const each of ['down', 'hung']) rmSync(join(folder, each), { force: true })
  if (trouble !== null) writeFileSync(join(folder, trouble), '')
}
