import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { z } from 'zod'
import { type JobRequest, SchedulerError } from '../driver.ts'
import { hostOf, toMiB, toTime } from './answer.ts'
import { lsf } from './lsf.ts'

const resources = { cores: 2, memoryMiB: 4096, gpus: 0, wallSeconds: 5_401 }
const job = (
  change: Partial<JobRequest<z.output<typeof lsf.jobOptions>>> = {},
): JobRequest<z.output<typeof lsf.jobOptions>> => ({
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
const settingsWith = (more: object = {}) => lsf.settings.parse(more)
const argument = (option: string, request = job(), more: object = {}): string | undefined => {
  const { args } = lsf.submit(request, settingsWith(more))
  return args.includes(option) ? args[args.indexOf(option) + 1] : undefined
}

describe('a submit to LSF', () => {
  it('is a script on standard input, with one host and nothing of the submitter’s environment', () => {
    const { file, args, stdin, as } = lsf.submit(job({ options: { queue: 'long' } }), settingsWith())
    assert.deepEqual([file, stdin, as], ['bsub', '#!/bin/sh\ntrue\n', 'owner'])
    assert.deepEqual(args, [
      ...['-J', 'bw-1', '-n', '2', '-R', 'rusage[mem=4096MB] span[hosts=1]', '-M', '4096MB', '-W', '91'],
      ...['-o', '/dev/null', '-cwd', '/home/alice', '-env', 'none', '-q', 'long', '-rn'],
    ])
    assert.ok(lsf.submit(job({ requeue: true }), settingsWith()).args.includes('-r'))
  })
  const amounts: readonly (readonly [unit: string, per: string, limit: string, reserved: string])[] = [
    ['written', 'job', '4096MB', 'rusage[mem=4096MB]'],
    ['KB', 'job', '4194304', 'rusage[mem=4194304]'],
    ['MB', 'job', '4096', 'rusage[mem=4096]'],
    ['GB', 'job', '4', 'rusage[mem=4]'],
    ['written', 'task', '4096MB', 'rusage[mem=2048MB]'],
    ['GB', 'task', '4', 'rusage[mem=2]'],
  ]
  for (const [memoryUnit, memoryReservedPer, limit, reserved] of amounts)
    it(`asks for 4 GiB in ${memoryUnit} for each ${memoryReservedPer} as ${limit} and ${reserved}`, () => {
      const site = { memoryUnit, memoryReservedPer }
      assert.equal(argument('-M', job(), site), limit)
      assert.equal(argument('-R', job(), site), `${reserved} span[hosts=1]`)
    })
  it('rounds memory up, never down to nothing', () => {
    const small = job({ resources: { ...resources, memoryMiB: 100 } })
    assert.equal(argument('-M', small, { memoryUnit: 'GB' }), '1')
  })
  it('names GPUs, and where it is known their model', () => {
    assert.equal(argument('-gpu'), undefined)
    assert.equal(argument('-gpu', job({ resources: { ...resources, gpus: 2 } })), 'num=2')
    const chosen = job({ resources: { ...resources, gpus: 1, gpuType: 'TeslaV100' } })
    assert.equal(argument('-gpu', chosen), 'num=1:gmodel=TeslaV100')
  })
  it('takes the condition of a profile into its one requirement', () => {
    const request = job({ options: { select: 'model==XeonGold6226R&&ncpus>=16' } })
    assert.equal(argument('-R', request), 'select[model==XeonGold6226R&&ncpus>=16] rusage[mem=4096MB] span[hosts=1]')
  })
  it('writes the job id into the path of the output, and nothing else that LSF would replace', () => {
    assert.equal(argument('-o', job({ outputPath: '/x/100%-%j.out' })), '/x/100%-%J.out')
    for (const outputPath of ['/x/%J.out', '/x/%I', '/x/%U.log', '/x/%%jJ'])
      assert.throws(() => lsf.submit(job({ outputPath }), settingsWith()), SchedulerError, outputPath)
    assert.throws(() => lsf.submit(job({ workdir: '/x/%J' }), settingsWith()), SchedulerError)
  })
  it('refuses a script of which LSF would read a line as its own', () => {
    for (const line of ['#BSUB -q gpu', '  #BSUB -J x', '# LSBATCH: End user input'])
      assert.throws(() => lsf.submit(job({ script: `#!/bin/sh\n${line}\n` }), settingsWith()), SchedulerError, line)
  })
  it('takes no option that would say more than it seems', () => {
    for (const options of [
      { queue: '-K' },
      { queue: 'a b' },
      { project: 'x,y' },
      { select: 'a] rusage[mem=1' },
      { select: 'a||b' },
      { select: 'type==any order[ut]' },
      { nosuch: 'x' },
    ])
      assert.equal(lsf.jobOptions.safeParse(options).success, false, JSON.stringify(options))
  })
})

it('a script of LSF is public: its secret alone buys no claim', () => {
  assert.equal(lsf.secretChannel, 'log')
  assert.ok(lsf.readLog)
})

describe('times, amounts and hosts of LSF', () => {
  it('are read, times only with their year', () => {
    assert.equal(toTime('Nov 23 04:10 2026'), Date.UTC(2026, 10, 23, 4, 10))
    assert.equal(toTime('Mon Nov  2 04:10:01 2026'), Date.UTC(2026, 10, 2, 4, 10, 1))
    assert.equal(toTime('Nov 23 04:10:01 2026 L'), Date.UTC(2026, 10, 23, 4, 10, 1))
    for (const text of ['Nov 23 04:10', '23. Nov 04:10 2026', 'Dez 23 04:10 2026', '-', '', 'yesterday'])
      assert.equal(toTime(text), undefined, text)
    assert.deepEqual(['5.2 Gbytes', '126 Mbytes', '3M', '900 Kbytes', '1 bytes', '5', '-', ''].map(toMiB), [
      5325,
      126,
      3,
      1,
      1,
      undefined,
      undefined,
      undefined,
    ])
    assert.deepEqual(['c012', 'host1:host1', '4*c012:8*c013', 'n1.example.org', '-', '', '<x>'].map(hostOf), [
      'c012',
      'host1',
      'c012',
      'n1.example.org',
      undefined,
      undefined,
      undefined,
    ])
  })
})
