import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { z } from 'zod'
import { type JobRequest, SchedulerError, toJobId } from '../driver.ts'
import { hostOf, toSeconds, toTime } from './answer.ts'
import { moab } from './moab.ts'

const resources = { cores: 2, memoryMiB: 4096, gpus: 0, wallSeconds: 5_400 }
const job = (
  change: Partial<JobRequest<z.output<typeof moab.jobOptions>>> = {},
): JobRequest<z.output<typeof moab.jobOptions>> => ({
  name: 'bw-1',
  account: 'alice',
  script: '#!/bin/sh\ntrue\n',
  resources,
  workdir: '/home/alice',
  outputPath: '/dev/null',
  requeue: false,
  options: {},
  ...change,
})
const settings = moab.settings.parse({})

describe('a submit to Moab', () => {
  it('is a script on standard input, for one node', () => {
    const { file, args, stdin, as } = moab.submit(job({ options: { queue: 'batch', qos: 'high' } }), settings)
    assert.deepEqual([file, stdin, as], ['msub', '#!/bin/sh\ntrue\n', 'owner'])
    assert.equal(
      args.join(' '),
      '-E -N bw-1 -S /bin/sh -d /home/alice -j oe -o /dev/null -m n -r n -q batch -l nodes=1:ppn=2,mem=4096mb,walltime=5400 -l qos=high',
    )
  })
  it('names GPUs, their model and features of the node', () => {
    const wants = job({ resources: { ...resources, gpus: 2, gpuType: 'k40' }, options: { features: 'haswell:ib' } })
    const { file, args } = moab.submit(wants, moab.settings.parse({ commandDirectory: '/opt/moab/bin' }))
    assert.equal(file, '/opt/moab/bin/msub')
    assert.ok(args.includes('nodes=1:ppn=2:gpus=2:k40:haswell:ib,mem=4096mb,walltime=5400'))
  })
  it('refuses a script of which msub would read a line as its own, and no other', () => {
    const submit = (script: string) => moab.submit(job({ script }), settings)
    for (const line of ['#PBS -q gpu', '#MSUB -N x', '# hello\n\n  #PBS -q gpu'])
      assert.throws(() => submit(`#!/bin/sh\n${line}\ntrue\n`), SchedulerError, line)
    assert.doesNotThrow(() => submit('#!/bin/sh\ntrue\n#PBS -q gpu\n'))
  })
  it('refuses a path that would be read in another way', () => {
    for (const path of ['/home/alice/%j.out', '/home/alice/a:b', '/x/$PBS_JOBID'])
      assert.throws(() => moab.submit(job({ outputPath: path }), settings), SchedulerError, path)
    assert.throws(() => moab.submit(job({ workdir: '/x/$HOME' }), settings), SchedulerError)
  })
  it('takes no option that would say more than it seems', () => {
    for (const options of [
      { queue: '-W' },
      { queue: 'a b' },
      { account: 'x,y' },
      { features: 'a:ppn=64' },
      { features: 'a,mem=1' },
      { features: 'a+2' },
      { qos: 'a,partition=b' },
      { nosuch: 'x' },
    ])
      assert.equal(moab.jobOptions.safeParse(options).success, false, JSON.stringify(options))
  })
})

it('a script of Moab may be public: its secret alone buys no claim', () => {
  assert.equal(moab.secretChannel, 'log')
  assert.ok(moab.readLog)
})

it('a cancel never names a pattern, which could fit other jobs of the same person', () => {
  assert.deepEqual(moab.cancel(toJobId('Moab.7'), settings).args, ['-c', 'Moab.7'])
  for (const id of ['7[1]', '7*', '^7', 'a,b', '7?', '7$', '\\7'])
    assert.throws(() => moab.cancel(toJobId(id), settings), SchedulerError, id)
})

it('times, durations and hosts of Moab are read', () => {
  assert.deepEqual(['1510331373', '0', '', 'x'].map(toTime), [1_510_331_373_000, undefined, undefined, undefined])
  assert.deepEqual(['14400', '00:10:00', '10:00', '1:00:00:00', '', '-1', 'INFINITY'].map(toSeconds), [
    14_400,
    600,
    600,
    86_400,
    undefined,
    undefined,
    undefined,
  ])
  assert.deepEqual(['node832.golett', 'n1:24,n2:24', 'n1*2', '', '<x>'].map(hostOf), [
    'node832.golett',
    'n1',
    'n1',
    undefined,
    undefined,
  ])
})
