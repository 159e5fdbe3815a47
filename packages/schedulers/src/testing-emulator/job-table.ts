/** An emulator's job table: what a scheduler's server keeps, in a database file that all its commands share. */
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** What every scheduler knows of a job; each emulator adds its own. Times are Unix seconds, 0 for not yet. */
export interface TableJob {
  readonly number: number
  readonly name: string
  readonly owner: string
  readonly home: string
  /** The scheduler's own word. */
  readonly state: string
  readonly cores: number
  /** 0 for none. */
  readonly wallSeconds: number
  /** Who has asked for its end; empty if nobody. */
  readonly deletedBy: string
  readonly createdAt: number
  readonly modifiedAt: number
  readonly startedAt: number
  readonly endedAt: number
}

export interface JobTable<J extends TableJob> extends Disposable {
  all(): J[]
  find(number: number): J | undefined
  /** Runs `act` with the table locked against every other command. */
  locked<T>(act: () => T): T
  insert(job: Omit<J, 'number'>): J
  update(number: number, change: Partial<J>): void
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/**
 * Anybody may write: the emulator's users are as many as the scheduler's, and it has no server that could act for them.
 * @param firstNumber of the first job.
 */
export function makeJobTable(folder: string, firstNumber: number): void {
  mkdirSync(join(folder, 'jobs'), { recursive: true })
  for (const each of [folder, join(folder, 'jobs')]) chmodSync(each, 0o1777)
  using db = new DatabaseSync(fileOf(folder))
  // Not WAL: its other files would belong to whoever came first.
  db.exec('create table jobs (number integer primary key, record text not null)')
  db.exec('create table next_job (number integer not null)')
  db.prepare('insert into next_job values (?)').run(firstNumber)
  chmodSync(fileOf(folder), 0o666)
}

const fileOf = (folder: string): string => join(folder, 'table.db')

/** Where the script of a job lies, or what it has printed: readable by its owner alone. */
export const jobFile = (folder: string, number: number, kind: 'script' | 'output'): string =>
  join(folder, 'jobs', `${number}.${kind}`)

/** @throws {Error} if the folder is gone: the emulator has been taken down. */
export function openJobTable<J extends TableJob>(folder: string): JobTable<J> {
  const db = new DatabaseSync(fileOf(folder), { timeout: 30_000 })
  const read = ({ number, record }: Record<string, unknown>): J => ({
    ...JSON.parse(String(record)),
    number: Number(number),
  })
  const find = (number: number): J | undefined => {
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
      const { number } =
        db.prepare('update next_job set number = number + 1 returning number - 1 as number').get() ?? {}
      const record = JSON.stringify(job)
      db.prepare('insert into jobs values (?, ?)').run(Number(number), record)
      return read({ number, record })
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
