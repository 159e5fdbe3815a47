import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { trimLog } from './agent-messages.ts'
import { fakeHub, jsonOf } from './testing/fake-hub.ts'

const claim = {
  protocol: 1,
  session: 's10000000',
  attempt: 1,
  nonce: 'ab'.repeat(16),
  jobId: '123[4].server',
  restart: 0,
  node: 'n1.cluster',
  uid: 1000,
  agentVersion: '0.1.0',
}
const usage = { cpuSeconds: 1.5, memoryBytes: null, memoryPeakBytes: 7 }
const exit = { type: 'exit', why: 'application', exitCode: 1, signal: null, log: ['a'], message: 'it ended', usage }

const send = (hub: ReturnType<typeof fakeHub>, path: string, credential: string | null, body: unknown) =>
  hub.internalApi.request(`/hub/api/agent/${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(credential === null ? {} : { Authorization: `Bearer ${credential}` }),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

describe('a claim', () => {
  it('is passed on and answered', async () => {
    const hub = fakeHub()
    const response = await send(hub, 'claim', 'secret', claim)

    assert.equal(response.status, 200)
    assert.equal((await jsonOf(response)).claimToken, 'ct')
    assert.deepEqual(hub.calls, [{ what: 'claim', with: claim }])
    assert.equal(response.headers.get('cache-control'), 'no-store')
  })
  const refusals: readonly [string, number, string][] = [
    ['superseded', 409, 'superseded'],
    ['ended', 409, 'ended'],
    ['protocol', 409, 'protocol'],
    ['forbidden', 403, 'forbidden'],
    ['later', 425, 'later'],
    ['down', 503, 'later'],
    ['crash', 500, 'later'],
  ]
  for (const [secret, status, code] of refusals)
    it(`that is refused as ${secret} says ${code}`, async () => {
      const response = await send(fakeHub(), 'claim', secret, claim)
      const body = await jsonOf(response)

      assert.equal(response.status, status)
      assert.equal(body.code, code)
      assert.doesNotMatch(JSON.stringify(body), /canary/)
    })
  it('without a credential or of another protocol reaches nobody', async () => {
    const hub = fakeHub()
    assert.equal((await send(hub, 'claim', null, claim)).status, 403)
    for (const body of [
      { ...claim, protocol: 3 },
      { ...claim, protocol: 0 },
      { protocol: 1 },
      { ...claim, nonce: 'x' },
      { ...claim, node: 'a b' },
      null,
    ])
      assert.equal((await jsonOf(await send(hub, 'claim', 'secret', body))).code, 'protocol')
    for (const body of ['{', JSON.stringify({ ...claim, agentVersion: 'x'.repeat(20_000) })])
      assert.equal((await send(hub, 'claim', 'secret', body)).status, 400)
    assert.deepEqual(hub.calls, [])
  })
})

describe('a report', () => {
  const address = { host: 'n1', port: 4000 }
  it('of each type is passed on', async () => {
    const reports = [
      { type: 'listening', ...address, pid: 5 },
      { type: 'ready', ...address, pid: 5, startedMs: 12.5 },
      {
        type: 'heartbeat',
        state: 'ready',
        ...address,
        usage,
        lastActivityAt: null,
        connections: 0,
        leftSeconds: 59.5,
        warnings: [{ about: 'walltime', limitSeconds: 60, endsInSeconds: 34.5 }],
      },
      exit,
      { ...exit, why: 'idle' },
      { ...exit, why: 'preflight', word: 'home-full' },
      { ...exit, exitCode: null, signal: 'SIGKILL' },
    ]
    for (const report of reports) {
      const hub = fakeHub()
      const response = await send(hub, 'report', 'ct', report)
      assert.deepEqual(await jsonOf(response), { order: 'continue', endsAt: null })
      assert.deepEqual(hub.calls, [{ what: 'report', with: report }])
    }
  })
  it('of an older agent says what it does not know yet as nothing', async () => {
    const hub = fakeHub()
    const beat = { type: 'heartbeat', state: 'ready', ...address, usage, lastActivityAt: null, connections: 0 }
    await send(hub, 'report', 'ct', beat)
    assert.deepEqual(hub.calls, [{ what: 'report', with: { ...beat, leftSeconds: null, warnings: [] } }])
  })
  it('with a revoked claim is 410', async () => {
    assert.equal((await send(fakeHub(), 'report', 'old', exit)).status, 410)
    assert.equal((await send(fakeHub(), 'report', null, exit)).status, 403)
  })
  it('that points somewhere strange is refused', async () => {
    const hub = fakeHub()
    const listening = { type: 'listening', ...address, pid: 5 }
    for (const change of [
      { host: 'http://x/' },
      { host: 'a/b' },
      { host: '' },
      { port: 0 },
      { port: 70_000 },
      { pid: 0 },
      { type: 'x' },
    ])
      assert.equal((await send(hub, 'report', 'ct', { ...listening, ...change })).status, 400, JSON.stringify(change))
    assert.deepEqual(hub.calls, [])
  })
  it('of an exit is not lost for a log that is too long', async () => {
    const hub = fakeHub()
    const log = Array.from({ length: 1000 }, (_, n) => `line ${n} ${'x'.repeat(100)}`)
    const response = await send(hub, 'report', 'ct', { ...exit, log })

    assert.equal(response.status, 200)
    const kept: string[] = Object(hub.calls[0]?.with).log
    assert.equal(kept.length, 200)
    assert.match(kept.at(-1) ?? '', /^line 999/)
  })
})

describe('trimLog', () => {
  it('keeps the end, within its limits', () => {
    const kept = trimLog(['x'.repeat(70_000), 'y'.repeat(1000)])

    assert.equal(kept.at(-1), 'y'.repeat(1000))
    assert.ok(kept.join('\n').length <= 64 * 1024)
    assert.deepEqual(trimLog([]), [])
  })
  it('takes terminal escapes and other control characters out', () => {
    assert.deepEqual(trimLog(['\u001b[31mred\u001b[0m\u0007\u0000\ttab\u009b']), ['red\ttab'])
  })
})
