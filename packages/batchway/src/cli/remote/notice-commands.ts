/** What administrators tell and stop for everybody: `batchway announce`, `batchway drain`. */
import type { Command } from 'commander'
import { z } from 'zod'
import { CommandProblem } from './exit-statuses.ts'
import { plainLine } from './plain-text.ts'
import { Anything, pathOf } from './remote.ts'
import { answer, enter, type RemoteOptions, remoteCommand } from './remote-command.ts'
import type { Surroundings } from './surroundings.ts'
import { type Column, tableText } from './table.ts'

const AnnouncementAnswer = z.looseObject({
  id: z.string(),
  text: z.string(),
  to: z.looseObject({ kind: z.string(), cluster: z.string().optional(), user: z.string().optional() }),
  by: z.string(),
  created: z.string(),
  until: z.string().nullable(),
})
type AnnouncementAnswer = z.infer<typeof AnnouncementAnswer>
const DrainAnswer = z.looseObject({
  cluster: z.string().nullable(),
  reason: z.string(),
  by: z.string(),
  since: z.string(),
})
type DrainAnswer = z.infer<typeof DrainAnswer>

/** `2026-11-24 07:00 UTC`: what is read beside a site's own clock says of which zone it is. */
const minute = (wire: string): string => `${wire.slice(0, 16).replace('T', ' ')} UTC`
const toWords = ({ kind, cluster, user }: AnnouncementAnswer['to']): string =>
  kind === 'everyone' ? 'everyone' : kind === 'cluster' ? `cluster ${cluster}` : `user ${user}`

const announcementColumns: readonly Column<AnnouncementAnswer>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'TO', of: ({ to }) => toWords(to) },
  { title: 'UNTIL', of: ({ until }) => (until === null ? 'withdrawn' : minute(until)) },
  { title: 'BY', of: ({ by }) => by },
  { title: 'TEXT', of: ({ text }) => text },
]
const drainColumns: readonly Column<DrainAnswer>[] = [
  { title: 'WHAT', of: ({ cluster }) => cluster ?? 'the whole site' },
  { title: 'SINCE', of: ({ since }) => minute(since) },
  { title: 'BY', of: ({ by }) => by },
  { title: 'REASON', of: ({ reason }) => reason },
]

interface AnnounceOptions extends RemoteOptions {
  readonly cluster?: string
  readonly user?: string
  readonly until?: string
}

export function addNoticeCommands(program: Command, here: Surroundings): void {
  addAnnounceCommands(program, here)
  addDrainCommands(program, here)
}

function addAnnounceCommands(program: Command, here: Surroundings): void {
  const announce = program.command('announce').description('announcements on top of the pages').helpCommand(false)

  remoteCommand(announce, 'list', 'list the announcements in force, whoever they are for', ['announce list']).action(
    async (options: RemoteOptions) => {
      const all = await enter(options, here).read('/announcements', z.array(AnnouncementAnswer))
      answer(here, options, all, () => tableText(all, announcementColumns, here.columns, 'Nothing is announced.'))
    },
  )

  remoteCommand(announce, 'send <text...>', 'announce something: to everyone, or to those named', [
    'announce send "Maintenance on Tuesday, 8 to 12." --until 2026-11-24T12:00+01:00',
    'announce send "larch is slow today." --cluster larch',
    'announce send "Your home is nearly full." --user alice',
  ])
    .option('--cluster <key>', 'to people with a session on this cluster')
    .option('--user <name>', 'to one person')
    .option(
      '--until <time>',
      'when it goes by itself, in ISO 8601; without a zone it is UTC (else: when it is withdrawn)',
    )
    .action(async (words: string[], { cluster, user, until, ...options }: AnnounceOptions) => {
      if (cluster !== undefined && user !== undefined)
        throw new CommandProblem('refused', 'name a cluster or a user, not both')
      const to =
        cluster !== undefined
          ? { kind: 'cluster', cluster }
          : user !== undefined
            ? { kind: 'user', user }
            : { kind: 'everyone' }
      const body = { text: words.join(' '), to, ...(until !== undefined && { until }) }
      const made = await enter(options, here).send('POST', '/announcements', body, AnnouncementAnswer)
      answer(here, options, made, () => `announced to ${toWords(made.to)} as ${plainLine(made.id)}\n`)
    })

  remoteCommand(announce, 'withdraw <id>', 'take an announcement down', ['announce withdraw 4f1c09d2ab37']).action(
    async (id: string, options: RemoteOptions) => {
      await enter(options, here).send('DELETE', pathOf`/announcements/${id}`, undefined, Anything)
      answer(here, options, { id, withdrawn: true }, () => 'withdrawn\n')
    },
  )
}

function addDrainCommands(program: Command, here: Surroundings): void {
  const drain = program.command('drain').description('take no new sessions for a while').helpCommand(false)
  const pathFor = (cluster: string | undefined): string =>
    cluster === undefined ? '/drain' : pathOf`/clusters/${cluster}/drain`
  const placeOf = (cluster: string | undefined): string =>
    cluster === undefined ? 'the whole site' : plainLine(cluster)

  remoteCommand(drain, 'list', 'list what takes no new sessions, and why', ['drain list']).action(
    async (options: RemoteOptions) => {
      const all = await enter(options, here).read('/drains', z.array(DrainAnswer))
      answer(here, options, all, () => tableText(all, drainColumns, here.columns, 'New sessions are taken everywhere.'))
    },
  )

  remoteCommand(drain, 'begin <reason...>', 'take no new sessions; those that run and wait stay', [
    'drain begin "Maintenance until noon" --cluster larch',
    'drain begin "The machine room is too warm."',
  ])
    .option('--cluster <key>', 'of this cluster alone (else of the whole site)')
    .action(async (words: string[], { cluster, ...options }: RemoteOptions & { cluster?: string }) => {
      const made = await enter(options, here).send('PUT', pathFor(cluster), { reason: words.join(' ') }, DrainAnswer)
      answer(here, options, made, () => `drained: ${placeOf(cluster)}\n`)
    })

  remoteCommand(drain, 'end', 'take new sessions again', ['drain end --cluster larch', 'drain end'])
    .option('--cluster <key>', 'on this cluster (else: end the drain of the whole site)')
    .action(async ({ cluster, ...options }: RemoteOptions & { cluster?: string }) => {
      await enter(options, here).send('DELETE', pathFor(cluster), undefined, Anything)
      answer(here, options, { cluster: cluster ?? null, drained: false }, () => `open again: ${placeOf(cluster)}\n`)
    })
}
