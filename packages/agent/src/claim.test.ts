import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { claim } from './claim.ts'
import { type HubClient, HubUnreachable } from './hub-client.ts'
import type { ClaimReply, ClaimRequest, Ticket } from './protocol.ts'
import { fakeClock } from './testing/fake-clock.ts'

const ticket: Ticket = {
  protocol: 1,
  session: 's1',
  attempt: 1,
  secret: 'x',
  hubUrl: 'http://hub.test/hub/api',
  hubPatienceSeconds: 1_800,
}
const request: ClaimRequest = {
  protocol: 1,
  session: 's1',
  attempt: 1,
  nonce: '0'.repeat(32),
  jobId: '7',
  restart: 0,
  node: 'n1',
  uid: 1_000,
  agentVersion: '0',
}
const reply: ClaimReply = {
  claimToken: 't',
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

/** A hub that can be away; counts who asks. */
function open(given: Ticket = ticket) {
  const clock = fakeClock()
  const hub = { isAway: true, asked: 0, nonces: new Set<string>() }
  const said: string[] = []
  const stop = new AbortController()
  const client: HubClient = {
    post: async (_path, _token, body) => {
      hub.asked += 1
      hub.nonces.add(String(Reflect.get(body, 'nonce')))
      await clock.sleep(1)
      if (hub.isAway) throw new HubUnreachable('ECONNREFUSED')
      return { status: 200, body: reply }
    },
    postForm: async () => ({ status: 500, body: null }),
    get: async () => ({ status: 500, body: null }),
  }
  const tools = { hub: client, clock, log: (line: string) => said.push(line), signal: stop.signal }
  return { clock, hub, said, stop, outcome: claim(given, request, tools) }
}

describe('a claim while the hub is away', () => {
  it('is asked for again and again for half an hour, not too often, with one nonce', async () => {
    const { clock, hub, said, outcome } = open()
    await clock.advance(29 * 60_000)
    assert.ok(hub.asked > 200 && hub.asked < 800, `${hub.asked} tries`)
    hub.isAway = false
    await clock.advance(10_000)
    assert.equal((await outcome).kind, 'won')
    assert.deepEqual([hub.nonces.size, said.length], [1, 1])
  })

  it('is given up after that, with the reason', async () => {
    const { clock, hub, outcome } = open()
    await clock.advance(31 * 60_000)
    assert.deepEqual(await outcome, { kind: 'unreachable', message: 'ECONNREFUSED' })
    const { asked } = hub
    await clock.advance(60 * 60_000)
    assert.equal(hub.asked, asked)
  })

  it('is not given up because somebody sets the clock', async () => {
    const { clock, hub, outcome } = open()
    await clock.advance(60_000)
    clock.setNow(clock.now() + 86_400_000)
    await clock.advance(60_000)
    hub.isAway = false
    await clock.advance(10_000)
    assert.equal((await outcome).kind, 'won')
  })

  it('is asked for once more after a long suspension', async () => {
    const { clock, hub, outcome } = open()
    await clock.advance(60_000)
    hub.isAway = false
    await clock.suspend(3_600_000)
    await clock.advance(10_000)
    assert.equal((await outcome).kind, 'won')
  })

  it('ends with the job', async () => {
    const { clock, stop, outcome } = open()
    await clock.advance(60_000)
    stop.abort()
    await clock.advance(1)
    assert.equal((await outcome).kind, 'aborted')
  })
})
