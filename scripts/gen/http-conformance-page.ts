/** The page of bytes in and bytes out, from the table that the tests send. */
import {
  type Answer,
  type ClientStep,
  type OwnAnswer,
  passed,
  type Row,
  relayed,
} from '../../packages/proxy/src/conformance/row.ts'
import { chapters } from '../../packages/proxy/src/conformance/table.ts'
import readings from '../../test/proxy/readings.json' with { type: 'json' }
import { shapes } from '../../test/proxy/shapes.ts'
import { cell, page, table } from './markdown.ts'

/** What is the same in every row. */
const ours = relayed('').slice(relayed('').indexOf('X-Forwarded-For'))
const rules = passed('').slice(passed('').indexOf('Cross-Origin'), -4)
const most = 160

/** Bytes for a cell: `↵` is CR LF, all that cannot be seen is named. */
function show(bytes: string): string {
  const text = bytes
    .replace(ours, '(ours)\r\n')
    .replace(rules, '(ours)')
    .replaceAll('\r\n', '↵')
    .replace(/[\0-\x1f\x7f-\xff]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)
  const short = text.length > most ? `${text.slice(0, most - 40)} … (${bytes.length} bytes)` : text
  return short === '' ? '' : `<code>${cell(short.replaceAll('&', '&amp;')).replaceAll('`', '&#96;')}</code>`
}

const steps = (all: readonly (ClientStep | Extract<Answer, readonly unknown[]>[number])[]): string =>
  all
    .map((step) => {
      if (step === 'half-close' || step === 'close' || step === 'reset' || step === 'at head') return `*${step}*`
      if (typeof step === 'string') return show(step)
      return `*wait for* ${show('until' in step ? step.until : step.untilSeen)}`
    })
    .join(' ')
const said = (answer: Answer): string => (typeof answer === 'string' ? show(answer) : steps(answer))
const got = (each: string | OwnAnswer): string =>
  typeof each === 'string' && !each.startsWith('400') ? show(each) : `ours, ${each}`

function application({ application: script, sees }: Row): string {
  if (script === undefined) return sees.length === 0 ? '' : '`ok`'
  if (typeof script === 'string' || !('byTarget' in script || 'inTurn' in script)) return said(script)
  return ('byTarget' in script ? Object.values(script.byTarget) : script.inTurn).map(said).join(' then ')
}

const line = (row: Row): readonly string[] => [
  cell(row.name),
  cell(row.rule),
  typeof row.client === 'string' ? show(row.client) : steps(row.client),
  row.sees.map(show).join(' then ') || 'nothing',
  application(row),
  row.gets.map(got).join(' then ') || 'nothing',
  row.after,
]

const servers = ['node', 'nginx', 'python', 'tornado'] as const
const readingOf = (who: (typeof servers)[number] | 'ours', shape: string): string =>
  Object.entries(readings.readings[who]).find(([name]) => name === shape)?.[1] ?? ''
const disagreed = shapes.filter(({ name }) => new Set(servers.map((who) => readingOf(who, name))).size > 1)

export const httpConformancePage = (): string =>
  page(
    'HTTP, byte by byte',
    'packages/proxy/src/conformance/table.ts',
    'What the proxy makes of requests and answers. `packages/proxy/src/conformance/conformance.test.ts` plays every row with sockets of its own on both sides; afterwards another request must get its own answer, on the same connection where that stays open.',
    '`↵` is CR LF. “(ours)” are the lines that the proxy adds: `X-Forwarded-For`, `-Proto`, `-Host`, `-Port` and `Connection` for the application, `Cross-Origin-Resource-Policy` and `X-Frame-Options` for the client; `Date`, `Connection` and `Keep-Alive` of answers are left out. Chunks are put together. “ours, 400” is an answer of the proxy itself, which repeats nothing that anybody sent. “…”: the connection ends there. A rule called “ours” is a decision, not a standard.',
    ...chapters.flatMap(({ title, rows }) => [
      `## ${title}`,
      table(
        ['what', 'rule', 'client says', 'application gets', 'application says', 'client gets', 'connection'],
        rows.map(line),
      ),
    ]),
    '## Where servers disagree',
    `${disagreed.length} shapes that one server takes for another number of requests than the next one, or refuses: read by ${servers.map((who) => readings.versions[who]).join(', ')} with nothing before them (\`test/proxy/read-shapes.ts\`). Each hides \`GET /hidden\`. “ours” is what the proxy lets through; \`test/proxy/disagreement.real.test.ts\` sends all of them, the table above and damaged requests, and compares each server’s requests with those that left the proxy. Two shapes pass as they are and mean the same to all: \`//a\`, which Python tells as \`/a\` (the proxy sends it nowhere if that is another route), and a request with more than a hundred headers, which Python refuses.`,
    table(
      ['shape', 'bytes', ...servers.map((who) => readings.versions[who].split(/[ /]/)[0] ?? who), 'ours'],
      disagreed.map(({ name, bytes }) => [
        cell(name),
        show(bytes),
        ...servers.map((who) => cell(readingOf(who, name))),
        cell(readingOf('ours', name)),
      ]),
    ),
  )
