import { randomBytes } from 'node:crypto'
import { openSitePeople } from '../app/open-admission.ts'
import { statePaths } from '../app/state-paths.ts'
import type { Config } from '../core/config.ts'
import { silentLogger } from '../core/logger.ts'
import { type Audit, openAudit } from '../people/audit.ts'
import type { PeopleService } from '../people/people.ts'
import { openStores } from '../store/stores.ts'

/** People where the hub's database is, for a command that changes something there. */
export async function openLocalPeople(
  config: Config,
): Promise<{ readonly people: PeopleService; readonly audit: Audit } & AsyncDisposable> {
  await using closing = new AsyncDisposableStack()
  const stores = closing.use(await openStores(statePaths(config).database, Date.now))
  // Standard output is the command's: only what could not be recorded is said, on standard error.
  const log = {
    ...silentLogger,
    error: (_: object, words: string) => void process.stderr.write(`batchway: ${words}\n`),
  }
  const audit = openAudit({ store: stores.audit, now: Date.now, log })
  const people = closing.use(openSitePeople(config, { stores, now: Date.now, random: randomBytes, audit }))
  const keep = closing.move()
  return { people, audit, [Symbol.asyncDispose]: () => keep.disposeAsync() }
}
