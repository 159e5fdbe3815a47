import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { z } from 'zod'
import { GroupAnswer } from './answers.ts'
import { CommandProblem } from './exit-statuses.ts'
import { Anything, pathOf } from './remote.ts'
import { answer, collect, enter, type RemoteOptions, remoteCommand } from './remote-command.ts'
import type { Surroundings } from './surroundings.ts'
import { type Column, factsText, tableText } from './table.ts'

const columns: readonly Column<GroupAnswer>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'USERS', of: ({ users }) => (users === undefined ? '-' : String(users.length)) },
  { title: 'MEMBERS', of: ({ users = [] }) => users.join(', ') },
]

const groupText = ({ name, users, roles, properties }: GroupAnswer): string =>
  factsText([
    ['name', name],
    ['users', users?.join(', ') ?? null],
    ['roles', roles?.join(', ') ?? null],
    ['properties', properties === undefined ? null : JSON.stringify(properties)],
  ])

/** @throws {CommandProblem} for what is no JSON object. */
function readProperties(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CommandProblem('refused', `${file} cannot be read`, { cause: error })
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
  } catch {
    throw new CommandProblem(
      'refused',
      `${file === '-' ? 'standard input' : file} does not hold a JSON object, such as {"quota": {"gpu": 2}}`,
    )
  }
}

export function addGroupCommands(program: Command, here: Surroundings): void {
  const groups = program.command('group').description('groups of a gateway, by its API').helpCommand(false)
  const members = (name: string) => pathOf`/groups/${name}/users`

  remoteCommand(groups, 'list', 'list groups', ['group list', 'group list --json']).action(
    async (options: RemoteOptions) => {
      const all = await enter(options, here).list('/groups', {}, GroupAnswer)
      answer(here, options, all, () => tableText(all, columns, here.columns, 'There are no groups.'))
    },
  )

  remoteCommand(groups, 'show <name>', 'show one group', ['group show course-7']).action(
    async (name: string, options: RemoteOptions) => {
      const group = await enter(options, here).read(pathOf`/groups/${name}`, GroupAnswer)
      answer(here, options, group, () => groupText(group))
    },
  )

  remoteCommand(groups, 'create <name>', 'make a group', ['group create course-7 --user dora --user emil'])
    .option('--user <name>', 'a member (repeatable)', collect)
    .action(async (name: string, options: RemoteOptions & { user?: readonly string[] }) => {
      const group = await enter(options, here).send(
        'POST',
        pathOf`/groups/${name}`,
        { users: options.user ?? [] },
        GroupAnswer,
      )
      answer(here, options, group, () => groupText(group))
    })

  remoteCommand(groups, 'delete <name>', 'remove a group; its members stay users', ['group delete course-7']).action(
    async (name: string, options: RemoteOptions) => {
      await enter(options, here).send('DELETE', pathOf`/groups/${name}`, undefined, Anything)
      answer(here, options, { name, deleted: true }, () => 'removed\n')
    },
  )

  for (const [verb, method, words] of [
    ['add', 'POST', 'put users into a group'],
    ['remove', 'DELETE', 'take users out of a group; the next sign-in may put them back'],
  ] as const)
    remoteCommand(groups, `${verb} <group> <users...>`, words, [`group ${verb} course-7 dora emil`]).action(
      async (name: string, users: string[], options: RemoteOptions) => {
        const group = await enter(options, here).send(method, members(name), { users }, GroupAnswer)
        answer(here, options, group, () => groupText(group))
      },
    )

  remoteCommand(groups, 'properties <name>', 'print the properties of a group as JSON, or replace them', [
    'group properties course-7',
    'group properties course-7 --file properties.json',
    `group properties course-7 --file - < properties.json`,
  ])
    .option('--file <file>', 'a JSON object to put in their place; - is standard input')
    .action(async (name: string, options: RemoteOptions & { file?: string }) => {
      const path = pathOf`/groups/${name}`
      const body = options.file === undefined ? null : readProperties(options.file)
      const remote = enter(options, here)
      const { properties } =
        body === null
          ? await remote.read(path, GroupAnswer)
          : await remote.send('PUT', `${path}/properties`, body, GroupAnswer)
      if (properties === undefined)
        throw new CommandProblem('credentials', 'this token does not show properties: it needs the scope read:groups')
      here.out(`${JSON.stringify(properties, null, 2)}\n`)
    })
}
