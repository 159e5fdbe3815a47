/** The page of what `batchway doctor` looks at. */
import { type CheckRow, checks } from '../../packages/batchway/src/cli/doctor/check-table.ts'
import { cell, code, page, table } from './markdown.ts'

const scopes = {
  site: 'Once for the site.',
  cluster: 'For each cluster, without a job.',
  job: 'For each cluster, by one small job that runs there as the account of `--as`, reports, and is cancelled.',
} as const satisfies Record<CheckRow['scope'], string>

const rowsOf = (scope: string): string[][] =>
  Object.entries<CheckRow>(checks).flatMap(([id, row]) =>
    row.scope === scope ? [[code(id), cell(row.title), cell(row.looks), cell(row.matters)]] : [],
  )

export const doctorPage = (): string =>
  page(
    'What batchway doctor checks',
    'packages/batchway/src/cli/doctor/check-table.ts',
    'Each check ends as `ok`, `warning` (works, with a consequence), `problem` (something does not work) or `skipped` (and why). [How to use it](../how-to/doctor.md).',
    ...Object.entries(scopes).flatMap(([scope, words]) => [
      `## ${words}`,
      table(['check', 'name', 'looks at', 'what it means while it is a problem'], rowsOf(scope)),
    ]),
    '## The JSON document',
    '`--json` prints one document: `version`, `host`, `account`, `config`, `at` (ISO 8601), `interrupted`, `summary` (how many of each status), and `findings`: a list of `check`, `title`, `cluster` (null for the site), `status`, `words` (one sentence) and `remedy` (lines; those that begin with two blanks are to be typed or written as they stand). A check may have several findings.',
    '## Exit status',
    table(
      ['status', 'meaning'],
      [
        ['0', 'nothing to mend; there may be warnings and skipped checks'],
        ['1', 'at least one problem, or interrupted'],
        ['2', 'wrong use: unknown option, cluster or account name, no configuration found'],
      ],
    ),
  )
