import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseSchedulers, findSchedulers } from './find-schedulers.ts'
import type { Recorded } from './recorded.ts'
import {
  bare,
  emptyGridEngine,
  everyHost,
  gridEngine,
  htcondor,
  lsf,
  moab,
  moabOverTorque,
  pbs,
  silentSlurm,
  slurm,
  torque,
} from './testing-hosts.ts'

const seen = (recorded: Recorded) =>
  findSchedulers(recorded).map(({ kind, version, name, isAnswering, commandDirectory, queues }) => ({
    kind,
    version,
    name,
    isAnswering,
    commandDirectory,
    queues: queues.map((queue) => [queue.name, queue.maxWallSeconds, queue.cores, queue.memoryMiB, queue.gpus]),
  }))

describe('findSchedulers', () => {
  for (const [name, host, expected] of [
    ['nothing', bare, []],
    [
      'Slurm, its open partitions, the default first',
      slurm,
      [
        {
          kind: 'slurm',
          version: 'slurm-wlm 22.05.8',
          name: 'larch',
          isAnswering: true,
          commandDirectory: null,
          queues: [
            ['debug', 1_800, 32, 128_000, 0],
            ['gpu', 86_400, 32, 128_000, 4],
          ],
        },
      ],
    ],
    [
      'commands of a Slurm that does not answer, in a folder of their own',
      silentSlurm,
      [
        {
          kind: 'slurm',
          version: 'slurm 24.11.5',
          name: null,
          isAnswering: false,
          commandDirectory: '/opt/slurm/bin',
          queues: [],
        },
      ],
    ],
    [
      'OpenPBS, without queues that route or are stopped',
      pbs,
      [
        {
          kind: 'pbs',
          version: '23.06.06',
          name: 'pbs1',
          isAnswering: true,
          commandDirectory: '/opt/pbs/bin',
          queues: [['workq', 172_800, 64, 262_144, 0]],
        },
      ],
    ],
    [
      'Torque, whose default queue comes first',
      torque,
      [
        {
          kind: 'torque',
          version: '6.1.3',
          name: 'mesabim3',
          isAnswering: true,
          commandDirectory: null,
          queues: [
            ['small', 28_800, null, null, 0],
            ['batch', null, null, null, 0],
          ],
        },
      ],
    ],
    [
      'Grid Engine, with the first limit of a queue',
      gridEngine,
      [
        {
          kind: 'grid-engine',
          version: 'SGE 8.1.9',
          name: 'alder',
          isAnswering: true,
          commandDirectory: null,
          queues: [
            ['all.q', null, null, null, 0],
            ['short.q', 1_800, null, null, 0],
          ],
        },
      ],
    ],
    [
      'Grid Engine without a cell',
      emptyGridEngine,
      [
        {
          kind: 'grid-engine',
          version: 'SGE 8.1.9',
          name: null,
          isAnswering: false,
          commandDirectory: null,
          queues: [],
        },
      ],
    ],
    [
      'HTCondor, and what its largest machines have',
      htcondor,
      [
        {
          kind: 'htcondor',
          version: '23.9.6',
          name: null,
          isAnswering: true,
          commandDirectory: null,
          queues: [['', null, 64, 512_000, 0]],
        },
      ],
    ],
    [
      'LSF, and its open queues',
      lsf,
      [
        {
          kind: 'lsf',
          version: '10.1.0.0',
          name: 'birch',
          isAnswering: true,
          commandDirectory: '/opt/lsf/bin',
          queues: [
            ['normal', null, null, null, 0],
            ['idle', null, null, null, 0],
          ],
        },
      ],
    ],
    [
      'Moab alone',
      moab,
      [
        {
          kind: 'moab',
          version: '9.1.1',
          name: null,
          isAnswering: true,
          commandDirectory: '/opt/moab/bin',
          queues: [],
        },
      ],
    ],
  ] as const)
    it(`finds ${name}`, () => assert.deepEqual(seen(host), expected))

  it('tells the three programs that are called qstat apart', () =>
    assert.deepEqual(
      [pbs, torque, gridEngine].map((host) => findSchedulers(host).map(({ kind }) => kind)),
      [['pbs'], ['torque'], ['grid-engine']],
    ))

  it('says what a site must know', () => {
    assert.match(findSchedulers(slurm)[0]?.remarks.join() ?? '', /PrivateData hides jobs.*no accounting/)
    assert.match(findSchedulers(pbs)[0]?.remarks.join() ?? '', /query_other_jobs = True/)
    assert.deepEqual(findSchedulers(torque)[0]?.remarks, [])
    assert.deepEqual(findSchedulers(gridEngine)[0]?.settings, { parallelEnvironment: 'shm' })
  })

  it('makes nothing of answers that are none', () => {
    for (const host of Object.values(everyHost))
      for (const text of ['', '\0', 'command not found\n', 'Queue: \n\n', 'qname\n', '<html>', '{}'])
        findSchedulers({
          ...host,
          answers: Object.fromEntries(
            Object.keys(host.answers).map((name) => [name, { code: 0, stdout: text, stderr: '' }]),
          ),
        })
  })

  it('offers no queue whose name a job could not have', () => {
    const odd = {
      code: 0,
      stderr: '',
      stdout:
        'Queue: a b\n    queue_type = Execution\n    enabled = True\n    started = True\nQueue: $(x)\n    queue_type = Execution\n    enabled = True\n    started = True\n',
    }
    assert.deepEqual(findSchedulers({ ...pbs, answers: { ...pbs.answers, 'qstat queues': odd } })[0]?.queues, [])
  })
})

describe('chooseSchedulers', () => {
  const kinds = (host: Recorded, asked: Parameters<typeof chooseSchedulers>[1] = null) => {
    const { used, unused } = chooseSchedulers(findSchedulers(host), asked)
    return [used.map(({ kind }) => kind), unused.map(({ found, why }) => `${found.kind}: ${why}`)]
  }
  it('takes those that answer', () => {
    assert.deepEqual(
      kinds({
        ...slurm,
        commands: { ...slurm.commands, ...emptyGridEngine.commands },
        answers: { ...slurm.answers, ...emptyGridEngine.answers },
      }),
      [['slurm'], ['grid-engine: its commands are here, but it does not answer']],
    )
    assert.deepEqual(kinds(silentSlurm), [[], ['slurm: its commands are here, but it does not answer']])
  })
  it('takes the scheduler below Moab, and Moab where it is alone', () => {
    assert.deepEqual(kinds(moabOverTorque), [['torque'], ['moab: the scheduler below it tells more']])
    assert.deepEqual(kinds(moab), [['moab'], []])
  })
  it('takes what is asked for, answering or not', () => {
    assert.deepEqual(kinds(silentSlurm, ['slurm'])[0], ['slurm'])
    assert.deepEqual(kinds(slurm, ['local'])[0], [])
    assert.deepEqual(kinds(moabOverTorque, ['moab'])[0], ['moab'])
  })
  it('refuses what is not here, and says what is', () =>
    assert.throws(
      () => kinds(slurm, ['lsf']),
      /--scheduler lsf: no commands of it answer on this host; there is slurm\. Put its commands on PATH/,
    ))
})
