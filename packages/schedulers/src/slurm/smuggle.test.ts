/** No text of a user or of the scheduler becomes an option of a command: each stands behind its own `--name=`, or is digits. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toJobId } from '../driver.ts'
import { slurm } from './slurm.ts'

const known =
  /^(?:--parsable|--(?:no-)?requeue|--(?:job-name|chdir|output|open-mode|nodes|ntasks|cpus-per-task|mem|time|gres|partition|account|qos|constraint|reservation|propagate|export-file|export)=.*)$/s
const site = slurm.settings.parse({})
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('--wrap=id', '-x', 'a --uid=0', 'a\n--uid=0', 'a;id', '$(id)', '--', '', 'x'.repeat(200)),
  fc.stringMatching(/^[\w,|&.@+-]{1,20}$/),
)

describe('the arguments of sbatch', () => {
  it('are the driver’s own options, each at most once, whatever a user chose', () =>
    fc.assert(
      fc.property(
        fc.record(
          { partition: hostile, account: hostile, qos: hostile, constraint: hostile, reservation: hostile },
          { requiredKeys: [] },
        ),
        (chosen) => {
          const options = slurm.jobOptions.safeParse(chosen)
          if (!options.success) return
          const { args } = slurm.submit(
            {
              name: 'b00x',
              account: 'alice',
              script: '#!/bin/sh\n',
              resources: { cores: 1, memoryMiB: 1, gpus: 0, wallSeconds: 60 },
              workdir: '/home/alice',
              outputPath: '/home/alice/x-%j',
              requeue: false,
              options: options.data,
            },
            site,
          )
          for (const argument of args) assert.match(argument, known)
          const names = args.map((argument) => argument.split('=')[0])
          assert.equal(new Set(names).size, names.length)
          for (const argument of args) assert.doesNotMatch(argument, /[\0-\x1f\x7f ]/)
        },
      ),
    ))
  it('are found to be others by this very test, where a value stands by itself', () =>
    assert.doesNotMatch('--wrap=id', known))
})

describe('a job’s id', () => {
  for (const text of ['-u', '--user=alice', '--', '1 -u alice', ''])
    it(`is not ${JSON.stringify(text)} when sbatch prints it`, () =>
      assert.throws(() => slurm.parseSubmit({ exitCode: 0, stdout: `${text}\n`, stderr: '' }), { kind: 'ambiguous' }))
  it('is digits when it is', () =>
    assert.equal(slurm.parseSubmit({ exitCode: 0, stdout: '12;larch\n', stderr: '' }), toJobId('12')))
})
