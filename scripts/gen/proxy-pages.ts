/** Pages about the proxy in configurable-http-proxy's place: its options, and what differs. */
import { groups } from '../../packages/proxy/src/chp/conformance/groups.ts'
import { refusedLines } from '../../packages/proxy/src/chp/conformance/refused-rows.ts'
import { type ChpOption, chpOptionList } from '../../packages/proxy/src/chp/option-table.ts'
import { cell, code, page, table } from './markdown.ts'

const written = (name: string, { hint }: ChpOption): string => code(`--${name}${hint === undefined ? '' : ` ${hint}`}`)

function standing({ differs, ignored, refused, isOurs }: ChpOption): string {
  if (refused !== undefined) return `refused: ${refused}`
  if (ignored !== undefined) return `no effect: ${ignored}`
  if (isOurs) return 'ours alone'
  return differs ?? 'as there'
}

export const proxyOptionsPage = (): string =>
  page(
    'Options of the proxy in configurable-http-proxy’s place',
    'packages/proxy/src/chp/option-table.ts',
    'Of the command `batchway-chp`. Every option of configurable-http-proxy 5.3 is in the table, and what becomes of it; [how to use it](../how-to/proxy.md), [what differs](differences-from-chp.md).',
    table(
      ['option', 'what it does', 'default', 'beside configurable-http-proxy 5.3'],
      chpOptionList.map(([name, option]) => [
        written(name, option),
        cell(option.help),
        option.usual ? code(option.usual) : '',
        cell(standing(option)),
      ]),
    ),
    '## Environment',
    table(
      ['variable', 'what it is'],
      [
        [code('CONFIGPROXY_AUTH_TOKEN'), 'The token that the hub shows. Without one the proxy does not start'],
        [code('CONFIGPROXY_SSL_KEY_PASSPHRASE'), 'Passphrase of `--ssl-key`'],
        [code('CONFIGPROXY_API_SSL_KEY_PASSPHRASE'), 'Passphrase of `--api-ssl-key`'],
      ],
    ),
    'The exit code is 2 after SIGTERM or SIGINT, and 1 when it cannot start, with the reason on standard error.',
  )

const shown = (facts: unknown): string => {
  const text = typeof facts === 'string' ? facts : JSON.stringify(facts)
  return cell(`\`${text.replaceAll('`', "'")}\``)
}

export const chpDifferencesPage = (): string =>
  page(
    'Differences from configurable-http-proxy',
    'packages/proxy/src/chp/conformance',
    'A test runs the real configurable-http-proxy 5.3.0 and Batchway’s proxy in its place through the same table: every call of the REST API, every option, every error. Beside what follows there is no difference; the test fails for one that is not listed, and for a line that is no longer true.',
    table(
      ['options', 'what', 'configurable-http-proxy 5.3', 'Batchway', 'why'],
      groups.flatMap(({ name, rows }) =>
        rows.flatMap(({ what, ours, differs }) =>
          differs === undefined
            ? []
            : [[cell(name), cell(what), shown(differs.theirs), shown(ours), cell(differs.why)]],
        ),
      ),
    ),
    '## Command lines',
    'Refused here, with a sentence that says why, and taken there:',
    table(
      ['option', 'configurable-http-proxy 5.3 starts'],
      refusedLines.flatMap(({ argv, theirs }) =>
        theirs === null ? [] : [[code(argv.join(' ')), cell(theirs.starts)]],
      ),
    ),
    '## What a table of requests does not show',
    table(
      ['what', 'configurable-http-proxy 5.3', 'Batchway', 'why'],
      [
        [
          'No token',
          'starts, and its API is open',
          'does not start',
          'Whoever is on the machine could send browsers anywhere',
        ],
        ['Log', 'coloured lines', 'one JSON object a line', 'Programs read it; queries and tokens are never in it'],
        [
          'SIGTERM',
          'ends at once',
          'takes nothing new, lets requests finish for `--drain-seconds`, then ends',
          'A page that is half sent stays half',
        ],
        [
          'Addresses of clients',
          '`::ffff:127.0.0.1` where it listens everywhere',
          '`127.0.0.1`',
          'One client has one address',
        ],
        [
          'Restart',
          'forgets all routes until the hub looks',
          'the same; with `--snapshot` the hub’s own route is there at once, and the others again when the hub posts them',
          'Another program may sit on a user’s port by now',
        ],
        [
          'Requests that smuggle: both lengths, bare line ends, two hosts',
          'mostly refused by Node’s parser',
          'refused',
          'One request must never be two',
        ],
      ],
    ),
  )
