/** Attacks on pages, each where the one defence that stands against it is taken away: there it gets through. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { factsOf, makeSession } from './testing/fake-rooms.ts'
import { Browser, webBench } from './testing/web-bench.ts'

describe('without its defence', () => {
  it('a guessed session is found: pages ask whose it is', async () => {
    const bench = webBench()
    const [alice, bob] = [bench.users.get('alice'), bench.users.get('bob')]
    assert.ok(alice && bob)
    bench.sessions.put(makeSession('live', alice, factsOf.queued))
    const visitor = await bench.signedIn('bob')
    const guess = async () =>
      Promise.all(['live', 'none'].map(async (id) => (await visitor.get(`/hub/sessions/${id}`)).status))
    assert.deepEqual(await guess(), [404, 404])

    // Everything belongs to whoever asks.
    const { find } = bench.sessions
    Object.assign(bench.sessions, {
      find: async (id: string) => {
        const session = await find(id)
        return session && { ...session, userId: bob.id, userName: bob.name }
      },
    })
    assert.deepEqual(await guess(), [200, 404])
  })

  it('a link starts: what a GET says is not done', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const link = '/hub/spawn/alice/lured?profile=lab&_shown=lab&_action=start'
    assert.equal((await alice.get(link)).status, 200)
    assert.equal(bench.sessions.rows.size, 0)

    // A hub that takes the link for the button, and asks for no token of a form.
    const careless = new Browser(
      {
        request: (url, init) => {
          const { pathname, searchParams, origin } = new URL(url)
          searchParams.set('_xsrf', alice.cookies.get('_xsrf')?.value ?? '')
          return bench.app.request(origin + pathname, { ...init, method: 'POST', body: searchParams })
        },
      },
      bench.settings,
    )
    for (const [name, cookie] of alice.cookies) careless.cookies.set(name, cookie)
    assert.equal((await careless.get(link)).status, 303)
    assert.deepEqual(
      [...bench.sessions.rows.values()].map(({ serverName }) => serverName),
      ['lured'],
    )
  })

  it('a one-time link signs in twice: using it takes it away', async () => {
    const bench = webBench()
    const key = await bench.people.createLink('alice', 600)
    const use = async () => {
      const visitor = bench.browser()
      await visitor.get(`/hub/login/link?key=${key}`)
      return (await visitor.post('/hub/login/link', { key })).status
    }
    // Looked at and not taken away.
    const { redeemLink } = bench.people
    Object.assign(bench.people, {
      redeemLink: async (text: string) => {
        const found = await bench.people.peekLink(text)
        return found && (bench.users.get(found.userName) ?? null)
      },
    })
    assert.deepEqual([await use(), await use()], [302, 302])
    Object.assign(bench.people, { redeemLink })
    assert.deepEqual([await use(), await use()], [302, 410])
  })
})
