import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exitCodes } from './exit-codes.ts'
import { type HubClient, HubUnreachable } from './hub-client.ts'
import { preflightFailure, tellFailure } from './preflight-failure.ts'
import type { ClaimReply, Report, Ticket } from './protocol.ts'
import { fakeClock } from './testing/fake-clock.ts'

describe('what the job script found wrong', () => {
  it('is nothing where it says nothing, or nothing that is known', () => {
    for (const BATCHWAY_FAILURE of [
      undefined,
      '',
      'home-full',
      'home-full\nx',
      'something-new the words',
      'toString words',
      ' home-full x',
    ])
      assert.equal(preflightFailure({ BATCHWAY_FAILURE }), null, BATCHWAY_FAILURE)
  })
  it('is a word and a sentence on one line, with what the failed command said', () => {
    const said = [
      'dd: error writing: Disk quota exceeded',
      '',
      '0+1 records in',
      '0+0 records out',
      ' ',
      '0 bytes copied, 0.1 s',
    ]
    assert.deepEqual(
      preflightFailure({
        BATCHWAY_FAILURE: 'home-full the home\n\t is  full \n',
        BATCHWAY_FAILURE_LOG: said.join('\n'),
      }),
      { word: 'home-full', message: 'the home is full', log: [said[0]] },
    )
    assert.deepEqual(preflightFailure({ BATCHWAY_FAILURE: 'home-full x' })?.log, [])
  })
  it('keeps every line that only looks like the statistics of dd', () => {
    const lines = ['a 0+1 records in', '0+1 records in use', 'a 7 bytes copied', '7 bytes left']
    assert.deepEqual(
      preflightFailure({ BATCHWAY_FAILURE: 'home-full x', BATCHWAY_FAILURE_LOG: lines.join('\n') })?.log,
      lines,
    )
  })
})

describe('telling the hub', () => {
  const ticket: Ticket = {
    protocol: 2,
    session: 's1',
    attempt: 1,
    secret: 'secret-of-the-ticket',
    hubUrl: 'http://hub.test/hub/api',
    hubPatienceSeconds: 1_800,
  }
  const reply: ClaimReply = {
    claimToken: 'token-of-the-claim',
    psk: { identity: 'i', key: 'ab'.repeat(32) },
    heartbeatSeconds: 10,
    listen: { address: '0.0.0.0', ports: null, advertise: null },
    application: {
      access: 'hub-aware',
      argv: ['x'],
      environment: {},
      prefix: '/',
      healthPath: 'api',
      directory: '~',
      gate: null,
    },
    readySeconds: 30,
    stopSeconds: 20,
    endsAt: null,
  }
  const request = {
    protocol: 2,
    session: 's1',
    attempt: 1,
    nonce: '0'.repeat(32),
    jobId: '7',
    restart: 0,
    node: 'n1',
    uid: 1_000,
    agentVersion: '0',
  }
  const failure = {
    word: 'home-full',
    message: `the home of ${ticket.secret} is full`,
    log: [`dd: ${reply.claimToken}: no space`],
  } as const

  /** @param answer to the claim: a status and a body, or null for a hub that is away. */
  function tell(answer: { status: number; body: unknown } | null) {
    const clock = fakeClock()
    const reports: Report[] = []
    const said: string[] = []
    const failed: string[] = []
    const hub: HubClient = {
      post: async (path, _token, body) => {
        if (answer === null) throw new HubUnreachable('ECONNREFUSED')
        if (path === '/agent/claim') return answer
        reports.push(body as Report)
        return { status: 200, body: { order: 'continue', endsAt: null } }
      },
      postForm: () => assert.fail('not here'),
      get: () => assert.fail('not here'),
    }
    const status = tellFailure(failure, {
      ticket,
      request,
      hub,
      log: (line) => said.push(line),
      fail: (word, message) => {
        failed.push(message)
        return exitCodes[word]
      },
      world: { clock, stop: new AbortController().signal },
    })
    return { clock, reports, said, failed, status }
  }

  it('is done without a secret, and then the job ends as it would have without', async () => {
    const { clock, reports, failed, status } = tell({ status: 200, body: reply })
    await clock.advance(3_000)
    assert.equal(await status, exitCodes['home-full'])
    assert.deepEqual(reports, [
      {
        type: 'exit',
        why: 'preflight',
        word: 'home-full',
        exitCode: exitCodes['home-full'],
        signal: null,
        log: ['dd: [secret]: no space'],
        message: 'the home of [secret] is full',
        usage: { cpuSeconds: null, memoryBytes: null, memoryPeakBytes: null },
      },
    ])
    assert.deepEqual(failed, ['the home of [secret] is full'])
  })
  it('is not done by a job that another has taken the place of', async () => {
    const { reports, said, failed, status } = tell({ status: 409, body: { code: 'superseded', message: 'by 8' } })
    assert.equal(await status, 0)
    assert.deepEqual([reports, said, failed], [[], ['nothing to do: by 8'], []])
  })
  it('is given up after a minute: the job has nothing else to do on its node', async () => {
    const { clock, reports, failed, status } = tell(null)
    await clock.advance(61_000)
    assert.equal(await status, exitCodes['home-full'])
    assert.deepEqual([reports.length, failed.length], [0, 1])
  })
})
