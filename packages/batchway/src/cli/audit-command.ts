import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { statePaths } from '../app/state-paths.ts'
import { auditActions, isAuditAction } from '../people/audit.ts'
import type { AuditFilter, StoredAuditEntry } from '../store/audit-store.ts'
import { type ExistingDatabase, openExisting } from '../store/open-existing.ts'
import { parseMoment, toJsonLine, toLine } from './audit-lines.ts'
import { followAudit } from './follow-audit.ts'
import { configOption, loadSite } from './load-site.ts'
import { checkStateOwner } from './state-owner.ts'

const followMs = 1_000

const toMoment = (text: string): number => {
  const at = parseMoment(text, Date.now())
  if (at === null) throw new InvalidArgumentError('write a duration such as "2d", or a time such as 2026-01-31T12:00')
  return at
}

const toAction = (text: string): string => {
  if (!isAuditAction(text))
    throw new InvalidArgumentError(
      `there is no action of this name; there are: ${Object.keys(auditActions).sort().join(', ')}`,
    )
  return text
}

const toLimit = (text: string): number => {
  const limit = Number(text)
  if (!/^\d{1,6}$/.test(text) || limit < 1 || limit > 100_000)
    throw new InvalidArgumentError('write a number from 1 to 100000')
  return limit
}

interface AuditOptions extends AuditFilter {
  readonly config?: string
  readonly limit: number
  readonly json?: boolean
  readonly follow?: boolean
}

/** @throws {Error} in words, where there is no log to read. */
function logOf(database: ExistingDatabase | null): NonNullable<ExistingDatabase['audit']> {
  if (database === null || database.version === 0)
    throw new Error('there is no database yet: the hub makes it when it starts')
  if (database.audit === null)
    throw new Error(
      database.version < database.known
        ? 'the database is of an older version: start the hub of this version once, it brings it up to date'
        : 'the database is of a newer version: use the command of the Batchway that runs the hub',
    )
  return database.audit
}

export function addAuditCommand(program: Command): void {
  const width = Math.max(...Object.keys(auditActions).map((action) => action.length)) + 2
  const meanings = Object.entries(auditActions).map(([action, meaning]) => `  ${action.padEnd(width)}${meaning}`)
  program
    .command('audit')
    .description('show the audit log: who did what to whom, when, from where')
    .option(...configOption)
    .option('--user <name>', 'what this user did, and what was done to them or to their servers')
    .option('--actor <name>', 'what this user did (or: system, operator, anonymous)')
    .option('--action <action>', 'only this action', toAction)
    .option('--since <when>', 'a time, or so long ago: "2d", "2026-01-31T12:00"', toMoment)
    .option('--until <when>', 'a time, or so long ago', toMoment)
    .option('--limit <count>', 'the newest so many entries', toLimit, 100)
    .option('--json', 'JSON lines')
    .option('--follow', 'then show new entries as they are written')
    .addHelpText('after', `\nActions:\n${meanings.join('\n')}`)
    .action(async ({ config: file, limit, json, follow, ...filter }: AuditOptions) => {
      const { config } = await loadSite(file)
      checkStateOwner(config)
      await using database = await openExisting(statePaths(config).database)
      const store = logOf(database)
      const stop = new AbortController()
      // Whoever reads along may go away (`| head`).
      process.stdout.on('error', () => stop.abort())
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
      const show = (entry: StoredAuditEntry): boolean =>
        stop.signal.aborted || process.stdout.write(`${(json ? toJsonLine : toLine)(entry)}\n`)
      // The newest number first: what is written from now on is new.
      const lastId = (await store.list({}, 1))[0]?.id ?? 0
      for (const entry of await store.list(filter, limit))
        if (entry.id <= lastId && !show(entry) && !stop.signal.aborted)
          await once(process.stdout, 'drain', { signal: stop.signal }).catch(() => {}) // gone: the loop ends by itself
      if (!follow) return
      const pause = async (): Promise<boolean> => {
        await sleep(followMs, undefined, { signal: stop.signal }).catch(() => {}) // woken to end
        return stop.signal.aborted
      }
      await followAudit({ store, filter, lastId, show, pause })
    })
}
