/** Whatever HTCondor, a site's wrapper or a user's attributes print: read, or refused in the driver's one way. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type JobRequest, type Output, SchedulerError, toJobId } from '../driver.ts'
import { htcondor } from './htcondor.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'
import { readEnded, readQueued } from './read-ad.ts'
import { parseUnmatched } from './unmatched.ts'

const real = readFileSync(new URL('./testdata/condor_q-all.txt', import.meta.url), 'utf8').replace(
  /^[\s\S]*?stdout\n|# --- stderr[\s\S]*$/g,
  '',
)
const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '\n',
    '{\n  "ClusterId": 9,\n',
    '}\n,\n',
    '"JobStatus": 4,\n',
    '12.0 - 12.0\n',
    'Job 5.0 not found\n',
    '\0',
    'sh: 1: ',
  ),
)
const text = fc.array(piece, { maxLength: 12 }).map((all) => all.join(''))
/** The real list with something put in, or cut out. */
const damaged = fc
  .tuple(fc.nat(real.length), fc.nat(400), text)
  .map(([from, length, what]) => real.slice(0, from) + what + real.slice(from + length))
const output: fc.Arbitrary<Output> = fc.record({
  exitCode: fc.constantFrom(0, 0, 0, 1, 255),
  stdout: fc.oneof(text, damaged, fc.json({ maxDepth: 4 })),
  stderr: text,
})
const hasControls = (words: string): boolean => /[\x00-\x09\x0b-\x1f\x7f]/.test(words)

/** Records that are nearly ones: each attribute may be anything. */
const oddRecord = fc
  .tuple(
    fc.constantFrom(...JSON.parse(real)),
    fc.dictionary(fc.constantFrom(...Object.keys(JSON.parse(real)[2])), fc.jsonValue({ maxDepth: 2 })),
  )
  .map(([record, change]) => ({ ...Object(record), ...change }))

describe('output of HTCondor', () => {
  for (const parse of [parseList, parseHistory, parseSubmit, parseCancel, parseUnmatched])
    it(`is read by ${parse.name} or is a SchedulerError whose words are printable`, () =>
      fc.assert(
        fc.property(output, (said) => {
          try {
            parse(said)
          } catch (error) {
            assert.ok(error instanceof SchedulerError)
            assert.ok(!hasControls(error.message))
            assert.ok(error.message.length < 3_000)
          }
        }),
      ))

  it('lists jobs whose ids, names and reasons are fit for a command line and a page', () =>
    fc.assert(
      fc.property(fc.array(oddRecord, { maxLength: 4 }), (records) => {
        for (const job of parseList({ exitCode: 0, stdout: JSON.stringify(records), stderr: '' }).jobs) {
          assert.equal(toJobId(job.id), job.id)
          assert.ok(!hasControls(job.name + (job.reason ?? '') + (job.end?.words ?? '') + (job.host ?? '')))
          assert.equal(job.end !== undefined, job.phase === 'ended')
        }
      }),
    ))

  it('a record of any shape is a job or none', () =>
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue({ maxDepth: 3 }), oddRecord), (value) => {
        for (const read of [readQueued, readEnded]) {
          const job = read(value)
          assert.ok(job === null || Number.isSafeInteger(job.restarts))
        }
      }),
    ))
})

describe('a submit to HTCondor', () => {
  const request = (change: Partial<JobRequest>): JobRequest<Record<string, never>> => ({
    name: 'bw-1',
    account: 'alice',
    script: '#!/bin/sh\n',
    resources: { cores: 1, memoryMiB: 100, gpus: 0, wallSeconds: 60 },
    workdir: '/home/alice',
    outputPath: '/dev/null',
    requeue: false,
    ...change,
    options: {},
  })
  it('has one line for each thing that is said, whatever the paths are', () => {
    const settings = htcondor.settings.parse({})
    const usual = htcondor.submit(request({}), settings).args.length
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary-ascii' }), (folder, file) => {
        const paths = { workdir: `/${folder}`, outputPath: `/${file}` }
        try {
          const { args } = htcondor.submit(request(paths), settings)
          assert.equal(args.length, usual)
          // What stands between quotes has none of its own, and nothing that HTCondor replaces but what we wrote.
          for (const arg of args)
            assert.doesNotMatch(arg.replaceAll(/\$\((?:ClusterId|ProcId|BatchwayTag)\)/g, ''), /\$\(/)
          assert.ok(!args.some((arg) => /secret/.test(arg)))
        } catch (error) {
          if (!(error instanceof SchedulerError)) throw error
          assert.equal(error.kind, 'refused')
        }
      }),
    )
  })
})
