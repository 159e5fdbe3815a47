import type { Command } from 'commander'
import { ServiceAnswer, ServiceList } from './answers.ts'
import { pathOf } from './remote.ts'
import { answer, enter, type RemoteOptions, remoteCommand } from './remote-command.ts'
import type { Surroundings } from './surroundings.ts'
import { type Column, factsText, tableText } from './table.ts'

const columns: readonly Column<ServiceAnswer>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'ROLES', of: ({ roles = [] }) => roles.join(', ') },
  { title: 'PATH', of: ({ prefix }) => prefix ?? '' },
  { title: 'ADDRESS', of: ({ url }) => url ?? '' },
]

const serviceText = ({ name, roles, prefix, url, display }: ServiceAnswer): string =>
  factsText([
    ['name', name],
    ['roles', roles?.join(', ') ?? null],
    ['path', prefix ?? null],
    ['address', url ?? null],
    ['on the pages', display === undefined ? null : display ? 'yes' : 'no'],
  ])

export function addServiceCommands(program: Command, here: Surroundings): void {
  const services = program.command('service').description('services of a gateway, by its API').helpCommand(false)

  remoteCommand(services, 'list', 'list services', ['service list']).action(async (options: RemoteOptions) => {
    const all = Object.values(await enter(options, here).read('/services', ServiceList))
    answer(here, options, all, () => tableText(all, columns, here.columns, 'There are no services.'))
  })

  remoteCommand(services, 'show <name>', 'show one service', ['service show culler']).action(
    async (name: string, options: RemoteOptions) => {
      const service = await enter(options, here).read(pathOf`/services/${name}`, ServiceAnswer)
      answer(here, options, service, () => serviceText(service))
    },
  )
}
