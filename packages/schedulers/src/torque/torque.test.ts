import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type JobRequest, SchedulerError, toJobId } from '../driver.ts'
import { torque } from './torque.ts'

const resources = { cores: 2, memoryMiB: 4096, gpus: 0, wallSeconds: 5_400 }
const job = (change: Partial<JobRequest<{ queue?: string; properties?: string; qos?: string }>> = {}) => ({
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
const settings = torque.settings.parse({})

describe('a submit to Torque', () => {
  it('asks for one node, and reads no options from the script', () => {
    const { file, args, stdin, as } = torque.submit(job({ options: { queue: 'small', qos: 'high' } }), settings)
    assert.equal(file, 'qsub')
    assert.equal(
      args.join(' '),
      '-C  -N bw-1 -S /bin/sh -j oe -o /dev/null -m n -r n -q small -l nodes=1:ppn=2 -l mem=4096mb -l walltime=01:30:00 -l qos=high',
    )
    assert.deepEqual([stdin, as], ['#!/bin/sh\n#PBS -q gpu\n', 'owner'])
  })
  it('goes to another server than the default one, if the site says so', () => {
    const site = torque.settings.parse({ server: 'labhost.xyz.edu', commandDirectory: '/opt/torque/bin' })
    const { file, args } = torque.submit(job({ options: { queue: 'small' } }), site)
    assert.equal(file, '/opt/torque/bin/qsub')
    assert.equal(args[args.indexOf('-q') + 1], 'small@labhost.xyz.edu')
    assert.equal(torque.submit(job(), site).args[args.indexOf('-q') + 1], '@labhost.xyz.edu')
    assert.deepEqual(torque.list(site).args, ['-x', '@labhost.xyz.edu'])
  })
  it('asks for GPUs and properties of its node', () => {
    const wants = job({ resources: { ...resources, gpus: 2 }, options: { properties: 'bigmem:ib' } })
    assert.ok(torque.submit(wants, settings).args.includes('nodes=1:ppn=2:gpus=2:bigmem:ib'))
    const model = job({ resources: { ...resources, gpus: 2, gpuType: 'a100' } })
    assert.throws(() => torque.submit(model, settings), /write its property under "properties"/)
  })
  it('refuses a path that Torque would read in another way', () => {
    for (const outputPath of ['/home/alice/%j.out', '/home/alice/a:b', '/home/alice/$PBS_JOBID'])
      assert.throws(() => torque.submit(job({ outputPath }), settings), SchedulerError, outputPath)
  })
  it('takes no option that would say more than it seems', () => {
    for (const options of [
      { queue: '-W' },
      { queue: 'a@b' },
      { account: 'x,y' },
      { properties: 'ppn=64' },
      { properties: 'a+2:ppn=8' },
      { qos: 'a,walltime=1' },
      { nosuch: 'x' },
    ])
      assert.equal(torque.jobOptions.safeParse(options).success, false, JSON.stringify(options))
  })
  it('has the driver’s own options alone, whatever 500 hostile texts each field is given', () => {
    const known = ['-C', '-N', '-S', '-j', '-o', '-m', '-r', '-q', '-A', '-l']
    for (const field of ['queue', 'account', 'qos', 'properties'])
      fc.assert(
        fc.property(
          fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.stringMatching(/^[\w:;$`,@=+ -]{1,12}$/)),
          (text) => {
            const chosen = torque.jobOptions.safeParse({ [field]: text })
            if (!chosen.success) return
            const { args } = torque.submit({ ...job(), options: chosen.data }, settings)
            for (const [index, argument] of args.entries()) {
              if (index % 2 === 0) assert.ok(known.includes(argument), argument)
              assert.doesNotMatch(argument, /[\0-\x20\x7f;$`,]/)
              if (argument.startsWith('nodes=')) assert.doesNotMatch(argument, /[+]/)
            }
          },
        ),
        { numRuns: 500 },
      )
  })
})

it('an id is one argument of qdel and qstat', () => {
  const id = toJobId('7[4].pbs1')
  assert.deepEqual(torque.cancel(id, settings).args, ['7[4].pbs1'])
  assert.deepEqual(torque.history?.command([id, id], settings).args, ['-x', '7[4].pbs1', '7[4].pbs1'])
})
