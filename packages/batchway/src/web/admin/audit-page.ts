import { BatchwayError } from '../../core/errors.ts'
import { auditActions, isAuditAction, type StoredAuditEntry } from '../../people/audit.ts'
import type { TimeWords } from '../format.ts'
import type { WebApp, WebContext, WebRoom } from '../web-room.ts'
import { csvHeaders, csvText } from './csv.ts'
import { rightsOf } from './rights.ts'

const perPage = 50
const csvRows = 5_000

/** What a page of the log is asked for; texts as they were typed. */
interface AuditQuery {
  readonly user: string
  readonly actor: string
  readonly action: string
  readonly since: string
  readonly until: string
  /** Id of an entry: only older ones. */
  readonly before: number | null
}

/** The audit log, the newest first, with filters. */
export function mountAuditPage(app: WebApp, room: WebRoom): void {
  const { paths, times, desk, pages, now } = room

  app.get(paths.auditLog, async (c) => {
    await mayRead(c, room)
    const query = readQuery(c)
    const filter = filterOf(query, times)
    const wrong = 'wrong' in filter ? filter.wrong : null
    const entries = 'wrong' in filter ? [] : [...(await desk.readAudit(filter.filter, perPage + 1))].reverse()
    const shown = entries.slice(0, perPage)
    const last = shown.at(-1)
    const at = now()
    return pages.show(c, {
      template: 'audit',
      title: 'Audit log',
      nav: 'admin',
      data: {
        query,
        wrong,
        actions: Object.entries(auditActions).map(([key, meaning]) => ({ key, meaning })),
        entries: shown.map((entry) => ({
          ...entry,
          // To the second: many things happen in the minute that somebody looks for.
          day: times.day(entry.at, at).replace(times.clock(entry.at), times.clockSeconds(entry.at)),
          meaning: meaningOf(entry),
        })),
        is_later_page: query.before !== null,
        newest_url: paths.auditLog + text({ ...query, before: null }),
        older_url: entries.length > perPage && last ? paths.auditLog + text({ ...query, before: last.id }) : null,
        csv_url: `${paths.auditLog}.csv${text({ ...query, before: null })}`,
        csv_rows: csvRows,
      },
    })
  })

  app.get(`${paths.auditLog}.csv`, async (c) => {
    await mayRead(c, room)
    const filter = filterOf(readQuery(c), times)
    if ('wrong' in filter) throw new BatchwayError('bad_request', filter.wrong)
    const entries = [...(await desk.readAudit(filter.filter, csvRows))].reverse()
    const head = ['id', 'time', 'actor', 'action', 'object', 'outcome', 'way', 'address', 'detail']
    const rows = entries.map(({ id, at, actor, action, object, outcome, way, address, detail }) => [
      id,
      new Date(at).toISOString(),
      actor,
      action,
      object,
      outcome,
      way,
      address,
      detail,
    ])
    return c.body(csvText([head, ...rows]), 200, csvHeaders('audit'))
  })
}

async function mayRead(c: WebContext, room: WebRoom): Promise<void> {
  const { readsAudit } = await rightsOf(c, room)
  if (!readsAudit) throw new BatchwayError('forbidden', 'The audit log is open to who administers all users.')
}

const meaningOf = ({ action }: StoredAuditEntry): string => (isAuditAction(action) ? auditActions[action] : action)

function readQuery(c: WebContext): AuditQuery {
  const of = (name: string): string => (c.req.query(name) ?? '').trim().slice(0, 200)
  const before = Number(of('before'))
  const action = of('action')
  return {
    user: of('user'),
    actor: of('actor'),
    action: isAuditAction(action) ? action : '',
    since: of('since'),
    until: of('until'),
    before: Number.isSafeInteger(before) && before > 0 ? before : null,
  }
}

function filterOf({ user, actor, action, since, until, before }: AuditQuery, times: TimeWords) {
  const [from, to] = [since, until].map((given) => (given === '' ? undefined : times.parse(given)))
  for (const [given, read] of [
    [since, from],
    [until, to],
  ] as const)
    if (read === null)
      return { wrong: `${JSON.stringify(given.slice(0, 40))} is no time. Write it like 2026-11-24 12:00.` }
  return {
    filter: {
      ...(user !== '' && { user }),
      ...(actor !== '' && { actor }),
      ...(action !== '' && { action }),
      ...(typeof from === 'number' && { since: from }),
      ...(typeof to === 'number' && { until: to }),
      ...(before !== null && { beforeId: before }),
    },
  }
}

function text(query: AuditQuery): string {
  const fields = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === '' || value === null ? [] : [[name, String(value)]],
  )
  return fields.length === 0 ? '' : `?${new URLSearchParams(fields)}`
}
