/** The page of the events, and the same as JSON Schema for programs. */
import {
  type EventName,
  eventFields,
  eventNames,
  events,
  isEventName,
} from '../../packages/batchway/src/events/event-table.ts'
import { cell, code, page, table } from './markdown.ts'

const frame = [
  ['time', 'when it happened: ISO 8601 in UTC, with milliseconds'],
  ['event', 'name of the event'],
  ['id', 'of events of sessions: the same when it is told again'],
  ['request', 'of what a request caused: its id, as the answer carried it in `X-Request-Id`'],
  [
    'again',
    '`true` where a hub that was killed may have told it already: the same `id` stands in an earlier line, if it had',
  ],
  ['instance', 'the two characters `instance` of the configuration'],
] as const

const types = { name: 'text', words: 'text', number: 'number', time: 'time' } as const

const all = eventNames.filter(isEventName)

export const eventsPage = (): string =>
  page(
    'Events',
    'packages/batchway/src/events/event-table.ts',
    'One line for each thing that happened. Names and fields stay as they are; new ones may come. [Where they go, and how to filter them](../how-to/events.md); the same for programs: [events.schema.json](events.schema.json). In JSON a field without a value is `null`, with key=value it is left out.',
    '## Events',
    table(
      ['event', 'severity', 'meaning', 'fields'],
      all.map((name) => [
        code(name),
        events[name].severity,
        cell(events[name].meaning),
        events[name].fields.map(code).join(' '),
      ]),
    ),
    '## Fields of every line',
    table(
      ['field', 'meaning'],
      frame.map(([name, meaning]) => [code(name), cell(meaning)]),
    ),
    '## Other fields',
    table(
      ['field', 'type', 'meaning'],
      Object.entries(eventFields).map(([name, { kind, meaning }]) => [code(name), types[kind], cell(meaning)]),
    ),
  )

function schemaOf(name: EventName): object {
  const own = Object.fromEntries(
    events[name].fields.map((field) => {
      const { kind, meaning } = eventFields[field]
      const type = [kind === 'number' ? 'number' : 'string', 'null']
      return [field, { type, description: meaning, ...(kind === 'time' && { format: 'date-time' }) }]
    }),
  )
  return {
    title: name,
    description: events[name].meaning,
    type: 'object',
    required: ['time', 'event', 'instance', ...events[name].fields],
    properties: { event: { const: name }, ...own },
  }
}

export const eventsSchema = (): string =>
  `${JSON.stringify(
    {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'A line of events',
      type: 'object',
      properties: {
        time: { type: 'string', format: 'date-time' },
        event: { enum: all },
        id: { type: 'string' },
        request: { type: 'string' },
        again: { const: true },
        instance: { type: 'string' },
      },
      oneOf: all.map(schemaOf),
    },
    null,
    2,
  )}\n`
