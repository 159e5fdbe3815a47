/** The page of what the audit log holds. */
import { auditActions } from '../../packages/batchway/src/people/audit.ts'
import { cell, code, page, table } from './markdown.ts'

export const auditPage = (): string =>
  page(
    'What the audit log holds',
    'packages/batchway/src/people/audit.ts',
    '[How to read it](../how-to/audit.md).',
    '## Actions',
    table(
      ['action', 'meaning'],
      Object.entries(auditActions).map(([action, meaning]) => [code(action), cell(meaning)]),
    ),
    '## Fields of an entry (`--json`)',
    table(
      ['field', 'meaning'],
      [
        ['`id`', 'number in the order of writing'],
        ['`at`', 'time, ISO 8601 in UTC'],
        [
          '`actor`',
          'who did it: name of a user, id of an application’s OAuth client, or `system` (the hub itself), `operator` (someone at the command line), `anonymous`',
        ],
        ['`action`', 'one of the above'],
        ['`object`', 'to whom or what: `alice`, `alice/lab` (a server; the default one is `alice/`)'],
        ['`address`', 'of the client; empty if there was none'],
        [
          '`way`',
          'how the actor had signed in (`link`, `pam`, …), or `token`, `oauth`, `command`, `config`; empty where it does not matter',
        ],
        ['`outcome`', '`ok` or `refused`'],
        ['`detail`', 'more in a few words, never a secret'],
      ].map((row) => row.map(cell)),
    ),
  )
