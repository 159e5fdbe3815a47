/** Pages of the tables of words: errors of the API, outcomes and states of a session. */
import { exitCodes } from '@batchway/agent'
import { problems } from '../../packages/batchway/src/core/errors.ts'
import { formatDuration } from '../../packages/batchway/src/core/units.ts'
import { plainOutcome } from '../../packages/batchway/src/sessions/decide-outcome.ts'
import { knownEvents } from '../../packages/batchway/src/sessions/lifecycle.ts'
import { outcomeWords } from '../../packages/batchway/src/sessions/outcomes.ts'
import { type OutcomeCode, outcomeCodes, type Session } from '../../packages/batchway/src/sessions/session.ts'
import { cell, code, page, table } from './markdown.ts'

export const errorsPage = (): string =>
  page(
    'Errors of the API',
    'packages/batchway/src/core/errors.ts',
    'Every error has the body `{status, message, type, title, detail, instance, retry}`: JupyterHub’s two members, and those of RFC 9457 beside them. `type` is `urn:batchway:` with the code; `instance` is the request’s id, under which the log has the details; `retry` says whether asking again can help.',
    table(
      ['code', 'status', 'title', 'retry'],
      Object.entries(problems).map(([name, { status, title, retry }]) => [
        code(name),
        String(status),
        cell(title),
        retry ? 'yes' : 'no',
      ]),
    ),
  )

/** A session that has ended, as the sentences below tell of it. */
const sample: Session = {
  id: 'example',
  userId: 1,
  userName: 'alice',
  serverName: '',
  account: 'alice',
  spec: {
    profile: { key: 'small', title: 'Small' },
    cluster: 'larch',
    clusterTitle: 'Larch',
    application: {
      key: 'lab',
      title: 'JupyterLab',
      access: 'hub-aware',
      argv: ['jupyterhub-singleuser'],
      environment: {},
      directory: '~',
      healthPath: 'api',
      openPath: 'lab',
      modules: [],
      prologue: '',
    },
    resources: { cores: 4, memoryMiB: 16_384, gpus: 0, wallSeconds: 28_800 },
    jobOptions: { partition: 'batch' },
    requeue: false,
    limits: { queueSeconds: 3_600, bootSeconds: 600, readySeconds: 300, stopSeconds: 20 },
    origin: {},
  },
  facts: { state: 'ended', outcome: plainOutcome('finished') },
  attempt: 1,
  version: 1,
  createdAt: 0,
  submittedAt: 0,
  startedAt: 0,
  readyAt: 0,
  endedAt: 0,
  endsAt: null,
  lastActivityAt: null,
}
const say = {
  clock: () => '11:26',
  memory: (mebibytes: number) => `${mebibytes / 1_024} GB`,
  duration: (seconds: number) => formatDuration(seconds),
}
const wordsOf = (outcome: OutcomeCode) => outcomeWords(plainOutcome(outcome), sample, say)

export const outcomesPage = (): string =>
  page(
    'How a session ended',
    'packages/batchway/src/sessions/outcomes.ts and packages/agent/src/exit-codes.ts',
    'The outcome of a session, as the API names it and as the page says it (here for JupyterLab with 16 GB and 8 hours on the cluster Larch). The scheduler’s own words and the last lines of the log stand beside it.',
    table(
      ['outcome', 'title', 'sentence', 'usual cause', 'what to do'],
      outcomeCodes.map((outcome) => {
        const { title, sentence, cause, next } = wordsOf(outcome)
        return [code(outcome), ...[title, sentence, cause, next].map(cell)]
      }),
    ),
    '## Exit statuses of the job',
    'When the job ends before its agent could tell the hub why, its exit status and the last line of its output (`batchway: error=<word> …`) say it.',
    table(
      ['status', 'word'],
      Object.entries(exitCodes).map(([word, status]) => [String(status), code(word)]),
    ),
  )

export const statesPage = (): string =>
  page(
    'States of a session',
    'packages/batchway/src/sessions/lifecycle.ts',
    'Which events mean something in which state. Any other event is written to the log at level debug and changes nothing. What follows from an event, and which orders it gives, is the table in `lifecycle.ts`; why, is in [the explanation](../explanation/sessions.md).',
    table(
      ['state', 'events'],
      Object.entries(knownEvents).map(([state, events]) => [code(state), events.map(code).join(', ')]),
    ),
  )
