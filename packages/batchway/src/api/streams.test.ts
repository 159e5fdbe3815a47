import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { createAdaptorServer } from '@hono/node-server'
import type { Removal } from '../people/removal.ts'
import { type SseSource, sseResponse } from './sse.ts'
import { alice, bearer, bob, type FakeHub, factsOf, fakeHub, sessionOf } from './testing/fake-hub.ts'

/** Read a stream until it ends or `count` messages came. */
async function messages(
  response: Response,
  count = Number.POSITIVE_INFINITY,
): Promise<{ event: string; data: unknown }[]> {
  const found: { event: string; data: unknown }[] = []
  let text = ''
  const decoder = new TextDecoder()
  if (count > 0)
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks.filter((each) => each !== '')) {
        const data = /^data: (.*)$/m.exec(block)?.[1] ?? 'null'
        found.push({ event: /^event: (.*)$/m.exec(block)?.[1] ?? 'message', data: JSON.parse(data) })
      }
      if (found.length >= count) break
    }
  return found
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const progress = (hub: FakeHub, token = 'token-alice') =>
  hub.internalApi.request('/hub/api/users/alice/server/progress', bearer(token))

describe('progress', { timeout: 60_000 }, () => {
  it('tells the whole start, to several listeners, each from the beginning, and ends', async () => {
    const hub = fakeHub('/jupyter/')
    hub.put(sessionOf(alice, factsOf.submitting, { id: 's' }))
    const url = '/jupyter/hub/api/users/alice/server/progress'
    const early = await hub.internalApi.request(url, bearer('token-alice'))
    const told = messages(early)
    await turn()
    hub.put(sessionOf(alice, factsOf.queued, { id: 's' }))
    hub.put(sessionOf(alice, factsOf.starting, { id: 's' }))
    const late = messages(await hub.internalApi.request(url, bearer('token-alice')))
    await turn()
    hub.put(sessionOf(alice, factsOf.ready, { id: 's' }))

    const data = (await told).map((message) => message.data)
    assert.equal(early.headers.get('content-type'), 'text/event-stream')
    assert.match(early.headers.get('cache-control') ?? '', /no-cache/)
    assert.equal(early.headers.get('x-accel-buffering'), 'no')
    assert.deepEqual(data[0], { progress: 0, message: 'Server requested' })
    assert.deepEqual(data.at(-1), {
      progress: 100,
      ready: true,
      message: 'Server ready at /jupyter/user/alice/',
      html_message: 'Server ready at <a href="/jupyter/user/alice/">/jupyter/user/alice/</a>',
      url: '/jupyter/user/alice/',
    })
    const bars = data.map((each) => Number(Object(each).progress))
    assert.deepEqual(
      bars,
      [...bars].sort((a, b) => a - b),
    )
    assert.deepEqual((await late).map((message) => message.data)[0], data[0])
    assert.deepEqual((await late).at(-1)?.data, data.at(-1))
    assert.equal(hub.listeners.size, 0)
    assert.equal(hub.timers.size, 0)
  })
  it('of a start that failed says why, escaped, live and afterwards', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.queued, { id: 's' }))
    const live = messages(await progress(hub))
    await turn()
    hub.put(sessionOf(alice, factsOf.ended, { id: 's' }))
    const after = await messages(await progress(hub))

    assert.equal(after.length, 1)
    for (const { data } of [(await live).at(-1), after[0]].map((each) => ({ data: Object(each?.data) }))) {
      assert.equal(data.failed, true)
      assert.equal(data.progress, 100)
      assert.match(data.message, /<b>no<\/b>/)
      assert.match(data.html_message, /&lt;b&gt;no/)
      assert.doesNotMatch(data.html_message, /<b>/)
    }
  })
  it('runs ahead only: a requeue does not pull the bar back', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.starting, { id: 's' }))
    const told = messages(await progress(hub))
    await turn()
    hub.put(sessionOf(alice, factsOf.queued, { id: 's' }))
    await turn()
    hub.put(sessionOf(alice, factsOf.ready, { id: 's' }))
    const bars = (await told).map((each) => Number(Object(each.data).progress))

    assert.deepEqual(
      bars,
      [...bars].sort((a, b) => a - b),
    )
  })
  it('answers at once where nothing starts: ready, over, never there', async () => {
    const hub = fakeHub()
    assert.equal((await progress(hub)).status, 400)
    const named = '/hub/api/users/alice/servers/lab/progress'
    assert.equal((await hub.publicApi.request(named, bearer('token-alice'))).status, 404)
    hub.put(sessionOf(alice, factsOf.ready, { id: 's' }))
    assert.equal((await messages(await progress(hub))).length, 1)
    hub.put(sessionOf(alice, factsOf.ended, { id: 's', readyAt: 1 }))
    assert.equal((await progress(hub)).status, 400)
  })
  it('does not mix in another session of the same person', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.queued, { id: 's' }))
    const told = messages(await progress(hub))
    await turn()
    hub.put(sessionOf(alice, factsOf.ready, { id: 'other', serverName: 'lab' }))
    hub.put(sessionOf(alice, factsOf.ended, { id: 's' }))

    assert.equal(Object((await told).at(-1)?.data).failed, true)
  })
})

describe('the stream of all sessions', { timeout: 60_000 }, () => {
  const follow = (hub: FakeHub, init: RequestInit = bearer('token-alice')) =>
    hub.publicApi.request('/hub/api/sessions/events', init)

  it('begins with what is, then tells each change, of nobody else', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.queued, { id: 'a' }))
    hub.put(sessionOf(bob, factsOf.queued, { id: 'b' }))
    const told = messages(await follow(hub), 3)
    await turn()
    hub.put(sessionOf(bob, factsOf.ready, { id: 'b' }))
    hub.put(sessionOf(alice, factsOf.ready, { id: 'a' }))
    await turn()
    hub.put(sessionOf(alice, factsOf.ended, { id: 'a' }))
    const [first, ...rest] = await told

    assert.equal(first?.event, 'snapshot')
    assert.deepEqual(
      Object(first?.data).map((each: unknown) => Object(each).id),
      ['a'],
    )
    assert.deepEqual(
      rest.map(({ event, data }) => [event, Object(data).id, Object(data).state]),
      [
        ['session', 'a', 'ready'],
        ['session', 'a', 'ended'],
      ],
    )
    await turn()
    assert.equal(hub.listeners.size, 0)
  })
  it('works for a browser by cookie with the token in the address, and not without', async () => {
    const hub = fakeHub()
    const { cookie, xsrf } = hub.signIn(alice)
    const path = '/hub/api/sessions/events'
    const refused = await hub.publicApi.request(path, { headers: { Cookie: cookie } })
    const open = await hub.publicApi.request(`${path}?_xsrf=${xsrf}`, { headers: { Cookie: cookie } })

    assert.equal(refused.status, 403)
    assert.equal(open.status, 200)
    await open.body?.cancel()
    assert.equal(hub.timers.size, 0)
  })
  it('tells once that a scheduler is silent, and once that it answers again', async () => {
    const hub = fakeHub()
    const tick = () => {
      for (const each of hub.timers) each()
    }
    const told = messages(await follow(hub), 3)
    await turn()
    tick()
    Object.assign(hub.health, { failingSince: hub.deps.now(), words: 'cannot "connect" <b>' })
    tick()
    tick()
    Object.assign(hub.health, { failingSince: null, words: null })
    await turn()
    tick()
    const [first, ...rest] = await told

    assert.equal(first?.event, 'snapshot')
    assert.deepEqual(
      rest.map(({ event, data }) => [event, Object(data).key, Object(data).failing_since !== null, Object(data).words]),
      [
        ['cluster', 'here', true, 'cannot "connect" <b>'],
        ['cluster', 'here', false, null],
      ],
    )
  })
  it('is closed at once when its token or its sign-in is removed, and no other is', async () => {
    const hub = fakeHub()
    const { cookie, xsrf } = hub.signIn(alice)
    const byToken = messages(await follow(hub))
    const byCookie = messages(
      await hub.publicApi.request(`/hub/api/sessions/events?_xsrf=${xsrf}`, { headers: { cookie } }),
    )
    const others = await hub.internalApi.request('/hub/api/sessions/events', bearer('token-bob'))
    await turn()
    const token = hub.tokens.get('token-alice')
    assert.ok(token?.kind === 'token')
    const remove = (removal: Removal) => {
      for (const tell of hub.removals) tell(removal)
    }
    remove({ kind: 'token', id: 999 })
    await turn()
    assert.equal(hub.listeners.size, 3, 'positive control: all are open')
    remove({ kind: 'token', id: token.token.id })
    await byToken
    assert.equal(hub.listeners.size, 2)
    remove({ kind: 'sign-in', id: `signin-${alice.id}` })
    await byCookie
    assert.equal(hub.listeners.size, 1)
    await others.body?.cancel()
    assert.equal(hub.timers.size, 0)
  })
  it('does not begin for a token that was removed while it opened', async () => {
    const hub = fakeHub()
    const opening = follow(hub)
    hub.tokens.delete('token-alice')
    await messages(await opening)
    assert.equal(hub.listeners.size, 0)
  })
  it('is closed when the token is revoked', async () => {
    const hub = fakeHub()
    const told = messages(await follow(hub))
    await turn()
    for (const tick of hub.timers) tick()
    await turn()
    assert.equal(hub.timers.size, 3, 'the keep-alive, the looks at the schedulers and at the announcements')

    hub.tokens.delete('token-alice')
    for (const tick of hub.timers) tick()

    assert.equal((await told).length, 1)
    assert.equal(hub.timers.size, 0)
    assert.equal(hub.listeners.size, 0)
  })
  it('is limited per person, and the places come back', async () => {
    const hub = fakeHub()
    const open = [await follow(hub), await follow(hub), await follow(hub)]

    assert.equal((await follow(hub)).status, 429)
    assert.equal((await follow(hub)).headers.get('retry-after'), '30')
    const other = await follow(hub, bearer('token-bob'))
    assert.equal(other.status, 200)
    for (const response of [...open, other]) await response.body?.cancel()
    assert.equal(hub.listeners.size, 0)
    const again = await follow(hub)
    assert.equal(again.status, 200)
    await again.body?.cancel()
  })
  it('opens nothing for HEAD', async () => {
    const hub = fakeHub()
    const response = await follow(hub, { method: 'HEAD', ...bearer('token-alice') })
    assert.equal(response.status, 200)
    assert.equal(hub.listeners.size, 0)
  })
})

describe('a stream nobody reads', { timeout: 60_000 }, () => {
  it('keeps only the newest message of each key', async () => {
    let feed: SseSource | undefined
    const response = sseResponse(
      (source) => {
        feed = source
        return () => {}
      },
      {
        keepAliveMs: 1,
        every: () => () => {},
        isStillAllowed: async () => true,
        headers: {},
        signal: new AbortController().signal,
        headersOnly: false,
      },
    )
    for (let n = 0; n < 10_000; n += 1) feed?.send(n % 2 ? 'odd' : 'even', n)
    feed?.close()
    const read = await messages(response)

    assert.deepEqual(
      read.map((each) => each.data),
      [9998, 9999],
    )
  })
  it('stops its source when the connection is cut', async () => {
    const hub = fakeHub()
    const server = createAdaptorServer({ fetch: hub.internalApi.fetch, overrideGlobalObjects: false })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const gone = new AbortController()
    try {
      const url = `http://127.0.0.1:${address.port}/hub/api/sessions/events`
      const response = await fetch(url, { ...bearer('token-alice'), signal: gone.signal })
      assert.equal(response.headers.get('content-type'), 'text/event-stream')
      assert.equal(hub.listeners.size, 1)

      gone.abort()

      const deadline = Date.now() + 45_000
      while (hub.listeners.size > 0 && Date.now() < deadline) await turn()
      assert.equal(hub.listeners.size, 0)
      assert.equal(hub.timers.size, 0)
    } finally {
      server.close()
    }
  })
  it('stops its source when the request is aborted', async () => {
    const hub = fakeHub()
    const gone = new AbortController()
    await hub.publicApi.request('/hub/api/sessions/events', { ...bearer('token-alice'), signal: gone.signal })
    assert.equal(hub.listeners.size, 1)
    gone.abort()
    assert.equal(hub.listeners.size, 0)
    assert.equal(hub.timers.size, 0)
  })
})

describe('announcements in the stream', { timeout: 60_000 }, () => {
  const tick = async (hub: FakeHub) => {
    for (const run of hub.timers) run()
    await turn()
  }
  const idsOf = (all: readonly { event: string; data: unknown }[]) =>
    all.flatMap(({ event, data }) => (event === 'announcements' ? [(data as { ids: string[] }).ids] : []))

  it('are told when they are others: published, withdrawn, and only those for the reader', async () => {
    const hub = fakeHub()
    const { announcements } = hub.deps
    const everyone = { kind: 'everyone' } as const
    await announcements.publish({ text: 'Before.', to: everyone, until: null }, 'carol')
    const told = messages(await hub.internalApi.request('/hub/api/sessions/events', bearer('token-alice')), 6)
    await turn()
    await announcements.publish({ text: 'For bob.', to: { kind: 'user', user: 'bob' }, until: null }, 'carol')
    await tick(hub)
    await announcements.publish(
      { text: 'For people here.', to: { kind: 'cluster', cluster: 'here' }, until: null },
      'carol',
    )
    await tick(hub)
    hub.put(sessionOf(alice, factsOf.ready, { id: 's' }))
    await tick(hub)
    await announcements.withdraw('a1')
    await tick(hub)
    await announcements.withdraw('a3')
    await tick(hub)
    assert.deepEqual(idsOf(await told), [['a1'], ['a3', 'a1'], ['a3'], []])
  })
})
