import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobRequest, SchedulerError } from '../driver.ts'
import { pbs, toWalltime } from './pbs.ts'
import { toMiB, toSeconds, toTime } from './read-record.ts'

const resources = { cores: 2, memoryMiB: 4096, gpus: 0, wallSeconds: 5_400 }
const job = (change: Partial<JobRequest<{ queue?: string; chunk?: string }>> = {}) => ({
  name: 'bw-1',
  account: 'alice',
  script: '#!/bin/sh\n#PBS -q gpu\n',
  resources,
  workdir: '/home/alice',
  outputPath: '/dev/null',
  requeue: false,
  options: {},
  ...change,
})
const settings = pbs.settings.parse({})

describe('a submit to PBS', () => {
  it('asks for one chunk, and reads no options from the script', () => {
    const { file, args, stdin, as } = pbs.submit(job({ options: { queue: 'batch' } }), settings)
    assert.equal(file, 'qsub')
    assert.equal(
      args.join(' '),
      '-C  -N bw-1 -S /bin/sh -j oe -o /dev/null -m n -r n -q batch -l select=1:ncpus=2:mem=4096mb -l walltime=01:30:00',
    )
    assert.deepEqual([stdin, as], ['#!/bin/sh\n#PBS -q gpu\n', 'owner'])
  })
  it('names GPUs as the site does', () => {
    const site = pbs.settings.parse({
      gpuResource: 'gpus',
      gpuTypeResource: 'gpu_model',
      commandDirectory: '/opt/pbs/bin',
    })
    const wants = job({ resources: { ...resources, gpus: 2, gpuType: 'a100' }, options: { chunk: 'fabric=ib' } })
    const { file, args } = pbs.submit(wants, site)
    assert.equal(file, '/opt/pbs/bin/qsub')
    assert.ok(args.includes('select=1:ncpus=2:mem=4096mb:gpus=2:gpu_model=a100:fabric=ib'))
    assert.throws(() => pbs.submit(wants, settings), SchedulerError)
  })
  it('refuses a path that PBS would read in another way', () => {
    for (const outputPath of ['/home/alice/%j.out', '/home/alice/a:b', '/home/alice/^array_index^'])
      assert.throws(() => pbs.submit(job({ outputPath }), settings), SchedulerError, outputPath)
  })
  it('takes no option that would say more than it seems', () => {
    for (const options of [
      { queue: '-W' },
      { queue: 'a b' },
      { account: 'x,y' },
      { chunk: 'ncpus=1+2:ncpus=64' },
      { chunk: '2:ncpus=1' },
      { chunk: 'host=n1 ' },
      { nosuch: 'x' },
    ])
      assert.equal(pbs.jobOptions.safeParse(options).success, false, JSON.stringify(options))
  })
})

describe('amounts and times of PBS', () => {
  it('are written', () => assert.deepEqual([59, 3_661, 360_000].map(toWalltime), ['00:00:59', '01:01:01', '100:00:00']))
  it('are read', () => {
    assert.deepEqual(['00:02:00', '90', '100:00:01', 'x', ''].map(toSeconds), [120, 90, 360_001, undefined, undefined])
    assert.deepEqual(['4544kb', '0kb', '1gb', '1b', '5'].map(toMiB), [5, 0, 1024, 1, undefined])
    assert.equal(toTime('Mon Mar  2 11:00:00 2026'), Date.UTC(2026, 2, 2, 11))
    assert.equal(toTime('yesterday'), undefined)
  })
})
