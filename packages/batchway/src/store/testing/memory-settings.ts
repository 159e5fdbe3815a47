import type { SettingStore } from '../setting-store.ts'

/** A `SettingStore` in memory. */
export function memorySettings(values = new Map<string, string>()): SettingStore {
  return {
    find: async (key) => values.get(key) ?? null,
    save: async (key, value) => void values.set(key, value),
    async saveIfAbsent(key, value) {
      if (!values.has(key)) values.set(key, value)
      return values.get(key) ?? value
    },
  }
}
