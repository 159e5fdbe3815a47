import { BatchwayError } from '../../core/errors.ts'
import { audienceWords } from '../../people/announcements.ts'
import type { Session } from '../../sessions/session.ts'
import { count, took } from '../format.ts'
import type { WebApp, WebContext, WebRoom } from '../web-room.ts'
import { type Chart, sessionsChart, waitsChart } from './charts.ts'
import { csvHeaders, csvText } from './csv.ts'
import { type DayFigures, dayFigures, queueWaits, type Run, runsOf, sessionsByHour } from './figures.ts'
import { listPeople, type PeoplePage } from './list-people.ts'
import { kindOf, peopleOn, placesIn } from './people-on.ts'
import {
  type PeopleQuery,
  peoplePerPage,
  readPeopleQuery,
  type SortKey,
  stateFilters,
  writePeopleQuery,
} from './people-query.ts'
import { personRow } from './person-row.ts'
import { type Rights, rightsOf } from './rights.ts'
import { healthLines } from './site-health.ts'

/** How often an open page looks again (seconds). */
const everySeconds = 5
const failuresShown = 5

/** The page of who is on, and its tables as files. */
export function mountAdminPage(app: WebApp, room: WebRoom): void {
  const { paths } = room

  app.get(paths.admin, (c) => showAdmin(c, room))

  app.get(`${paths.admin}/people.csv`, async (c) => {
    const { rights, sessions } = await look(c, room)
    const query = readPeopleQuery(c.req.query())
    const rows = peopleOn(sessions, query).flatMap(({ name, sessions: own }) =>
      own.map((session) => sessionCells(name, session)),
    )
    return c.body(csvText([sessionHead, ...rows]), 200, csvHeaders(rights.rulesSite ? 'people' : 'people-seen'))
  })
  for (const id of ['sessions', 'waits'] as const)
    app.get(`${paths.admin}/${id}.csv`, async (c) => {
      const { runs } = await lookBack(c, room)
      const chart = chartsOf(runs, room).find((each) => each.id === id)
      return c.body(chart === undefined ? '' : csvText(chartCells(chart)), 200, csvHeaders(id))
    })
}

/** What the visitor may see of what runs. */
async function look(c: WebContext, room: WebRoom): Promise<{ rights: Rights; sessions: readonly Session[] }> {
  const rights = await rightsOf(c, room)
  return { rights, sessions: (await room.sessions.listActive()).filter(rights.sees) }
}

/** The same with what ended within a week. Figures are about everybody: whoever sees a part only is shown none. */
async function lookBack(c: WebContext, room: WebRoom) {
  const { rights, sessions } = await look(c, room)
  const seesAll = c.get('visit').scopes.has('read:servers')
  const runs = seesAll ? runsOf(await room.desk.past.list(), sessions) : []
  return { rights, sessions, runs, seesAll }
}

const chartsOf = (runs: readonly Run[], { now, times }: WebRoom): readonly Chart[] => [
  sessionsChart(sessionsByHour(runs, now()), times),
  waitsChart(queueWaits(runs, now())),
]
const chartCells = ({ head, rows }: Chart) => [head, ...rows.map(({ name, values }) => [name, ...values])]

const sessionHead = [
  'user',
  'server',
  'account',
  'state',
  'cluster',
  'profile',
  'cores',
  'memory_mib',
  'gpus',
  'node',
  'job',
  'asked',
  'ready',
  'ends',
]
const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
function sessionCells(name: string, { serverName, account, facts, spec, createdAt, readyAt, endsAt }: Session) {
  const { cores, memoryMiB, gpus } = spec.resources
  const node = 'node' in facts ? facts.node : null
  const job = 'jobId' in facts ? facts.jobId : null
  return [
    name,
    serverName,
    account,
    facts.state,
    spec.cluster,
    spec.profile.title,
    cores,
    memoryMiB,
    gpus,
    node,
    job,
    iso(createdAt),
    iso(readyAt),
    iso(endsAt),
  ]
}

/** What was typed into a form that could not be followed. */
export interface Tried {
  readonly form: 'announce' | 'drain'
  readonly problem: string
  readonly fields: Readonly<Record<string, string>>
  readonly status: number
}

export async function showAdmin(c: WebContext, room: WebRoom, tried: Tried | null = null): Promise<Response> {
  const { paths, times, now, desk, pages } = room
  const { rights, sessions, runs, seesAll } = await lookBack(c, room)
  const query = readPeopleQuery(c.req.query())
  const [list, health] = await Promise.all([listPeople(room, rights, sessions, query), desk.health()])
  const shown: PeopleQuery = { ...query, page: list.page }
  const at = now()
  const counts = new Map<string, number>()
  for (const { spec } of sessions) counts.set(spec.cluster, (counts.get(spec.cluster) ?? 0) + 1)
  const on = new Set(sessions.map(({ userId }) => userId)).size
  const day = seesAll ? dayFigures(runs, at) : null
  const titleOf = (key: string): string => desk.clusters.get(key) ?? key
  return pages.show(c, {
    template: 'admin',
    title: `Admin: ${count(on, 'person', 'people')} on`,
    nav: 'admin',
    status: tried?.status ?? 200,
    // Its rows and figures are replaced one by one; a form that was refused stays as it was sent.
    every: tried === null ? everySeconds : null,
    data: {
      at,
      tiles: tilesOf(on, sessions, day),
      has_figures: day !== null,
      query: shown,
      here_query: writePeopleQuery(shown),
      states: Object.entries(stateFilters)
        .filter(([key]) => rights.lists !== undefined || (key !== 'off' && key !== 'everyone'))
        .map(([key, title]) => ({ key, title })),
      places: placesIn(sessions),
      columns: columnsOf(shown, paths.admin),
      rows: list.people.map((person) => personRow(person, person.seenAt, rights, { times, now: at, paths })),
      caption: captionOf(shown, list),
      range: rangeOf(list),
      page_links: pageLinks(shown, list, paths.admin),
      csv_url: `${paths.admin}/people.csv${writePeopleQuery({ ...shown, page: 1 })}`,
      charts:
        day === null
          ? []
          : chartsOf(runs, room).map((chart) => ({ ...chart, csv_url: `${paths.admin}/${chart.id}.csv` })),
      failures: (day?.failures ?? []).slice(0, failuresShown).map((run) => ({
        user: run.userName,
        profile: run.profile,
        when: times.day(run.endedAt ?? at, at),
        word: chipWord(run.code),
        url: paths.session(run.id),
      })),
      failures_more: Math.max(0, (day?.failures.length ?? 0) - failuresShown),
      health: healthLines(health, (key) => counts.get(key) ?? 0, room.drains.refusal, times, at),
      rules_site: rights.rulesSite,
      reads_audit: rights.readsAudit,
      clusters: [...desk.clusters].map(([key, title]) => ({ key, title, stay: counts.get(key) ?? 0 })),
      stay: sessions.length,
      drains: room.drains.list().map(({ cluster, reason, by, since }) => ({
        key: cluster ?? '',
        title: cluster === null ? 'The whole site' : titleOf(cluster),
        reason,
        by,
        since: times.day(since, at),
      })),
      announced: room.announcements.list().map(({ id, text, to, by, until }) => ({
        id,
        text,
        by,
        to: audienceWords(to, titleOf),
        until: until === null ? null : times.full(until),
      })),
      announce_to: (c.req.query('to') ?? '').slice(0, 200),
      tried_announce: tried?.form === 'announce' ? tried : null,
      tried_drain: tried?.form === 'drain' ? tried : null,
    },
  })
}

const chipWord = (code: string | null): string => {
  const words = (code ?? 'ended').replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function tilesOf(on: number, sessions: readonly Session[], day: DayFigures | null) {
  const of = (kind: ReturnType<typeof kindOf>) => sessions.filter((session) => kindOf(session) === kind).length
  const parts = [`${of('ready')} ready`, `${of('waiting')} waiting`, `${of('moving')} on the way`]
  const people = {
    name: 'People on now',
    value: String(on),
    sub: day === null ? 'of those you may see' : `${day.peopleOfDay} in 24 h, ${day.peopleOfWeek} in 7 days`,
    link: null,
  }
  const running = { name: 'Sessions', value: String(sessions.length), sub: parts.join(', '), link: null }
  if (day === null) return [people, running]
  const share = day.decided === 0 ? '–' : `${((day.ready / day.decided) * 100).toFixed(1)} %`
  return [
    people,
    running,
    {
      name: 'Became ready, 24 h',
      value: share,
      sub: day.decided === 0 ? 'none was asked for' : `${day.ready} of ${day.decided}`,
      link: day.failures.length === 0 ? null : count(day.failures.length, 'failure', 'failures'),
    },
    {
      name: 'Click to ready, 24 h',
      value: day.median === null ? '–' : took(day.median),
      sub: day.p90 === null ? 'none became ready' : `median; 9 of 10 within ${took(day.p90)}`,
      link: null,
    },
  ]
}

const columnTitles: Readonly<Record<SortKey, string>> = {
  user: 'User',
  state: 'State',
  left: 'Time left',
  used: 'Last used',
}

/** Heads that sort: by name and last use only where it is the database that does it. */
function columnsOf(query: PeopleQuery, path: string) {
  const isOfAll = query.state === 'off' || query.state === 'everyone'
  return Object.fromEntries(
    Object.entries(columnTitles).map(([key, title]) => {
      const sort = key as SortKey
      const isSorted = query.sort === sort
      const next = { ...query, sort, isDescending: isSorted && !query.isDescending, page: 1 }
      return [
        key,
        {
          title,
          url: isOfAll && (sort === 'state' || sort === 'left') ? null : path + writePeopleQuery(next),
          order: isSorted ? (query.isDescending ? 'descending' : 'ascending') : null,
        },
      ]
    }),
  )
}

function captionOf({ state, page, sort, isDescending }: PeopleQuery, { total }: PeoplePage): string {
  const of = Math.max(1, Math.ceil(total / peoplePerPage))
  return `People: ${stateFilters[state].toLowerCase()}, page ${page} of ${of}, sorted by ${columnTitles[sort].toLowerCase()}, ${isDescending ? 'descending' : 'ascending'}`
}

function rangeOf({ people, total, page }: PeoplePage): string {
  if (total === 0) return 'Nobody'
  const first = (page - 1) * peoplePerPage + 1
  return `${first}–${first + people.length - 1} of ${count(total, 'person', 'people')}`
}

/** The first, the last, and those around the one that is shown; null stands for those left out. */
function pageLinks(query: PeopleQuery, { total }: PeoplePage, path: string) {
  const last = Math.max(1, Math.ceil(total / peoplePerPage))
  if (last === 1) return []
  const wanted = [1, query.page - 1, query.page, query.page + 1, last].filter((page) => page >= 1 && page <= last)
  const pages = [...new Set(wanted)].sort((a, b) => a - b)
  return pages.map((page, index) => ({
    page,
    url: page === query.page ? null : path + writePeopleQuery({ ...query, page }),
    follows_gap: index > 0 && page - (pages[index - 1] ?? page) > 1,
  }))
}

/** Back to the list as it was shown. @param back what the form says of it. */
export const backTo = (path: string, back: string): string =>
  path + writePeopleQuery(readPeopleQuery(Object.fromEntries(new URLSearchParams(back))))

/** @throws {BatchwayError} `forbidden` for whoever has no right over everybody's servers. */
export function siteRights({ rulesSite }: Rights): void {
  if (!rulesSite) throw new BatchwayError('forbidden', 'This needs the right over everybody’s servers.')
}
