/** What schedulers, users' jobs and the machine print: a driver reads it or says in its one way that it cannot. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Output, SchedulerError, toJobId } from './driver.ts'
import { Refusal } from './local/daemon.ts'
import { parseJobRecord } from './local/job.ts'
import { findAccountProblem, isAccountName as isLocalAccount, parsePasswd } from './local/launch-command.ts'
import { parseOrder, parseResult, printable } from './local/order.ts'
import { parseStat, toProcessIdentity } from './local/process-identity.ts'
import { readSubmission } from './local/submission.ts'
import { isNoAnswer, separator, toMilliseconds, withoutFiller, wordsOf } from './slurm/answer.ts'
import { parseTimeLimit, toTimeLimit } from './slurm/duration.ts'
import { parseCancel } from './slurm/parse-cancel.ts'
import { parseHistory, parseHistoryByName } from './slurm/parse-history.ts'
import { parseList } from './slurm/parse-list.ts'
import { parsePartitions } from './slurm/parse-partitions.ts'
import { parseSubmit } from './slurm/parse-submit.ts'
import { readReason } from './slurm/reasons.ts'
import { readState } from './slurm/states.ts'
import { isAccountName } from './transport.ts'

/** Any characters, and those that mean something to a parser. */
const any = (...words: string[]): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 20 })
      .map((all) => all.join('')),
  )

function orRefused<T>(read: () => T, refusal: abstract new (...all: never[]) => Error): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof refusal) return null
    throw error
  }
}

const hasControls = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text)
const json = fc.json({ maxDepth: 3 })

const words = [
  '12',
  '9'.repeat(140),
  '58_[1-3]',
  ';',
  '\n',
  ' ',
  separator,
  'R',
  'PD',
  'CANCELLED by 0',
  'alice',
  '(null)',
  'N/A',
  '1.batch',
  '0:9',
  'error:',
  'sbatch: error: ',
  'Invalid job id specified',
  'Socket timed out',
  'gpu:a100:4',
  '(S:0-1)',
  '1/2/3/4',
  'UNLIMITED',
  '1-02:03:04',
  'up',
  '*',
  '\0',
  '\x1b[31m',
]
const output = fc.record({ exitCode: fc.constantFrom(0, 0, 1, 255), stdout: any(...words), stderr: any(...words) })
/** A list with the right number of columns, filled with anything. */
const rows = fc
  .array(
    fc.array(
      any(...words.filter((word) => word !== separator)).map((text) => text.slice(0, 40)),
      { minLength: 7, maxLength: 12 },
    ),
    { maxLength: 4 },
  )
  .map((all) => all.map((cells) => `${cells.join(separator)}${separator}\n`).join(''))

describe('output of Slurm', () => {
  const parsers: readonly ((output: Output) => unknown)[] = [
    parseList,
    parseHistory,
    parseHistoryByName,
    parsePartitions,
    parseSubmit,
    parseCancel,
  ]
  for (const parse of parsers)
    it(`is read by ${parse.name} or is a SchedulerError whose words are printable`, () =>
      fc.assert(
        fc.property(output, rows, fc.boolean(), (said, table, isTable) => {
          try {
            parse(isTable ? { ...said, stdout: table } : said)
          } catch (error) {
            assert.ok(error instanceof SchedulerError)
            assert.doesNotMatch(error.message, /[\x00-\x09\x0b-\x1f\x7f]/)
            assert.ok(error.message.length < 3_000)
          }
        }),
      ))

  it('lists jobs whose ids and names are fit for a command line and a log', () =>
    fc.assert(
      fc.property(rows, (stdout) => {
        const list = orRefused(() => parseList({ exitCode: 0, stdout, stderr: '' }), SchedulerError)
        for (const { id, name, phase, end } of list?.jobs ?? []) {
          assert.equal(toJobId(id), id)
          assert.ok(!hasControls(name))
          if (phase === 'unknown') assert.equal(end, undefined)
        }
      }),
    ))

  it('names a job by digits, whatever else stands there', () =>
    fc.assert(
      fc.property(output, (said) => {
        const id = orRefused(() => parseSubmit(said), SchedulerError)
        if (id !== null) assert.match(id, /^\d{1,128}$/)
      }),
    ))

  it('has words, times, states and reasons, or none', () =>
    fc.assert(
      fc.property(any(...words), (text) => {
        assert.doesNotMatch(wordsOf(text), /[\x00-\x09\x0b-\x1f\x7f]/)
        assert.equal(typeof isNoAnswer(text), 'boolean')
        assert.equal(withoutFiller(withoutFiller(text)), withoutFiller(text))
        assert.ok((toMilliseconds(text) ?? 1) > 0)
        assert.equal(typeof readState(text).phase, 'string')
        assert.equal(typeof readReason(text), 'string')
        const limit = orRefused(() => parseTimeLimit(text), RangeError)
        assert.ok(limit === null || (Number.isSafeInteger(limit) && limit >= 0))
      }),
    ))

  it('a time limit that we write reads back as whole minutes, rounded up', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999 }), (seconds) =>
        assert.equal(parseTimeLimit(toTimeLimit(seconds)), Math.ceil(seconds / 60) * 60),
      ),
    ))
})

describe('names of accounts', () => {
  const name = any('-', '#', '0', 'root', 'a', '/', '.', '..', '$', ' ', '\n', '%', '@')
  it('that pass are no option, number, path or group to sudo', () =>
    fc.assert(
      fc.property(name, (text) => {
        for (const passes of [isAccountName, isLocalAccount])
          if (passes(text)) assert.match(text, /^[A-Za-z_][\w.@+$-]*$/)
        if (!isLocalAccount(text))
          assert.notEqual(
            findAccountProblem(
              text,
              1_000,
              { uid: 1_000, name: 'x' },
              { sudo: true, allowRoot: false, shepherd: ['x'] },
            ),
            null,
          )
      }),
    ))
  it('a line of passwd is read or not, never as root by a missing number', () =>
    fc.assert(
      fc.property(any(':', '0', '1000', 'x', ''), (text) => {
        const read = parsePasswd(text)
        if (read !== null) assert.deepEqual(text.split(':').slice(2, 4).map(Number), [read.uid, read.gid])
      }),
    ))
})

describe('what lies where users can write', () => {
  const result = fc.oneof(
    any('{', '"kind":', '"completed"', '}'),
    json,
    fc
      .record(
        {
          kind: fc.constantFrom('completed', 'failed', 'x'),
          words: any('\x1b[2J', '\n'),
          exitCode: fc.oneof(fc.double(), json),
          ['__proto__']: json,
        },
        { requiredKeys: ['kind'] },
      )
      .map((each) => JSON.stringify(each)),
  )
  it('is a result with whole numbers and one printable line, or none', () =>
    fc.assert(
      fc.property(result, (text) => {
        const read = parseResult(text)
        if (read === null) return
        assert.ok(!hasControls(read.words ?? '') && (read.words ?? '').length <= 500)
        for (const number of [read.exitCode, read.signal, read.startedAt, read.endedAt, read.maxMemoryMiB])
          assert.ok(number === undefined || (Number.isSafeInteger(number) && number >= 0))
      }),
    ))
  it('orders and records are whole or an Error', () =>
    fc.assert(
      fc.property(result, (text) => {
        orRefused(() => parseOrder(text), Error)
        orRefused(() => parseJobRecord(text), Error)
        assert.ok(!hasControls(printable(text)) && printable(text).length <= 500)
      }),
    ))
  it('a submit request is a submission without control characters, or a Refusal', () =>
    fc.assert(
      fc.property(
        fc.record({
          name: any('a', '\n'),
          account: any('a', ' '),
          cores: fc.oneof(fc.integer(), fc.double(), fc.string()),
          memoryMiB: fc.constant(1),
          gpus: fc.constant(0),
          wallSeconds: fc.constant(1),
          workdir: any('/', 'a', '\n'),
          outputPath: any('/', '\0'),
          script: any('a', '\0'),
        }),
        (request) => {
          const read = orRefused(() => readSubmission(request), Refusal)
          if (read !== null)
            assert.ok(![read.ask.name, read.ask.account, read.ask.workdir, read.ask.outputPath].some(hasControls))
        },
      ),
    ))
  it('a process is known by a number above 1, its start and the boot', () =>
    fc.assert(
      fc.property(any('(', ')', ' ', '1', 'Z'), json, (text, value) => {
        const stat = parseStat(text)
        assert.ok(stat === null || Number.isInteger(stat.pid))
        const identity = toProcessIdentity(JSON.parse(value))
        assert.ok(identity === null || identity.pid > 1)
      }),
    ))
})

describe('long output', () => {
  // What took the square of its length would take an hour: the runner's limit ends it.
  it('is read in one go, however it repeats', () => {
    for (const shape of [
      '\n',
      ' ',
      '1',
      separator,
      `1${separator}`,
      '9\n',
      'error: ',
      '(',
      ',',
      'gpu:',
      ':',
      'R ',
      ' by ',
      '_[',
      ')',
      'sbatch: ',
    ])
      for (const start of ['', '1', '12_[']) {
        const text = `${start}${shape.repeat(150_000 / shape.length)}!`
        for (const parse of [parseList, parseHistory, parsePartitions, parseSubmit, parseCancel])
          for (const [stdout, stderr, exitCode] of [
            [text, '', 0],
            ['', text, 1],
          ] as const)
            orRefused(() => parse({ stdout, stderr, exitCode }), SchedulerError)
        for (const read of [
          wordsOf,
          withoutFiller,
          readState,
          readReason,
          parseResult,
          parseStat,
          parsePasswd,
          isAccountName,
          printable,
        ])
          read(text)
      }
  })
})
