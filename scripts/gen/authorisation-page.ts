/** The page of who may do what, from the table that the tests compare the gateway with. */

import { cuts, fields } from '../../packages/batchway/src/app/testing/authorisation-fields.ts'
import {
  callerNames,
  callers,
  cellsOf,
  type Row,
  table as rows,
  statusOf,
} from '../../packages/batchway/src/app/testing/authorisation-table.ts'
import { cell, code, page, table } from './markdown.ts'

/** Columns side by side that a reader compares. */
const groups = [
  ['nobody', 4],
  ['alice', 7],
  ['bob', 3],
  ['filtered', 5],
  ['admin', 3],
  ['service', 3],
] as const

const columns = groups.flatMap(([name, size]) => Array.from({ length: size }, (_, at) => `${name} ${at + 1}`))

const signs: Readonly<Record<string, string>> = { '+': '✓' }

const lines = (all: readonly (readonly [string, Row])[]): string =>
  table(
    ['operation', ...columns],
    all.map(([operation, row]) => [
      code(operation),
      ...[...cellsOf(row.internal ?? row.cells).values()].map((sign) => signs[sign] ?? String(statusOf(sign, row))),
    ]),
  )

export const authorisationPage = (): string =>
  page(
    'Who may do what',
    'packages/batchway/src/app/testing/authorisation-table.ts',
    'The table is written by hand, and `app/authorisation.test.ts` asks every cell of the gateway, at both listeners; an operation without a row fails. Every request is about things of alice: her main server, her server `lab`, her group `physics`; groups and services are `physics` and `whoami`.',
    '## Who asks',
    table(
      ['column', 'who'],
      callerNames.map((name, at) => [cell(columns[at] ?? ''), cell(callers[name])]),
    ),
    '## What they get',
    '✓ it is done · 403 refused · 404 as if there were nothing · 400 it may, but not now · 409 a person’s token is no job’s secret. Agents’ operations (`claimAttempt`, `report`) are at the internal listener only.',
    lines(Object.entries(rows)),
    '## Operations, and which scope alone opens them',
    'A token that holds one of these and nothing else, without a filter. Scopes that include others are named too.',
    table(
      ['operation', 'request', 'scopes'],
      Object.entries(rows).map(([operation, { request, opens }]) => [
        code(operation),
        code(request.replace(/^(\S+) $/, '$1 /')),
        opens === '' || opens.startsWith('anybody') ? cell(opens || 'none') : opens.split(' ').map(code).join(' '),
      ]),
    ),
    '## What models show, scope by scope',
    'Keys of the answer to a token with this scope alone; scopes that are not named get no answer. `app/authorisation-fields.test.ts` asks.',
    table(
      ['request', 'scope', 'keys'],
      Object.entries(fields).flatMap(([request, lines]) =>
        Object.entries(lines).map(([scope, keys]) => [code(request), code(scope), cell(keys)]),
      ),
    ),
    '## Where filters cut',
    table(
      ['scopes', 'request', 'what', 'seen'],
      cuts.map(({ scopes, request, pick, seen }) => [
        scopes.map(code).join(' '),
        code(request),
        pick,
        cell(seen.map((each) => (each === '' ? 'the main server' : each)).join(', ') || 'none'),
      ]),
    ),
  )
