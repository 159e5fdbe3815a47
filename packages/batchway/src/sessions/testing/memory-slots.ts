import type { ServerSlot, ServerStore } from '../../store/server-store.ts'

/** A `ServerStore` in memory. */
export function memorySlots(): ServerStore {
  let slots: readonly ServerSlot[] = []
  const is = (userId: number, name: string) => (slot: ServerSlot) => slot.userId === userId && slot.name === name
  return {
    async ensure(slot, limit = 0) {
      if (slots.some(is(slot.userId, slot.name))) return true
      if (limit > 0 && slots.filter(({ userId }) => userId === slot.userId).length >= limit) return false
      slots = [...slots, slot]
      return true
    },
    listOf: async (userId) => slots.filter((slot) => slot.userId === userId),
    async rename(userId, name, displayName) {
      slots = slots.map((slot) => (is(userId, name)(slot) ? { ...slot, displayName } : slot))
    },
    async remove(userId, name) {
      slots = slots.filter((slot) => !is(userId, name)(slot))
    },
  }
}
