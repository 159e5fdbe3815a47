/** What Torque's server keeps of a job beside what every scheduler does, and how the server stands. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type JobTable, nowSeconds, type TableJob } from '../../testing-emulator/job-table.ts'
import { nodeCores } from '../../testing-emulator/schedule.ts'

export interface TorqueJob extends TableJob {
  readonly state: 'Q' | 'H' | 'W' | 'R' | 'E' | 'S' | 'C'
  readonly queue: string
  /** As they were asked for, in Torque's order: directives first, without those that an option replaces. */
  readonly asked: readonly (readonly [name: string, value: string])[]
  readonly join: string
  readonly mail: string
  readonly output: string
  readonly rerunable: boolean
  readonly account: string
  readonly submitArguments: string
  readonly variables: Readonly<Record<string, string>>
  /** `1-3` of a job array, whose elements are kept and never run; empty for a job. */
  readonly array: string
  readonly comment: string
  /** Of the one node. */
  readonly slots: readonly number[]
  readonly sessionId: number
  readonly startCount: number
  /** The execution daemon has looked at it, and knows what it uses. */
  readonly isMeasured: boolean
  readonly exitStatus: number | null
  readonly eligibleAt: number
  readonly waitsUntil: number
}

export type TorqueTable = JobTable<TorqueJob>

export interface Queue {
  readonly name: string
  readonly isStarted: boolean
}

export interface ServerState {
  readonly is: 'up' | 'down' | 'hung'
  readonly queues: readonly Queue[]
  /** Of the one node, declared. */
  readonly cores: number
  /** For how long jobs that have ended are shown. */
  readonly keepCompletedSeconds: number
  readonly createdAt: number
}

export const server = 'pbs1'

const fileOf = (folder: string): string => join(folder, 'server.json')

export const readServer = (folder: string): ServerState => JSON.parse(readFileSync(fileOf(folder), 'utf8'))

export const writeServer = (folder: string, state: ServerState): void =>
  writeFileSync(fileOf(folder), JSON.stringify(state), { mode: 0o644 })

export const newServer = (): ServerState => ({
  is: 'up',
  queues: ['batch', 'small'].map((name) => ({ name, isStarted: true })),
  cores: nodeCores,
  keepCompletedSeconds: 60,
  createdAt: nowSeconds(),
})

/** Jobs that the server still shows. */
export const shownJobs = (table: TorqueTable, { keepCompletedSeconds }: ServerState): TorqueJob[] =>
  table.all().filter(({ state, endedAt }) => state !== 'C' || nowSeconds() - endedAt <= keepCompletedSeconds)

export const idOf = ({ number, array }: Pick<TorqueJob, 'number' | 'array'>): string =>
  `${number}${array === '' ? '' : '[]'}.${server}`

/** @returns -1 for what is no id of this server. */
export const numberOf = (id: string): number =>
  Number(/^(\d{1,9})(?:\[\])?(?:\.pbs1)?(?:@[\w.-]+)?$/.exec(id)?.[1] ?? -1)

/** `1:ppn=2` → 2; without a request one. */
export function coresOf(asked: TorqueJob['asked']): number {
  const nodes = asked.find(([name]) => name === 'nodes')?.[1] ?? '1'
  return Number(/(?:^|:)ppn=(\d{1,6})/.exec(nodes)?.[1] ?? 1)
}

export function wallSecondsOf(asked: TorqueJob['asked']): number {
  const limit = asked.find(([name]) => name === 'walltime')?.[1] ?? '0'
  return limit.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}
