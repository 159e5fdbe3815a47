import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { claim, toStep } from './claim.ts'
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

describe('an answer to a claim', () => {
  for (const [title, status, body, kind] of [
    ['another attempt runs the session', 409, { code: 'superseded' }, 'lost'],
    ['the session is over', 409, { code: 'ended' }, 'lost'],
    ['the agent is too old', 409, { code: 'protocol' }, 'refused'],
    ['it is not the job’s turn yet', 403, { code: 'later' }, 'later'],
    ['the hub starts', 503, null, 'later'],
    ['the hub fails', 500, null, 'later'],
    ['it is too early', 425, null, 'later'],
    ['there are too many', 429, null, 'later'],
    ['the secret is wrong', 403, { code: 'forbidden' }, 'refused'],
    ['this is no hub', 404, '<html>', 'refused'],
    ['this is another kind of answer', 302, null, 'refused'],
    ['the hub says too little', 200, {}, 'later'],
    ['the hub says all', 200, reply, 'won'],
  ] as const)
    it(`means ${kind}: ${title}`, () => assert.equal(toStep(status, body).kind, kind))

  it('is told in its words, on one line and no longer than 500 characters, else by its status', () => {
    const messageOf = (body: unknown) => {
      const step = toStep(403, body)
      return 'message' in step ? step.message : undefined
    }
    assert.equal(messageOf({ message: 'a\x1b\nb\x7fc' }), 'a b c')
    assert.equal(messageOf({ message: 'x'.repeat(5_000) })?.length, 500)
    for (const body of [{ message: 5 }, { message: '' }, null, 'x']) assert.equal(messageOf(body), 'HTTP 403')
    const step = toStep(409, { code: 'protocol' })
    assert.equal('code' in step && step.code, 'protocol')
  })

  const { application, listen } = reply
  const gate = {
    clientId: 'c',
    hubPath: '/hub/',
    redirectPath: '/cb',
    accessScopes: ['s'],
    apiToken: 't',
    appToken: 't',
  }
  const won = (changes: object) => toStep(200, { ...reply, ...changes }).kind === 'won'
  it('wins with a gate, a socket, ports, an end', () => {
    assert.ok(won({ application: { ...application, access: 'gated', gate } }))
    for (const listensOn of ['port', 'socket']) assert.ok(won({ application: { ...application, listensOn } }))
    assert.ok(won({ listen: { ...listen, ports: [1, 65_535], advertise: 'n1' }, endsAt: 5 }))
  })
  for (const [title, changes] of [
    ['an application that is gated, without a gate', { application: { ...application, access: 'gated' } }],
    ['an access that is not known', { application: { ...application, access: 'open', gate } }],
    ['a place that is not known', { application: { ...application, listensOn: 'pipe' } }],
    ['no command', { application: { ...application, argv: [] } }],
    ['a command that is no text', { application: { ...application, argv: ['x', 5] } }],
    ['a command that is no list', { application: { ...application, argv: 'x' } }],
    ['an environment that is no text', { application: { ...application, environment: { A: 5 } } }],
    ['no environment', { application: { ...application, environment: null } }],
    ['a prefix without its slash', { application: { ...application, prefix: 'user/' } }],
    [
      'a gate without scopes',
      { application: { ...application, access: 'gated', gate: { ...gate, accessScopes: 's' } } },
    ],
    ['a gate without its token', { application: { ...application, gate: { ...gate, appToken: undefined } } }],
    ['a gate without the hub’s', { application: { ...application, gate: { ...gate, apiToken: 5 } } }],
    ['a key that is too short', { psk: { identity: 'i', key: 'ab'.repeat(31) } }],
    ['a key that is too long', { psk: { identity: 'i', key: 'ab'.repeat(33) } }],
    ['a key of other letters', { psk: { identity: 'i', key: 'xy'.repeat(32) } }],
    ['no key', { psk: null }],
    ['a port of nought', { listen: { ...listen, ports: [0, 5] } }],
    ['a port beyond the last', { listen: { ...listen, ports: [5, 65_536] } }],
    ['half a port', { listen: { ...listen, ports: [5, 5.5] } }],
    ['one port', { listen: { ...listen, ports: [5] } }],
    ['an address that is no text', { listen: { ...listen, advertise: 5 } }],
    ['a time before all times', { readySeconds: -1 }],
    ['a time that is a text', { stopSeconds: '20' }],
    ['no heartbeat', { heartbeatSeconds: undefined }],
    ['an end that is a text', { endsAt: 'never' }],
    ['no token', { claimToken: undefined }],
  ] as const)
    it(`cannot be read with ${title}`, () => assert.equal(won(changes), false))
})
