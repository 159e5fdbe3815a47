/**
 * What people may choose, for every driver alike: 500 hostile texts for each field. A text is refused in words, or stands in the scheduler's
 * command exactly where a harmless one would, and nothing else of the command changes: no character of it was interpreted.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { type Command, type Driver, type JobRequest, SchedulerError } from './driver.ts'
import { drivers } from './registry.ts'

const runs = 500
/** What some field of some driver takes; each holds letters that no command has by itself. */
const harmless = ['Zqaaa', 'Zqaaa=1', 'Zqaaa:1', '/Zqaaa']
const attacks = [
  '--wrap=id',
  '-x',
  '--',
  '',
  ' ',
  'a b',
  'a\nb',
  'a\r',
  'a\0b',
  '\u2028',
  '\ufeff',
  'a;id',
  'a|id',
  'a&id',
  '$(id)',
  '`id`',
  '$HOME',
  '%s%n',
  '"',
  "'",
  '\\',
  '*',
  '~',
  '../..',
  'a,walltime=99:00:00',
  'a:ppn=64',
  'x'.repeat(5_000),
  '#PBS -W x',
  '}}{{',
  'queue\nqueue 1000',
]
const alphabet = fc.constantFrom(...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)))
const hostile = fc.oneof(
  fc.constantFrom(...attacks),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: alphabet, maxLength: 12 }),
  fc.tuple(fc.stringMatching(/^[A-Za-z]\w{0,5}$/), fc.constantFrom(...attacks)).map((parts) => parts.join('')),
)

const job: JobRequest = {
  name: 'b00x',
  account: 'alice',
  script: '#!/bin/sh\ntrue\n',
  resources: { cores: 2, memoryMiB: 100, gpus: 0, wallSeconds: 60 },
  workdir: '/home/alice',
  outputPath: '/home/alice/out',
  requeue: false,
  options: {},
}

function submit(driver: Driver, change: Partial<JobRequest>): Command | null {
  try {
    const options = driver.jobOptions.parse(change.options ?? {})
    return driver.submit({ ...job, ...change, options }, driver.settings.parse({}))
  } catch (error) {
    assert.ok(error instanceof SchedulerError || error instanceof z.ZodError, String(error))
    assert.match(error.message, /\w{3} \w/, 'words')
    return null
  }
}

/** Where the harmless text stood, the hostile one does, and everything else is as it was. */
function assertOnlyThere(made: Command, model: Command, text: string, sample: string): void {
  const exchanged = (whole: string): string => whole.split(sample).join(text)
  assert.deepEqual(made.args, model.args.map(exchanged))
  assert.equal(made.stdin, model.stdin === undefined ? undefined : exchanged(model.stdin))
  assert.equal(made.file, model.file)
  assert.doesNotMatch(text, /[\0-\x1f\x7f]/)
  for (const [index, argument] of model.args.entries())
    if (argument === sample) assert.doesNotMatch(made.args[index] ?? '', /^(?:-|$)/, 'an option of its own')
}

const fieldsOf = (driver: Driver): readonly string[] =>
  driver.jobOptions instanceof z.ZodObject ? Object.keys(driver.jobOptions.shape) : []
const takesText = (driver: Driver, field: string): string | undefined =>
  harmless.find((text) => driver.jobOptions.safeParse({ [field]: text }).success)

// The custom driver has a test of its own: what it is, its settings say.
for (const driver of drivers.filter(({ configured }) => configured === undefined))
  describe(`what people choose for ${driver.id}`, () => {
    for (const field of fieldsOf(driver)) {
      const sample = takesText(driver, field)
      const model = sample === undefined ? null : submit(driver, { options: { [field]: sample } })
      if (sample === undefined || model === null) continue
      it(`is one text and no more: ${field}`, () => {
        assert.ok(JSON.stringify(model).includes(sample), 'it is in the command')
        fc.assert(
          fc.property(hostile, (text) => {
            const made = submit(driver, { options: { [field]: text } })
            if (made !== null) assertOnlyThere(made, model, text, sample)
          }),
          { numRuns: runs },
        )
      })
    }
    for (const [what, change] of Object.entries({
      'kind of GPU': (text: string) => ({ resources: { ...job.resources, gpus: 1, gpuType: text } }),
      'folder of its output': (text: string) => ({ outputPath: `/home/alice/${text}` }),
      'folder to work in': (text: string) => ({ workdir: `/home/alice/${text}` }),
    }))
      it(`is one text and no more: ${what}`, () => {
        const model = submit(driver, change('Zqaaa'))
        fc.assert(
          fc.property(hostile, (text) => {
            const made = submit(driver, change(text))
            if (made === null || model === null) return
            assert.equal(made.args.length, model.args.length)
            for (const [index, argument] of model.args.entries())
              if (!argument.includes('Zqaaa')) assert.equal(made.args[index], argument)
            assert.equal(made.stdin?.split('\n').length, model.stdin?.split('\n').length)
          }),
          { numRuns: runs },
        )
      })
  })

describe('this look at hostile texts', () => {
  const careless = (text: string): Command => ({ file: 'qsub', args: ['-q', ...text.split(' ')], as: 'owner' })
  it('sees a text that became two arguments, and one that became an option', () => {
    assert.throws(() => assertOnlyThere(careless('a b'), careless('Zqaaa'), 'a b', 'Zqaaa'))
    assert.throws(() => assertOnlyThere(careless('-x'), careless('Zqaaa'), '-x', 'Zqaaa'), /option of its own/)
    assertOnlyThere(careless('ab'), careless('Zqaaa'), 'ab', 'Zqaaa')
  })
})
