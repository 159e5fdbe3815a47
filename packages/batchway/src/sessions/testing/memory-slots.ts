import type { ServerSlot, ServerStore } from '../../store/server-store.ts'

/** A `ServerStore` in memory. */
export function memorySlots(): ServerStore {
  let slots: readonly ServerSlot[] = []
  const is = (userId: number, name: string) => (slot: ServerSlot) => slot.userId === userId && slot.name === name
  return {
    async ensure(slot, limit = 0) {
      if (slots.some(is(slot.userId, slot.name))) return 'known'
      if (limit > 0 && slots.filter(({ userId }) => userId === slot.userId).length >= limit) return 'full'
      slots = [...slots, slot]
      return 'made'
    },
    listOf: async (userId) => slots.filter((slot) => slot.userId === userId),
    async listOfUsers(userIds) {
      const wanted = new Set(userIds)
      return slots.filter((slot) => wanted.has(slot.userId))
    },
    async change(userId, name, { name: newName = name, displayName, options }) {
      if (!slots.some(is(userId, name))) return 'missing'
      if (newName !== name && slots.some(is(userId, newName))) return 'taken'
      slots = slots.map((slot) =>
        is(userId, name)(slot)
          ? {
              ...slot,
              name: newName,
              ...(displayName !== undefined && { displayName }),
              ...(options !== undefined && { options }),
            }
          : slot,
      )
      return 'done'
    },
    async remove(userId, name) {
      slots = slots.filter((slot) => !is(userId, name)(slot))
    },
  }
}
