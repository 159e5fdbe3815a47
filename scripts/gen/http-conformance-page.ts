/** The page of bytes in and bytes out, from the table that the tests send. */
import { mostExtension, mostExtensions, mostTrailers } from '../../packages/proxy/src/body-reader.ts'
import { defaultConnectionLimits, mostAhead } from '../../packages/proxy/src/client-connection.ts'
import {
  type Answer,
  type ClientStep,
  type OwnAnswer,
  passed,
  type Row,
  relayed,
} from '../../packages/proxy/src/conformance/row.ts'
import { chapters } from '../../packages/proxy/src/conformance/table.ts'
import { handshakeMs } from '../../packages/proxy/src/door.ts'
import { mostRequestHeaders } from '../../packages/proxy/src/request-head.ts'
import { mostResponseHeaders } from '../../packages/proxy/src/response-head.ts'
import { defaultUpstreamLimits } from '../../packages/proxy/src/upstream.ts'
import { mostInterim } from '../../packages/proxy/src/upstream-connection.ts'
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

const bytes = (count: number): string =>
  count >= 1_024 && count % 1_024 === 0 ? `${count / 1_024} KiB` : `${count.toLocaleString('en')} bytes`
const seconds = (ms: number): string => `${ms / 1_000} s`
const { headBytes, headMs, idleMs, stallMs, halfOpenMs, lingerMs } = defaultConnectionLimits

/** What, how much, and what becomes of whoever has more or takes longer. */
const limits: readonly (readonly [string, string, string])[] = [
  ['TLS handshake of a client', seconds(handshakeMs), 'closed'],
  ['a new connection without a byte', seconds(headMs), 'closed'],
  ['head of a request, from its first byte to its last, however slowly they come', seconds(headMs), '408'],
  [
    'a kept connection without a request',
    `${seconds(idleMs)} (\`--keep-alive-timeout\` of \`batchway-chp\`)`,
    'closed',
  ],
  ['a body that does not move, an answer that is not taken', `${seconds(stallMs)} without a byte`, 'closed'],
  ['the same for a client that has ended its side', seconds(halfOpenMs), 'closed'],
  ['a client that does not close behind a last answer, once it has all of it', seconds(lingerMs), 'closed'],
  ['an application that thinks', 'none (`--proxy-timeout` of `batchway-chp`)', ''],
  ['request line', bytes(headBytes), '414'],
  ['head of a request', bytes(headBytes), '431'],
  ['headers of a request', `${mostRequestHeaders}`, '431'],
  ['what follows the size of a chunk; all of it in a body', `${bytes(mostExtension)}; ${bytes(mostExtensions)}`, '400'],
  ['trailers', bytes(mostTrailers), '400'],
  ['body', 'none', ''],
  ['requests ahead of their turn', bytes(mostAhead), 'wait at their sender'],
  ['requests of a client that takes no answers', 'until the system’s buffers are full', 'wait at their sender'],
  ['a connection to an application, TLS and its key included', seconds(defaultUpstreamLimits.connectMs), '503'],
  ['head of an answer', `${bytes(defaultUpstreamLimits.headBytes)}, ${mostResponseHeaders} headers`, '503'],
  ['answers before an answer', `${mostInterim}`, '503'],
]

export const httpConformancePage = (): string =>
  page(
    'HTTP, byte by byte',
    'packages/proxy/src/conformance/table.ts',
    'What the proxy makes of requests and answers. `packages/proxy/src/conformance/conformance.test.ts` plays every row with sockets of its own on both sides, to applications by TCP, by TLS with a key and by a unix socket; afterwards another request must get its own answer, on the same connection where that stays open.',
    '`↵` is CR LF. “(ours)” are the lines that the proxy adds: `X-Forwarded-For`, `-Proto`, `-Host`, `-Port` and `Connection` for the application, `Cross-Origin-Resource-Policy` and `X-Frame-Options` for the client; `Date`, `Connection` and `Keep-Alive` of answers are left out. Chunks are put together. “ours, 400” is an answer of the proxy itself, which repeats nothing that anybody sent. “…”: the connection ends there. A rule called “ours” is a decision, not a standard.',
    ...chapters.flatMap(({ title, rows }) => [
      `## ${title}`,
      table(
        ['what', 'rule', 'client says', 'application gets', 'application says', 'client gets', 'connection'],
        rows.map(line),
      ),
    ]),
    '## Limits',
    'A client that has more, or takes longer, is told so if it can be, and its connection ends; `packages/proxy/src/slow-clients.test.ts` and `client-connection-flow.test.ts` try them. A body that comes by drops is not ended: uploads over slow lines look the same.',
    table(
      ['what', 'limit', 'then'],
      limits.map((cells) => cells.map(cell)),
    ),
    '## Where servers disagree',
    `${disagreed.length} shapes that one server takes for another number of requests than the next one, or refuses: read by ${servers.map((who) => readings.versions[who]).join(', ')} with nothing before them (\`test/proxy/read-shapes.ts\`). Each hides \`GET /hidden\`. “ours” is what the proxy lets through; \`test/proxy/disagreement.real.test.ts\` sends all of them, the table above and damaged requests, and compares each server’s requests with those that left the proxy. Two shapes pass as they are and mean the same to all: \`//a\`, which Python tells as \`/a\` (the proxy sends it nowhere if that is another route), and a request with more than a hundred headers, which Python refuses, or with a thousand and ours, which Node refuses.`,
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
