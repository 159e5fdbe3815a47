/** Who was seen when, kept in memory and written in batches: a request must not cost a write. */

export interface Activity<Id> {
  /** Only moves forward. */
  saw(id: Id, at: number): void
  /** Not yet written. */
  pending(id: Id): number | null
  /** Hand everything to `write`; what could not be written stays for the next time. */
  flush(write: (seen: ReadonlyMap<Id, number>) => Promise<void>): Promise<void>
}

export function activity<Id>(): Activity<Id> {
  let seen = new Map<Id, number>()
  let writing: ReadonlyMap<Id, number> = new Map()
  const saw = (id: Id, at: number): void => {
    const known = seen.get(id)
    if (known === undefined || known < at) seen.set(id, at)
  }
  return {
    saw,
    pending: (id) => seen.get(id) ?? writing.get(id) ?? null,
    flush: async (write) => {
      if (seen.size === 0) return
      const batch = seen
      writing = batch
      seen = new Map()
      try {
        await write(batch)
      } catch (error) {
        for (const [id, at] of batch) saw(id, at)
        throw error
      } finally {
        writing = new Map()
      }
    },
  }
}
