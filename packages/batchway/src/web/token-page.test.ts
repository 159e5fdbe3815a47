import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Token } from '../people/people.ts'
import { makeToken, noon } from './testing/fake-rooms.ts'
import { type Bench, webBench } from './testing/web-bench.ts'

function put(bench: Bench, id: number, more: Partial<Token> = {}, owner = 'alice'): void {
  const user = bench.users.get(owner)
  assert.ok(user)
  bench.people.tokens.set(id, makeToken(id, user, more))
}
const form = { note: 'nightly', expires: String(86_400), rights: 'all', scopes: '' }
const secret = /5ec4e7\d{58}/

describe('the token page', () => {
  it('shows a new token once, on the page after the form, and records that it was made', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const posted = await alice.post('/hub/token', form)
    assert.equal(posted.status, 303)
    assert.equal(posted.headers.get('location'), '/hub/token?made=a1')
    assert.doesNotMatch(JSON.stringify([...posted.headers]) + (await posted.text()), secret)
    const answer = await alice.get('/hub/token?made=a1')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const text = await answer.text()
    const [shown = ''] = secret.exec(text) ?? []
    assert.notEqual(shown, '')
    assert.equal(text.split(shown).length, 2, 'in one place')
    assert.doesNotMatch(/<title>[^<]*<\/title>/.exec(text)?.[0] ?? '', secret)
    const again = await (await alice.get('/hub/token?made=a1')).text()
    assert.doesNotMatch(again, secret)
    assert.match(again, /is shown once, and this one has been/)
    assert.doesNotMatch(await (await alice.get('/hub/token')).text(), secret)
    assert.equal(bench.people.tokens.size, 1, 'pages that are loaded again make no token')
    assert.deepEqual(
      bench.audited.filter(({ action }) => action === 'token-created').map(({ actor, detail }) => [actor, detail]),
      [['alice', 'a1, expires 2026-11-20T12:42:10.000Z']],
    )
    assert.equal(bench.people.tokens.get(1)?.expiresAt, noon + 86_400_000)
    assert.doesNotMatch(JSON.stringify(bench.audited), secret)
  })

  it('shows it to the browser that asked for it, and to no other', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const elsewhere = await bench.signedIn('alice')
    const bob = await bench.signedIn('bob')
    await alice.post('/hub/token', form)
    for (const other of [elsewhere, bob])
      assert.doesNotMatch(await (await other.get('/hub/token?made=a1')).text(), secret)
    assert.doesNotMatch(await (await alice.get('/hub/token?made=a2')).text(), secret)
    assert.match(await (await alice.get('/hub/token?made=a1')).text(), secret, 'nobody used it up')
  })

  it('narrows a token to rights that its owner holds, and keeps what was typed when they are others', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const some = { ...form, rights: 'some' }
    await alice.post('/hub/token', { ...some, scopes: ' read:servers!user=alice, read:servers!user=alice ' })
    assert.deepEqual(bench.people.tokens.get(1)?.scopes, ['read:servers!user=alice'])

    const wrong = await alice.post('/hub/token', { ...some, scopes: 'read:everything' })
    assert.equal(wrong.status, 422)
    const text = await wrong.text()
    assert.match(text, /id="errors"/)
    assert.match(text, /value="read:everything"[^>]* aria-invalid="true"/)
    assert.match(text, /value="nightly"/)
    assert.match(await (await alice.post('/hub/token', some)).text(), /Write at least one right/)
    assert.equal(bench.people.tokens.size, 1)
  })

  it('offers and takes no time beyond what the site allows', async () => {
    const bench = webBench({ settings: { longestTokenSeconds: 90 * 86_400 } })
    const alice = await bench.signedIn('alice')
    const page = await (await alice.get('/hub/token')).text()
    assert.doesNotMatch(page, /Never<\/option>|1 year<\/option>/)
    assert.match(page, /90 d, the longest here<\/option>/)
    for (const expires of ['never', String(365 * 86_400), '0', '', '-1', '1e99']) {
      const answer = await alice.post('/hub/token', { ...form, expires })
      assert.equal(answer.status, 422, expires)
      assert.match(await answer.text(), /Choose one of the times/)
    }
    const free = webBench()
    const bob = await free.signedIn('bob')
    assert.equal((await bob.post('/hub/token', { ...form, expires: 'never' })).status, 303)
    assert.equal(free.people.tokens.get(1)?.expiresAt, null)
  })

  it('lists a person’s own tokens by kind, without those that are over', async () => {
    const bench = webBench()
    put(bench, 1, { note: 'mine', scopes: ['servers!user'], lastActivityAt: noon - 60_000 })
    put(bench, 2, { note: 'old', expiresAt: noon })
    put(bench, 3, { note: 'not mine' }, 'bob')
    put(bench, 4, { note: 'Server at /user/alice/', kind: 'server', sessionId: 's1' })
    const oauth = { kind: 'oauth', clientId: 'jupyterhub-user-bob', scopes: ['access:servers!server=bob/'] } as const
    put(bench, 5, oauth)
    put(bench, 6, { ...oauth, expiresAt: noon + 1_000 })
    const text = await (await (await bench.signedIn('alice')).get('/hub/token')).text()
    assert.match(text, /<bdi>mine<\/bdi>.*Today 13:41/s)
    assert.doesNotMatch(text, /<bdi>old|<bdi>not mine/)
    assert.match(text, /<bdi>Server of jupyterhub-user-bob<\/bdi> <span class="muted small">2 tokens/)
    assert.equal(
      text.split('/revoke"').length - 1,
      2,
      'one token, one application; a session’s own is not revoked here',
    )
  })

  it('revokes one token, all of an application, and nothing of others', async () => {
    const bench = webBench()
    put(bench, 1)
    put(bench, 2)
    put(bench, 3, {}, 'bob')
    put(bench, 4, { kind: 'server' })
    for (const id of [5, 6]) put(bench, id, { kind: 'oauth', clientId: 'jupyterhub-user-bob' })
    put(bench, 7, { kind: 'oauth', clientId: 'jupyterhub-user-bob' }, 'bob')
    const alice = await bench.signedIn('alice')
    const gone = await alice.post('/hub/token/1/revoke')
    assert.equal(gone.headers.get('location'), '/hub/token?done=token')
    assert.match(await (await alice.get('/hub/token?done=token')).text(), /The token is revoked/)
    for (const id of ['1', '3', '4', 'x', '9'])
      assert.equal((await alice.post(`/hub/token/${id}/revoke`)).status, 404, id)
    const taken = await alice.post('/hub/token/6/revoke')
    assert.equal(taken.headers.get('location'), '/hub/token?done=application')
    assert.equal((await alice.post('/hub/token/5/revoke')).status, 404)
    assert.deepEqual([...bench.people.tokens.keys()], [2, 3, 4, 7])
    assert.deepEqual(
      bench.audited.filter(({ action }) => action === 'token-revoked').map(({ detail }) => detail),
      ['a1', 'a6 of jupyterhub-user-bob'],
    )
    assert.doesNotMatch(
      await (await alice.get('/hub/token?done=constructor')).text(),
      /native code|role="status">\S*<svg/,
    )
  })

  it('is closed to visitors nobody knows, to forms of other pages, and where the site takes the right away', async () => {
    const bench = webBench()
    assert.match((await bench.browser().get('/hub/token')).headers.get('location') ?? '', /\/hub\/login\?next=/)
    const alice = await bench.signedIn('alice')
    assert.equal((await alice.post('/hub/token', { ...form, _xsrf: 'wrong' })).status, 403)
    assert.equal((await alice.post('/hub/token', form, { 'sec-fetch-site': 'same-site' })).status, 403)
    bench.people.withheld.add('tokens!user=alice')
    assert.equal((await alice.get('/hub/token')).status, 200)
    assert.equal((await alice.post('/hub/token', form)).status, 403)
    bench.people.withheld.add('read:tokens!user=alice')
    assert.equal((await alice.get('/hub/token')).status, 403)
    assert.equal(bench.people.tokens.size, 0)
  })

  it('shows hostile notes, rights and applications as text', async () => {
    const bench = webBench()
    const evil = `"><script>alert(1)</script>\u202e{{ 7 | times: 7 }}<img src=x onerror=alert(2)>`
    put(bench, 1, { note: evil, scopes: [evil] })
    put(bench, 2, { kind: 'oauth', clientId: evil, scopes: [evil] })
    put(bench, 3, { kind: 'server', note: evil })
    const alice = await bench.signedIn('alice')
    for (const answer of [
      await alice.get('/hub/token'),
      await alice.get(`/hub/token?done=${encodeURIComponent(evil)}`),
      await alice.post('/hub/token', { ...form, note: evil, scopes: evil, rights: 'some', expires: evil }),
    ]) {
      const text = await answer.text()
      assert.doesNotMatch(text, /<script>|<img src=x|\u202e49/)
      assert.match(text, /&lt;script&gt;/)
    }
    const long = await alice.post('/hub/token', { ...form, note: 'x'.repeat(256) })
    assert.match(await long.text(), /Write at most 255 characters/)
  })
})
