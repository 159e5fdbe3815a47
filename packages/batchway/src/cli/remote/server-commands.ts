import { type Command, InvalidArgumentError } from 'commander'
import { serverApiPath } from '../../core/http.ts'
import { ServerAnswer, SessionAnswer, UserAnswer } from './answers.ts'
import { CommandProblem, exitStatuses } from './exit-statuses.ts'
import { followStart } from './follow-start.ts'
import { plainLine, plainLines } from './plain-text.ts'
import { Anything, pathOf, type Remote } from './remote.ts'
import { answer, enter, ownName, type RemoteOptions, remoteCommand, untilFree } from './remote-command.ts'
import { addressOf, serverColumns, serverState, serverText } from './server-words.ts'
import type { Surroundings } from './surroundings.ts'
import { tableText } from './table.ts'

interface ServerOptions extends RemoteOptions {
  readonly user?: string
}
interface StartOptions extends ServerOptions {
  readonly profile?: string
  readonly option?: Readonly<Record<string, string>>
  readonly title?: string
  readonly wait?: boolean
}

function addChoice(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, name, value] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('write NAME=VALUE, e.g. cores=4')
  return { ...before, [name]: value }
}

/** Where a server is below the API. Its path has been checked by `pathOf`: no name climbs. */
async function locate(remote: Remote, server: string, { user }: ServerOptions) {
  const owner = user ?? (await ownName(remote))
  pathOf`/users/${owner}`
  if (server !== '') pathOf`/${server}`
  return { owner, name: server, path: serverApiPath(owner, server) }
}

/** What Batchway tells beyond JupyterHub's model; null from another hub, or where nothing ran yet. */
async function sessionOf(remote: Remote, owner: string, { session }: ServerAnswer): Promise<SessionAnswer | null> {
  if (session == null || session === '') return null
  return remote.read(pathOf`/users/${owner}/sessions/${session}`, SessionAnswer).catch((error: unknown) => {
    if (error instanceof CommandProblem && error.exitStatus === exitStatuses.missing.status) return null
    throw error
  })
}

export function addServerCommands(program: Command, here: Surroundings): void {
  const servers = program.command('server').description('servers of users, by the API').helpCommand(false)
  const add = (usage: string, description: string, examples: readonly string[]): Command =>
    remoteCommand(servers, usage, description, examples).option('--user <name>', 'whose (else your own)')

  add('list', 'list servers: your own, or those of others that your token may see', [
    'server list',
    'server list --all',
    'server list --user alice --stopped --json',
  ])
    .option('--all', 'of all users that this token may see')
    .option('--stopped', 'those that have stopped, too')
    .action(async (options: ServerOptions & { all?: boolean; stopped?: boolean }) => {
      const remote = enter(options, here)
      const query: Record<string, string> = options.stopped ? { include_stopped_servers: '1' } : {}
      const users = options.all
        ? await remote.list(
            '/users',
            { sort: 'name', ...(options.stopped ? {} : { state: 'active' }), ...query },
            UserAnswer,
          )
        : [
            await remote.read(
              `${pathOf`/users/${options.user ?? (await ownName(remote))}`}?${new URLSearchParams(query)}`,
              UserAnswer,
            ),
          ]
      const all = users.flatMap(({ servers: own = {} }) => Object.values(own))
      answer(here, options, all, () => tableText(all, serverColumns, here.columns, 'No server runs.'))
    })

  add('show [name]', 'show one server; without a name the default one', [
    'server show',
    'server show lab --user alice',
  ]).action(async (name: string | undefined, options: ServerOptions) => {
    const remote = enter(options, here)
    const { owner, path } = await locate(remote, name ?? '', options)
    const server = await remote.read(path, ServerAnswer)
    const session = options.json ? null : await sessionOf(remote, owner, server)
    answer(here, options, server, () => serverText(server, session, remote.site))
  })

  add('start [name]', 'start a server; without choices as it was last time', [
    'server start --wait',
    'server start lab --profile gpu --option gpus=2 --option walltime=4h',
  ])
    .option('--profile <key>', 'what to start')
    .option('--option <name=value>', 'a choice of the profile (repeatable)', addChoice)
    .option('--title <text>', 'a title for a named server')
    .option('--wait', 'tell the stages, and return when it is ready')
    .action(async (name: string | undefined, options: StartOptions) => {
      const remote = enter(options, here)
      const { path } = await locate(remote, name ?? '', options)
      const { profile, option, title } = options
      const chosen = { ...option, ...(profile !== undefined && { profile }) }
      const body = {
        ...(Object.keys(chosen).length > 0 && { user_options: chosen }),
        ...(title !== undefined && { display_name: title }),
      }
      await remote.send('POST', path, body, Anything)
      if (options.wait)
        await followStart(remote, `${path}/progress`, { say: (line) => here.err(`${line}\n`), pause: here.pause })
      const server = await remote.read(path, ServerAnswer)
      answer(here, options, server, () =>
        options.wait
          ? `${addressOf(server, remote.site)}\n`
          : `${serverState(server)}; follow it with "batchway server show${name ? ` ${plainLine(name)}` : ''}"\n`,
      )
    })

  add('stop [name]', 'stop a server', ['server stop', 'server stop lab --wait'])
    .option('--wait', 'return when it has stopped')
    .action(async (name: string | undefined, options: ServerOptions & { wait?: boolean }) => {
      const remote = enter(options, here)
      const { path } = await locate(remote, name ?? '', options)
      await remote.send('DELETE', path, undefined, Anything)
      const read = () => remote.read(path, ServerAnswer).catch(nothing)
      const still = async (): Promise<ServerAnswer | null> => {
        const now = await read()
        if (now !== null && serverState(now) === 'stopping')
          throw new CommandProblem('conflict', 'it is still stopping')
        return now
      }
      const server = options.wait
        ? await untilFree(here, still, ({ message }) => message === 'it is still stopping')
        : await read()
      const state = server === null ? 'stopped' : serverState(server)
      answer(here, options, server ?? { name: name ?? '', stopped: true }, () => `${state}\n`)
    })

  add('delete <name>', 'stop a named server, and keep it no longer', ['server delete lab']).action(
    async (name: string, options: ServerOptions) => {
      const remote = enter(options, here)
      const { owner, path } = await locate(remote, name, options)
      await remote.send('DELETE', path, { remove: true }, Anything)
      answer(here, options, { user: owner, name, deleted: true }, () => 'removed\n')
    },
  )

  add('log [name]', 'print the last lines of what ran last', ['server log', 'server log lab']).action(
    async (name: string | undefined, options: ServerOptions) => {
      const remote = enter(options, here)
      const { owner, path } = await locate(remote, name ?? '', options)
      const session = await sessionOf(remote, owner, await remote.read(path, ServerAnswer))
      const { log = [], log_place: place = null } = session?.outcome ?? {}
      if (!session?.outcome)
        throw new CommandProblem(
          'conflict',
          'it has not ended: its last lines come with the end. Meanwhile its own pages show what it does',
        )
      if (log.length === 0 && !options.json)
        here.err(place ? `its log is at ${plainLine(place)}\n` : 'it has left no log\n')
      answer(here, options, { session: session.id, log, log_place: place }, () =>
        log.map((line) => `${plainLines(line)}\n`).join(''),
      )
    },
  )

  add('url [name]', 'print the address of a server, for a browser', ['server url lab']).action(
    async (name: string | undefined, options: ServerOptions) => {
      const remote = enter(options, here)
      const { path } = await locate(remote, name ?? '', options)
      const server = await remote.read(path, ServerAnswer)
      const url = addressOf(server, remote.site)
      answer(here, options, { url, ready: server.ready }, () => `${url}\n`)
    },
  )
}

const nothing = (error: unknown): null => {
  if (error instanceof CommandProblem && error.exitStatus === exitStatuses.missing.status) return null
  throw error
}
