import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Output, SchedulerError, toJobId } from '../driver.ts'
import { historyFormat, parseHistory, parseHistoryByName } from './parse-history.ts'
import { parsePartitions } from './parse-partitions.ts'

const testdata = (name: string): string => readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8')
const printed = (stdout: string): Output => ({ exitCode: 0, stdout, stderr: '' })
const failed = (stderr: string): Output => ({ exitCode: 1, stdout: '', stderr })

/** A row as sacct prints it, from its cells in their order. */
const row = (...cells: readonly string[]): string => {
  const widths = historyFormat.split(',').map((column) => Number(column.split('%-')[1]))
  return `${widths.map((bytes, index) => `${(cells[index] ?? '').slice(0, bytes).padEnd(bytes)} `).join('')}\n`
}

for (const version of ['22.05.8', '24.11.5'])
  describe(`parseHistory, on what sacct of Slurm ${version} printed`, () => {
    const jobs = [...parseHistory(printed(testdata(`sacct-${version}-ends.txt`))).values()]
    const find = (name: string) => {
      const found = jobs.filter((job) => job.name === name)
      assert.equal(found.length, 1, `one job of the name ${name}`)
      return found[0]
    }

    it('tells the name and the owner of each job', () => {
      const names = [
        'end-ok',
        'end-127',
        'end-exit3',
        'end-kill9',
        'end-nooutput',
        'end-oom',
        'end-walltime',
        'run-plain',
      ]
      for (const name of names) assert.equal(find(name)?.owner, 'alice')
    })

    it('quotes the state, with the exit code where there is one to tell', () => {
      assert.equal(find('end-ok')?.end?.words, 'COMPLETED')
      assert.equal(find('end-oom')?.end?.words, 'OUT_OF_MEMORY, exit 0:125')
      assert.equal(find('end-byroot')?.end?.words, 'CANCELLED by 0')
    })

    it('tells node, times and the memory of the largest step', () => {
      const { kind, exitCode, words, host, startedAt, endedAt, maxMemoryMiB } = find('end-ok')?.end ?? {}
      assert.deepEqual({ kind, exitCode, words }, { kind: 'completed', exitCode: 0, words: 'COMPLETED' })
      assert.match(host ?? '', /^n[1-4]$/)
      assert.ok(startedAt !== undefined && endedAt !== undefined && startedAt <= endedAt)
      assert.ok(startedAt > 1_790_000_000_000 && startedAt < 1_800_000_000_000)
      assert.ok(maxMemoryMiB !== undefined && maxMemoryMiB > 0)
    })

    it('gives a job that never started no start and no node', () => {
      const { startedAt, host } = find('end-pending')?.end ?? {}
      assert.deepEqual([startedAt, host], [undefined, undefined])
    })

    it('gives jobs that go on no end', () => {
      for (const name of ['run-plain', 'run-suspended']) assert.equal(find(name)?.end, undefined)
      assert.equal(find('run-suspended')?.phase, 'paused')
    })

    it('takes no name for a row of another job, and no part of a name for a whole one', () => {
      const text = testdata(`sacct-${version}-ends.txt`)
      assert.equal(text.match(/ end-ok\n999999 /g)?.length, 2, 'a job and its step have such a name')
      assert.equal(
        jobs.some(({ id }) => id === '999999'),
        false,
      )
      assert.equal(find('end-ok')?.id, '1')
    })

    it('finds ended jobs by name', () => {
      const found = parseHistoryByName(printed(testdata(`sacct-${version}-end-names.txt`)))
      assert.deepEqual(
        found.map(({ name, end }) => [name, end?.kind]),
        [
          ['end-ok', 'completed'],
          ['end-oom', 'out-of-memory'],
          ['end-byroot', 'cancelled'],
        ],
      )
    })
  })

describe('parseHistory', () => {
  const cells = ['COMPLETED', '0:0', '1795346176', '1795346177', '1795346178', 'n1', 'debug', 'alice', '', 'b00abc01']

  it('would believe the row of a name that is printed whole', () => {
    const jobs = parseHistory(printed(row('7', ...cells) + row('8', ...cells)))
    assert.deepEqual([...jobs.keys()], ['7', '8'])
  })

  it('reads no row that is not whole: its name holds a newline, or the output was cut', () => {
    const text = row('7', ...cells)
    for (const broken of [text.replace(' \n', '\n'), text.slice(0, -1), text.replace('b00abc01 ', 'b00abc01\n')])
      assert.deepEqual(parseHistory(printed(broken)), new Map())
  })

  it('knows a part of a job of several by its own id', () => {
    const jobs = parseHistory(printed(row('61+1', 'FAILED', '0:15', ...cells.slice(2)) + row('58_[3-5%2]', ...cells)))
    assert.deepEqual(
      [...jobs.values()].map(({ id, end }) => [id, end?.kind, end?.signal]),
      [['61+1', 'failed', 15]],
    )
  })

  it('tells all that it knows of an end', () => {
    assert.deepEqual(
      [...parseHistory(printed(row('7', ...cells))).values()],
      [
        {
          id: '7',
          name: 'b00abc01',
          owner: 'alice',
          phase: 'ended',
          rawState: 'COMPLETED',
          restarts: 0,
          partition: 'debug',
          submittedAt: 1_795_346_176_000,
          startedAt: 1_795_346_177_000,
          end: {
            kind: 'completed',
            exitCode: 0,
            words: 'COMPLETED',
            startedAt: 1_795_346_177_000,
            endedAt: 1_795_346_178_000,
            host: 'n1',
          },
        },
      ],
    )
    assert.deepEqual(
      [...parseHistory(printed(row('58_3', 'FAILED', '', ...Array(6).fill(''), '', 'a'))).values()],
      [
        {
          id: '58_3',
          name: 'a',
          phase: 'ended',
          rawState: 'FAILED',
          restarts: 0,
          end: { kind: 'failed', words: 'FAILED' },
        },
      ],
    )
  })

  it('tells the memory of the largest step, in whole MiB', () => {
    const step = (id: string, memory: string) => row(id, ...cells.slice(0, 8), memory, 'batch')
    const memoryOf = (...steps: string[]) =>
      parseHistory(printed(row('7', ...cells) + steps.join(''))).get(toJobId('7'))?.end?.maxMemoryMiB
    assert.equal(memoryOf(step('7.batch', '1048577'), step('7.0', '5242880'), step('7.1', '1')), 5)
    assert.equal(memoryOf(step('7.batch', '1048577')), 2)
    assert.equal(memoryOf(step('7.batch', '0'), step('7.0', ''), step('7.1', '9M'), step('8.0', '5242880')), undefined)
  })

  describe('of a job that was cancelled as its script would have begun', () => {
    const moment = '1795346177'
    const batch = ['CANCELLED', '', moment, moment, moment, 'n1', 'debug', 'alice', '', 'batch']
    const job = ['CANCELLED by 0', '0:0', moment, moment, moment, 'n1', 'debug', 'alice', '', 'b00abc01']
    /** How it ended, with some cells of the job or of its step changed. */
    const kindOf = (changed: Record<number, string> = {}, ofStep: Record<number, string> = {}, step = '7.batch') => {
      const cellsOf = (all: readonly string[], changes: Record<number, string>) =>
        all.map((one, at) => changes[at] ?? one)
      const text = row('7', ...cellsOf(job, changed)) + row(step, ...cellsOf(batch, ofStep))
      return parseHistory(printed(text)).get(toJobId('7'))?.end?.kind
    }
    const later = '1795346181'
    it('says that its node was not prepared', () => assert.equal(kindOf(), 'not-prepared'))
    it('says so after a prolog that took four seconds to fail', () =>
      assert.equal(kindOf({ 4: later }, { 4: later }), 'not-prepared'))
    for (const [title, kind] of [
      ['its owner cancelled it', kindOf({ 0: 'CANCELLED by 1000' })],
      ['nobody is named', kindOf({ 0: 'CANCELLED' })],
      ['it had no node', kindOf({ 5: 'None assigned' })],
      ['its script had a status', kindOf({}, { 1: '0:15' })],
      ['its script had used memory', kindOf({}, { 8: '1024' })],
      ['its script ended after it, with its silent node', kindOf({}, { 4: later })],
      ['its script began after it', kindOf({ 4: later }, { 3: later, 4: later })],
      ['its script was not cancelled', kindOf({}, { 0: 'FAILED' })],
      ['another step of it was', kindOf({}, {}, '7.extern')],
      ['the step is that of another job', kindOf({}, {}, '8.batch')],
    ] as const)
      it(`does not where ${title}`, () => assert.equal(kind, 'cancelled'))
    it('does not where it failed', () => assert.equal(kindOf({ 0: 'FAILED' }), 'failed'))
  })

  it('answers nothing where the site keeps no accounting', () => {
    assert.deepEqual(parseHistory(failed('Slurm accounting storage is disabled\n')), new Map())
    const both = 'Slurm accounting storage is disabled\nsacct: error: Connection refused\n'
    for (const [stderr, words] of [
      [both, /Connection refused/],
      ['sacct: error: something new\n', /^something new$/],
      ['', /^sacct ended with exit code 1$/],
    ] as const)
      assert.throws(
        () => parseHistory(failed(stderr)),
        (error) => error instanceof SchedulerError && error.kind === 'unavailable' && words.test(error.message),
      )
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
