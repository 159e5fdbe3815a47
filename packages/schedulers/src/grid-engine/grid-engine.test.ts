import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobRequest, SchedulerError } from '../driver.ts'
import { toSeconds, toTime } from './amounts.ts'
import { gridEngine } from './grid-engine.ts'
import { readEnd, readState } from './states.ts'

const resources = { cores: 1, memoryMiB: 4096, gpus: 0, wallSeconds: 5_400 }
const job = (
  change: Partial<JobRequest<{ queue?: string; resources?: string; parallelEnvironment?: string }>> = {},
) => ({
  name: 'bw-1',
  account: 'alice',
  script: '#!/bin/sh\n#$ -q gpu\n',
  resources,
  workdir: '/home/alice',
  outputPath: '/dev/null',
  requeue: false,
  options: {},
  ...change,
})
const settings = gridEngine.settings.parse({})
const last = ({ args }: { args: readonly string[] }): string | undefined => args.at(-1)

describe('a submit to Grid Engine', () => {
  it('asks for what was asked, and reads no options from the script', () => {
    const { file, args, stdin, as } = gridEngine.submit(job({ options: { queue: 'all.q' } }), settings)
    assert.equal(file, 'qsub')
    assert.equal(
      args.join(' '),
      '-terse -notify -C  -N bw-1 -S /bin/sh -b n -j y -o /dev/null -wd /home/alice -m n -r n -q all.q -l h_rt=5400,mem_free=4096M',
    )
    assert.deepEqual([stdin, as], ['#!/bin/sh\n#$ -q gpu\n', 'owner'])
  })
  it('may be started again, and be refused if it fits nowhere', () => {
    const { args } = gridEngine.submit(job({ requeue: true }), gridEngine.settings.parse({ verify: true }))
    assert.match(args.join(' '), / -r y -w e /)
  })
  it('takes several cores from a parallel environment', () => {
    const four = job({ resources: { ...resources, cores: 4 } })
    assert.match(gridEngine.submit(four, settings).args.join(' '), / -pe smp 4 -l h_rt=5400,mem_free=4096M$/)
    const bySlot = gridEngine.settings.parse({ memoryResource: 'h_vmem', memoryPer: 'slot' })
    assert.equal(last(gridEngine.submit(four, bySlot)), 'h_rt=5400,h_vmem=1024M')
    const other = job({ ...four, options: { parallelEnvironment: 'openmp' } })
    assert.match(gridEngine.submit(other, settings).args.join(' '), / -pe openmp 4 /)
  })
  it('names GPUs as the site does, and counts them as it does', () => {
    const site = gridEngine.settings.parse({
      commandDirectory: '/opt/sge/bin/lx-amd64',
      gpuResource: 'ngpus',
      gpuPer: 'slot',
      gpuTypeResource: 'gpu_model',
    })
    const wants = (cores: number) =>
      job({ resources: { ...resources, cores, gpus: 2, gpuType: 'a100' }, options: { resources: 'os=rhel9' } })
    const command = gridEngine.submit(wants(2), site)
    assert.equal(command.file, '/opt/sge/bin/lx-amd64/qsub')
    assert.equal(last(command), 'h_rt=5400,mem_free=4096M,ngpus=1,gpu_model=a100,os=rhel9')
    assert.throws(() => gridEngine.submit(wants(3), site), /2 cannot be shared by 3 cores/)
    assert.throws(() => gridEngine.submit(wants(2), settings), SchedulerError)
  })
  it('puts the job’s id into the path of the output, and refuses what would be read in another way', () => {
    const { args } = gridEngine.submit(job({ outputPath: '/home/alice/100%-%j.out' }), settings)
    assert.ok(args.includes('/home/alice/100%-$JOB_ID.out'))
    for (const outputPath of ['/home/alice/$HOME', '/home/alice/a:b', '/home/alice/a,/tmp/b'])
      assert.throws(() => gridEngine.submit(job({ outputPath }), settings), SchedulerError, outputPath)
  })
})

describe('options of a job of Grid Engine', () => {
  it('are queues with hosts and groups of hosts', () => {
    for (const queue of ['all.q', 'gpu.q@n1', 'gpu.q@@nodes', 'a.q,b.q@n2'])
      assert.equal(gridEngine.jobOptions.safeParse({ queue }).success, true, queue)
  })
  it('cannot be more than they seem', () => {
    for (const options of [
      { queue: '-q' },
      { queue: 'a b' },
      { queue: '*' },
      { account: 'x,y' },
      { project: '' },
      { parallelEnvironment: 'smp 64' },
      { resources: 'gpu' },
      { resources: 'a=1,-q=b' },
      { resources: 'a=1 ' },
      { resources: 'a=1\nb=2' },
      { nosuch: 'x' },
    ])
      assert.equal(gridEngine.jobOptions.safeParse(options).success, false, JSON.stringify(options))
  })
})

describe('a state of Grid Engine', () => {
  const states = {
    pending: ['qw', 'Rq', 'Eqw', 'EhRqw', 'hqwE', 'qwE'],
    held: ['hqw', 'hRwq', 'hRqw', 'hw'],
    running: ['r', 't', 'Rr', 'Rt'],
    paused: ['s', 'ts', 'S', 'tS', 'T', 'tT', 'sS', 'Rs', 'Rts', 'RS', 'SR', 'RtT', 'P', 'N'],
    ending: ['dr', 'dt', 'dRr', 'dRt', 'ds', 'dS', 'dT', 'dRs', 'dRS', 'dRT', 'dqw', 'dEqw'],
    unknown: ['', 'z', 'x', 'running', 'r ', 'R', 'w', 'rrrrrrrrrrrr'],
  } as const
  for (const [phase, all] of Object.entries(states))
    it(`is ${phase}: ${all.join(' ')}`, () => {
      for (const state of all) assert.equal(readState(state), phase, state)
    })
})

describe('an end in the accounts of Grid Engine', () => {
  const end = (failed: number, exitStatus: number, wallSeconds = 10, category = 'NONE') =>
    readEnd({ failed, exitStatus, wallSeconds, category })
  it('is told by what failed', () => {
    assert.deepEqual(end(0, 0), { kind: 'completed', exitCode: 0 })
    assert.deepEqual(end(0, 137), { kind: 'failed', exitCode: 137 })
    assert.deepEqual(end(100, 137), { kind: 'cancelled' })
    assert.deepEqual(end(100, 139), { kind: 'failed', signal: 11 })
    assert.deepEqual(end(8, 1), { kind: 'not-prepared' })
    assert.deepEqual(end(19, 0), { kind: 'node-failure' })
    assert.deepEqual(end(26, 0), { kind: 'launch-failed' })
    assert.deepEqual(end(30, 100), { kind: 'failed', exitCode: 100 })
    assert.equal(end(25, 99), null)
  })
  it('by a limit was memory only where memory was limited and time was left', () => {
    assert.equal(end(37, 137, 300, '-l h_rt=300,h_vmem=2G')?.kind, 'walltime')
    assert.equal(end(37, 137, 20, '-l h_rt=300,h_vmem=2G')?.kind, 'out-of-memory')
    assert.equal(end(37, 137, 20, '-l h_rt=300')?.kind, 'walltime')
    assert.equal(end(37, 137, 20)?.kind, 'walltime')
  })
})

describe('times of Grid Engine', () => {
  it('are read in each of its forms', () => {
    const at = Date.UTC(2026, 2, 2, 11)
    for (const text of [
      '2026-03-02T11:00:00',
      '2026-03-02T11:00:00.000',
      'Mon Mar  2 11:00:00 2026',
      '03/02/2026 11:00:00.000',
    ])
      assert.equal(toTime(text), at, text)
    for (const text of [
      '-/-',
      '',
      'yesterday',
      'Thu Jan  1 00:00:00 1970',
      '1970-01-01T00:00:00',
      'Mon Foo  2 11:00:00 2026',
    ])
      assert.equal(toTime(text), undefined, text)
  })
  it('and amounts of it', () =>
    assert.deepEqual(['300', '0:5:0', '28s', '3.5s', 'INFINITY', ''].map(toSeconds), [
      300,
      300,
      28,
      3,
      undefined,
      undefined,
    ]))
})
