import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { applicationPlaces } from '../core/application-hosts.ts'
import { factsOf, makeSession, noon } from './testing/fake-rooms.ts'
import { webBench } from './testing/web-bench.ts'

describe('pages of a hub whose applications have hosts of their own', () => {
  async function house() {
    const places = applicationPlaces({ url: 'http://hub.test/', applicationHosts: '{user}--{server}.apps.test' })
    const bench = webBench({ settings: { places } })
    const owner = bench.users.get('alice')
    assert.ok(owner)
    bench.sessions.put(makeSession('live', owner, factsOf.ready, { serverName: 'lab' }))
    bench.sessions.put({ ...makeSession('main', owner, factsOf.ready), endsAt: noon + 1_000 })
    return { bench, alice: await bench.signedIn('alice') }
  }

  it('link to each application on its host', async () => {
    const { alice } = await house()
    const page = await (await alice.get('/hub/home')).text()
    assert.match(page, /href="http:\/\/alice--lab\.apps\.test\/user\/alice\/lab\//)
    assert.match(page, /href="http:\/\/alice\.apps\.test\/user\/alice\//)
    assert.doesNotMatch(page, /href="\/user\//)
  })
  it('send an application’s path to its host, whoever asked for it here', async () => {
    const { alice, bench } = await house()
    const first = await alice.get('/user/alice/lab/tree?a=1')
    assert.equal(first.headers.get('location'), '/hub/user/alice/lab/tree?a=1')
    const onward = await alice.get('/hub/user/alice/lab/tree?a=1')
    assert.equal(onward.headers.get('location'), 'http://alice--lab.apps.test/user/alice/lab/tree?a=1&redirects=1')
    const bob = await bench.signedIn('bob')
    assert.equal((await bob.get('/hub/user/alice/lab/tree')).status, 404)
    assert.equal((await alice.send('/user/alice/lab/x', { method: 'POST' })).status, 424)
  })
  it('go from the waiting page to the application', async () => {
    const { alice } = await house()
    const answer = await alice.get('/hub/spawn-pending/alice/lab')
    assert.match(answer.headers.get('location') ?? '', /^http:\/\/alice--lab\.apps\.test\/user\/alice\/lab\//)
    // The script of the page goes to paths of the hub alone: it is sent here again, as a page.
    const token = alice.cookies.get('_xsrf')?.value ?? ''
    const headers = { 'hx-request': 'true', 'sec-fetch-mode': 'cors', 'x-xsrftoken': token }
    const part = await alice.get('/hub/spawn-pending/alice/lab?a=1', headers)
    assert.equal(part.headers.get('hx-redirect'), '/hub/spawn-pending/alice/lab?a=1')
    // `next` stays a path of the hub: nobody can put a host into it.
    const evil = await alice.get(
      `/hub/spawn-pending/alice/lab?next=${encodeURIComponent('http://evil.test/user/alice/')}`,
    )
    assert.match(evil.headers.get('location') ?? '', /^http:\/\/alice--lab\.apps\.test\//)
    const sibling = await alice.get(`/hub/login?next=${encodeURIComponent('http://bob.apps.test/user/bob/')}`)
    assert.equal(sibling.headers.get('location'), '/hub/home')
  })
  it('let forms lead there, and nowhere else', async () => {
    const { alice } = await house()
    const policy = (await alice.get('/hub/home')).headers.get('content-security-policy') ?? ''
    assert.match(policy, /form-action 'self' http:\/\/\*\.apps\.test;/)
    assert.match(
      (await webBench().browser().get('/hub/login')).headers.get('content-security-policy') ?? '',
      /form-action 'self';/,
    )
  })
})
