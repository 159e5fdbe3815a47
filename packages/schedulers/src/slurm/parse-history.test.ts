import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Output, SchedulerError, toJobId } from '../driver.ts'
import { parseHistory, parseHistoryByName } from './parse-history.ts'
import { parsePartitions } from './parse-partitions.ts'

const testdata = (name: string): string => readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8')
const printed = (stdout: string): Output => ({ exitCode: 0, stdout, stderr: '' })
const failed = (stderr: string): Output => ({ exitCode: 1, stdout: '', stderr })

describe('parseHistory, on what sacct of Slurm 22.05.8 printed', () => {
  const jobs = parseHistory(printed(testdata('sacct-22.05.8-ids.txt')))
  const endOf = (id: string) => jobs.get(toJobId(id))?.end

  for (const [id, kind, extra] of [
    ['46', 'completed', { exitCode: 0 }],
    ['47', 'failed', { exitCode: 127 }],
    ['48', 'failed', { exitCode: 3 }],
    ['49', 'failed', { signal: 9 }],
    ['50', 'out-of-memory', {}],
    ['51', 'launch-failed', {}],
    ['45', 'node-failure', {}],
    ['10', 'walltime', {}],
    ['66', 'cancelled', { by: '0' }],
    ['67', 'cancelled', { by: '1003' }],
    ['68', 'cancelled', { by: '0' }],
    ['61+1', 'failed', { signal: 15 }],
  ] as const)
    it(`tells how job ${id} ended: ${kind} ${JSON.stringify(extra)}`, () => {
      const { exitCode, signal, by } = endOf(id) ?? {}
      const none = { exitCode: undefined, signal: undefined, by: undefined }
      assert.equal(endOf(id)?.kind, kind)
      assert.deepEqual({ exitCode, signal, by }, { ...none, ...extra })
    })

  it('quotes the state, with the exit code where there is one to tell', () => {
    assert.equal(endOf('46')?.words, 'COMPLETED')
    assert.equal(endOf('50')?.words, 'OUT_OF_MEMORY, exit 0:125')
    assert.equal(endOf('66')?.words, 'CANCELLED by 0')
  })

  it('tells node, times and the memory of the largest step', () => {
    assert.deepEqual(endOf('46'), {
      kind: 'completed',
      exitCode: 0,
      words: 'COMPLETED',
      startedAt: 1_795_347_046_000,
      endedAt: 1_795_347_047_000,
      host: 'n3',
      maxMemoryMiB: 4,
    })
  })

  it('gives a job that never started no start and no node', () => {
    assert.deepEqual([endOf('68')?.startedAt, endOf('68')?.host], [undefined, undefined])
  })

  it('gives jobs that go on no end', () => {
    for (const id of ['69', '70']) assert.equal(endOf(id), undefined)
    assert.equal(jobs.get(toJobId('69'))?.phase, 'paused')
  })

  it('leaves out jobs that accounting does not know', () => assert.equal(jobs.has(toJobId('99999')), false))

  it('finds ended jobs by name, all of them', () => {
    const found = parseHistoryByName(printed(testdata('sacct-22.05.8-names.txt')))
    assert.deepEqual(
      found.map(({ id, name, end }) => [id, name, end?.kind]),
      [
        ['11', 'bwok', 'completed'],
        ['13', 'bw3', 'failed'],
        ['18', 'bwrun', 'cancelled'],
        ['46', 'bwok', 'completed'],
        ['48', 'bw3', 'failed'],
        ['52', 'bwrun', 'node-failure'],
      ],
    )
  })

  it('answers nothing where the site keeps no accounting', () => {
    assert.deepEqual(parseHistory(failed('Slurm accounting storage is disabled\n')), new Map())
  })

  it('calls a slurmdbd that is down unavailable', () => {
    const stderr =
      'sacct: error: Sending PersistInit msg: Connection refused\nsacct: error: Problem talking to the database: Connection refused\n'
    assert.throws(
      () => parseHistory(failed(stderr)),
      (error) => error instanceof SchedulerError && error.kind === 'unavailable',
    )
  })
})

describe('parsePartitions', () => {
  it('reads what sinfo of Slurm 22.05.8 printed, one partition per name', () => {
    const partitions = parsePartitions(printed(testdata('sinfo-22.05.8-partitions.txt')))
    assert.deepEqual(
      partitions.map(({ name, isDefault, maxWallSeconds, gpuTypes, cores }) => [
        name,
        isDefault,
        maxWallSeconds,
        gpuTypes,
        cores.total,
      ]),
      [
        ['debug', true, 1_800, [], 32],
        ['batch', false, 172_800, [], 96],
        ['gpu', false, 86_400, [{ type: 'a100', count: 4 }], 32],
      ],
    )
    assert.deepEqual([partitions[0]?.coresPerNode, partitions[0]?.memoryMiBPerNode], [32, 128_000])
  })

  for (const [gres, types] of [
    ['(null)', []],
    ['gpu:4', [{ type: '', count: 4 }]],
    ['gpu:a100:4(S:0-1)', [{ type: 'a100', count: 4 }]],
    [
      'gpu:turing:1,gpu:ampere:3',
      [
        { type: 'turing', count: 1 },
        { type: 'ampere', count: 3 },
      ],
    ],
    [
      'gpu:2(S:0-1),gpu:1g.10gb:28(S:0-1)',
      [
        { type: '', count: 2 },
        { type: '1g.10gb', count: 28 },
      ],
    ],
    ['gpfs:scratch:no_consume:1,craynetwork:4', []],
  ] as const)
    it(`reads the resources ${gres}`, () => {
      const row = ['p', 'up', 'infinite', '28+', '196000+', gres, '1/2/3/6'].join('\x1f')
      assert.deepEqual(parsePartitions(printed(`${row}\x1f\n`))[0]?.gpuTypes, types)
    })
})

describe('answers of any bytes', () => {
  const cells = fc.array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\x1f', '\n', '7', 'COMPLETED', '0:0', 'up')),
  )
  for (const parse of [parseHistory, parseHistoryByName, parsePartitions])
    it(`make ${parse.name} throw a SchedulerError or nothing`, () => {
      fc.assert(
        fc.property(cells, fc.integer({ min: 0, max: 1 }), (parts, exitCode) => {
          try {
            parse({ exitCode, stdout: parts.join(''), stderr: '' })
          } catch (error) {
            assert.ok(error instanceof SchedulerError)
          }
        }),
      )
    })
})
