/** Small facts of the whole installation, by key. Not for secrets: those live in files. */
import type { Database } from './open.ts'

export interface SettingStore {
  find(key: string): Promise<string | null>
  save(key: string, value: string): Promise<void>
  /** @returns the value that holds: this one, or the one that was there before. */
  saveIfAbsent(key: string, value: string): Promise<string>
}

export function settingStore({ db }: Database): SettingStore {
  const find = async (key: string): Promise<string | null> =>
    (await db.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst())?.value ?? null
  return {
    find,
    save: async (key, value) => {
      await db
        .insertInto('setting')
        .values({ key, value })
        .onConflict((on) => on.column('key').doUpdateSet({ value }))
        .execute()
    },
    saveIfAbsent: async (key, value) => {
      await db
        .insertInto('setting')
        .values({ key, value })
        .onConflict((on) => on.column('key').doNothing())
        .execute()
      return (await find(key)) ?? value
    },
  }
}
