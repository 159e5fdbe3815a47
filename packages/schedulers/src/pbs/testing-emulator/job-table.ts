/** The emulator's job table: what PBS's server keeps, in a database file that all its commands share. */
import { chmodSync, mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface EmulatedJob {
  readonly number: number
  readonly name: string
  readonly owner: string
  readonly home: string
  readonly state: 'Q' | 'H' | 'R' | 'F'
  readonly queue: string
  readonly cores: number
  /** As it was asked for, `500mb`; empty if it was not. */
  readonly memory: string
  /** Seconds; 0 for none. */
  readonly wallSeconds: number
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
  /** Who has asked for its end; empty if nobody. */
  readonly deletedBy: string
  readonly exitStatus: number | null
  /** Unix seconds; 0 for not yet. */
  readonly createdAt: number
  readonly modifiedAt: number
  readonly startedAt: number
  readonly endedAt: number
}

export interface JobTable extends Disposable {
  all(): EmulatedJob[]
  find(number: number): EmulatedJob | undefined
  /** Runs `act` with the table locked against every other command. */
  locked<T>(act: () => T): T
  insert(job: Omit<EmulatedJob, 'number'>): EmulatedJob
  update(number: number, change: Partial<EmulatedJob>): void
}

/** Processors of the one node, declared. */
export const nodeCores = 8
export const queues = ['workq', 'gpu']
export const server = 'pbs1'
/** The one node: this machine, by the name that its jobs see. */
export const node = hostname().replace(/\..*$/, '')
export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** Anybody may write: the emulator's users are as many as PBS's, and it has no server that could act for them. */
export function makeJobTable(folder: string): void {
  mkdirSync(join(folder, 'jobs'), { recursive: true })
  for (const each of [folder, join(folder, 'jobs')]) chmodSync(each, 0o1777)
  using db = new DatabaseSync(fileOf(folder))
  // Not WAL: its other files would belong to whoever came first.
  db.exec('create table jobs (number integer primary key, record text not null)')
  chmodSync(fileOf(folder), 0o666)
}

const fileOf = (folder: string): string => join(folder, 'table.db')

/** @throws {Error} if the folder is gone: the emulator has been taken down. */
export function openJobTable(folder: string): JobTable {
  const db = new DatabaseSync(fileOf(folder), { timeout: 30_000 })
  const read = ({ number, record }: Record<string, unknown>): EmulatedJob => ({
    ...JSON.parse(String(record)),
    number: Number(number),
  })
  const find = (number: number): EmulatedJob | undefined => {
    const row = db.prepare('select * from jobs where number = ?').get(number)
    return row === undefined ? undefined : read(row)
  }
  return {
    all: () => db.prepare('select * from jobs order by number').all().map(read),
    find,
    locked(act) {
      db.exec('begin immediate')
      try {
        const result = act()
        db.exec('commit')
        return result
      } catch (error) {
        db.exec('rollback')
        throw error
      }
    },
    insert(job) {
      // The first job of a new server is number 0.
      const { next } = db.prepare('select coalesce(max(number) + 1, 0) as next from jobs').get() ?? {}
      db.prepare('insert into jobs values (?, ?)').run(Number(next), JSON.stringify(job))
      return { ...job, number: Number(next) }
    },
    update(number, change) {
      const known = find(number)
      if (known === undefined) return
      const { number: _, ...record } = { ...known, ...change, modifiedAt: nowSeconds() }
      db.prepare('update jobs set record = ? where number = ?').run(JSON.stringify(record), number)
    },
    [Symbol.dispose]: () => db.close(),
  }
}
