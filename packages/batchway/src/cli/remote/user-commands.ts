import { Argument, type Command, Option } from 'commander'
import { z } from 'zod'
import { UserAnswer } from './answers.ts'
import { CommandProblem, exitStatuses } from './exit-statuses.ts'
import { Anything, pathOf } from './remote.ts'
import { answer, enter, type RemoteOptions, remoteCommand, untilFree } from './remote-command.ts'
import { serverState } from './server-words.ts'
import type { Surroundings } from './surroundings.ts'
import { type Column, factsText, tableText, timeText } from './table.ts'

const yesNo = (value: boolean | undefined): string => (value === undefined ? '-' : value ? 'yes' : 'no')
const listed = (names: readonly string[] | undefined): string | null => (names === undefined ? null : names.join(', '))

const columns: readonly Column<UserAnswer>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'ADMIN', of: ({ admin }) => yesNo(admin) },
  { title: 'GROUPS', of: ({ groups }) => listed(groups) ?? '' },
  {
    title: 'SERVERS',
    of: ({ servers = {} }) =>
      Object.values(servers)
        .map((server) => `${server.name || '(default)'} ${serverState(server)}`)
        .join(', '),
  },
  { title: 'LAST ACTIVE', of: ({ last_activity }) => timeText(last_activity) },
]

function userText(user: UserAnswer): string {
  const { name, admin, groups, roles, created, last_activity, servers, scopes } = user
  return factsText([
    ['name', name],
    ['administrator', admin === undefined ? null : yesNo(admin)],
    ['groups', listed(groups)],
    ['roles', listed(roles)],
    ['created', created === undefined ? null : timeText(created)],
    ['last active', last_activity === undefined ? null : timeText(last_activity)],
    ...Object.values(servers ?? {}).map(
      (server) => [`server ${server.name || '(default)'}`, serverState(server)] as const,
    ),
    ['token may', scopes === undefined ? null : scopes.join(' ')],
  ])
}

export function addUserCommands(program: Command, here: Surroundings): void {
  const users = program.command('user').description('users of a gateway, by its API').helpCommand(false)

  remoteCommand(users, 'list', 'list users', [
    'user list',
    'user list --state ready --json',
    'user list --filter smith',
  ])
    .addOption(new Option('--state <state>', 'only users with such servers').choices(['active', 'ready', 'inactive']))
    .option('--filter <text>', 'only names that hold this text')
    .action(async (options: RemoteOptions & { state?: string; filter?: string }) => {
      const { state, filter } = options
      const query = { sort: 'name', ...(state && { state }), ...(filter && { name_filter: filter }) }
      const all = await enter(options, here).list('/users', query, UserAnswer)
      answer(here, options, all, () => tableText(all, columns, here.columns, 'There are no such users.'))
    })

  remoteCommand(users, 'show [name]', 'show one user; without a name who you are, and what your token may do', [
    'user show',
    'user show alice',
  ]).action(async (name: string | undefined, options: RemoteOptions) => {
    const user = await enter(options, here).read(name === undefined ? '/user' : pathOf`/users/${name}`, UserAnswer)
    answer(here, options, user, () => userText(user))
  })

  remoteCommand(users, 'create <names...>', 'make users; those that exist are left as they are', [
    'user create dora emil',
    'user create --admin fay',
  ])
    .option('--admin', 'make administrators of them')
    .action(async (names: string[], options: RemoteOptions & { admin?: boolean }) => {
      const body = { usernames: names, ...(options.admin && { admin: true }) }
      const made = await enter(options, here).send('POST', '/users', body, z.array(UserAnswer))
      const known = new Set(made.map(({ name }) => name))
      for (const name of names)
        if (!known.has(name.toLowerCase()) && !known.has(name)) here.err(`${JSON.stringify(name)} exists already\n`)
      answer(here, options, made, () => made.map(({ name }) => `made ${name}\n`).join(''))
    })

  remoteCommand(
    users,
    'delete <name>',
    'stop all servers of a user, wait until they have stopped, and remove the user',
    ['user delete dora'],
  ).action(async (name: string, options: RemoteOptions) => {
    const remote = enter(options, here)
    const path = pathOf`/users/${name}`
    // "Still stopping" is the one refusal that time mends.
    const isStopping = ({ exitStatus, message }: CommandProblem) =>
      exitStatus === exitStatuses.conflict.status && /process of stopping/.test(message)
    await untilFree(here, () => remote.send('DELETE', path, undefined, Anything), isStopping)
    answer(here, options, { name, deleted: true }, () => 'removed\n')
  })

  remoteCommand(users, 'rename <name> <new-name>', 'give a user another name; their servers must have stopped', [
    'user rename dora dorothea',
  ]).action(async (name: string, next: string, options: RemoteOptions) => {
    const user = await enter(options, here).send('PATCH', pathOf`/users/${name}`, { name: next }, UserAnswer)
    answer(here, options, user, () => userText(user))
  })

  remoteCommand(users, 'admin', 'make an administrator of a user, or none', ['user admin on fay', 'user admin off fay'])
    .addArgument(new Argument('<switch>', 'whether they are one').choices(['on', 'off']))
    .addArgument(new Argument('<name>', 'the user'))
    .action(async (state: 'on' | 'off', name: string, options: RemoteOptions) => {
      const user = await enter(options, here).send(
        'PATCH',
        pathOf`/users/${name}`,
        { admin: state === 'on' },
        UserAnswer,
      )
      if (user.admin !== undefined && user.admin !== (state === 'on'))
        throw new CommandProblem(
          'refused',
          `the hub has not changed it: ${name} is ${user.admin ? 'an' : 'no'} administrator by configuration`,
        )
      answer(here, options, user, () => userText(user))
    })
}
