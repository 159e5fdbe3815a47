import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SchedulerError, toJobId } from '../driver.ts'
import { local } from './local.ts'

const site = local.settings.parse({ state: '/srv/state', node: '/opt/node', program: '/opt/bin.js' })
const output = (exitCode: number, stdout = '', stderr = '') => ({ exitCode, stdout, stderr })
const running = {
  id: '1.ab',
  name: 't1',
  owner: 'alice',
  state: 'running',
  submittedAt: 5,
  startedAt: 6,
  endsAt: 7,
  host: 'n1',
}
const listing = (...jobs: unknown[]) => output(0, JSON.stringify({ complete: true, jobs }))

describe('local driver', () => {
  it('hands everything but the script over as arguments, each bound to its option', () => {
    const job = {
      name: 't1',
      account: 'alice',
      script: '#!/bin/sh\nsecret\n',
      resources: { cores: 2, memoryMiB: 512, gpus: 0, wallSeconds: 90 },
      workdir: '/home/alice',
      outputPath: '/home/alice/out-%j',
      requeue: false,
      options: {},
    }
    assert.deepEqual(local.submit(job, site), {
      file: '/opt/node',
      args: [
        ...['/opt/bin.js', 'submit', '--state=/srv/state', '--name=t1', '--account=alice', '--cores=2', '--memory=512'],
        ...['--gpus=0', '--time=90', '--chdir=/home/alice', '--output=/home/alice/out-%j'],
      ],
      stdin: job.script,
      as: 'hub',
    })
    assert.deepEqual(local.cancel(toJobId('--evil'), site).args.slice(-2), ['--', '--evil'])
  })

  for (const [exitCode, submit, list] of [
    [2, 'refused', 'refused'],
    [3, 'unavailable', 'unavailable'],
    [5, 'ambiguous', 'unavailable'],
    [70, 'ambiguous', 'unavailable'],
    [137, 'ambiguous', 'unavailable'],
  ] as const)
    it(`reads exit code ${exitCode} as ${submit} of a submit and ${list} of a list`, () => {
      assert.throws(() => local.parseSubmit(output(exitCode, '7.ab\n', 'words')), { kind: submit, message: 'words' })
      assert.throws(() => local.parseList(output(exitCode)), { kind: list })
    })

  it('reads a list: times, phase, and a host only while there is one', () => {
    const waiting = { ...running, id: '2.cd', state: 'queued', reason: 'Resources', estimatedStartAt: 9 }
    const ended = { ...running, id: '3.ef', state: 'ended', end: { kind: 'failed', exitCode: 3, host: 'n1' } }
    const { complete, jobs } = local.parseList(listing(running, waiting, ended))
    assert.equal(complete, true)
    assert.deepEqual(
      jobs.map(({ phase, host, reason, wait, end }) => ({ phase, host, reason, wait, end })),
      [
        { phase: 'running', host: 'n1', reason: undefined, wait: undefined, end: undefined },
        { phase: 'pending', host: undefined, reason: 'Resources', wait: 'normal', end: undefined },
        {
          phase: 'ended',
          host: undefined,
          reason: undefined,
          wait: undefined,
          end: { kind: 'failed', exitCode: 3, host: 'n1' },
        },
      ],
    )
  })

  it('takes a state it does not know for unknown, never for ended', () =>
    assert.equal(local.parseList(listing({ ...running, state: 'hibernating' })).jobs[0]?.phase, 'unknown'))

  it('says that a list with a record it cannot read is incomplete', () => {
    const { complete, jobs } = local.parseList(listing(running, { id: 'no more' }))
    assert.deepEqual([complete, jobs.length], [false, 1])
  })

  it('tells a job that the scheduler does not know from an error', () => {
    assert.equal(local.parseCancel(output(0, 'cancelled\n')), true)
    assert.equal(local.parseCancel(output(4, '', 'no job')), false)
    assert.throws(() => local.parseCancel(output(3)), { kind: 'unavailable' })
  })

  it('reads any output without another error than its own, and a cut list never as a complete one', () => {
    const anything = fc.oneof(fc.string(), fc.json(), fc.constant(listing(running).stdout))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), anything, fc.string(), (exitCode, stdout, stderr) => {
        for (const read of [
          local.parseList,
          local.parseSubmit,
          local.parseCancel,
          local.history?.parse,
          local.availability?.parse,
        ])
          try {
            read?.({ exitCode, stdout, stderr })
          } catch (error) {
            assert(error instanceof SchedulerError)
          }
      }),
    )
    const whole = listing(running).stdout
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) =>
        assert.throws(() => local.parseList(output(0, whole.slice(0, length))), { kind: 'unreadable' }),
      ),
    )
  })
})
