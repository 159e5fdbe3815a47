/** What is wrong with where events go, beyond its form. */
import { type ConfigProblem, closest } from '../core/config-error.ts'
import type { SiteChecks } from '../core/load-config.ts'
import { eventNames } from '../events/event-table.ts'
import { sinkName } from './open-sinks.ts'

const kinds = new Set(eventNames.map((name) => `${name.slice(0, name.indexOf('.'))}.*`))
const known: readonly string[] = [...kinds, ...eventNames]

export const eventProblems: SiteChecks = ({ events }) => {
  const names = (events?.to ?? []).map(sinkName)
  return (events?.to ?? []).flatMap((sink, index): ConfigProblem[] => [
    ...(sink.only ?? []).flatMap((word, place): ConfigProblem[] => {
      if (word === '*' || known.includes(word)) return []
      const guess = closest(word, known)
      const help = guess ? `did you mean "${guess}"?` : `known kinds: ${[...kinds].join(', ')}`
      return [{ path: `events.to[${index}].only[${place}]`, message: `there is no event "${word}"; ${help}` }]
    }),
    // Two queues before one file would mix their lines, and each would believe to be alone.
    ...(names.indexOf(sinkName(sink)) === index
      ? []
      : [{ path: `events.to[${index}]`, message: `leads to the same place as another one: ${sinkName(sink)}` }]),
  ])
}
