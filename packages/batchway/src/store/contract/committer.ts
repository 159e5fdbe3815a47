/** A process that moves session `s1` on and on, and tells each version once the store has acknowledged it (see `crash.test.ts`). */
import { openDatabase } from '../open.ts'
import { sessionStore } from '../session-store.ts'

await using database = openDatabase(process.env.DATABASE_URL ?? '')
const store = sessionStore(database)
let session = await store.find('s1')
while (session !== null) {
  session = await store.update(session, [{ at: session.version, type: 'step', data: {} }])
  // Written at once, not through a stream: what has been told must have been told even if the next instruction is the last.
  if (session !== null) await new Promise((told) => process.send?.(session?.version, told))
}
