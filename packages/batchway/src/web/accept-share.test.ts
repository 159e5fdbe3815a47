import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Liquid } from 'liquidjs'
import { webBench } from './testing/web-bench.ts'

const address = (fields: Record<string, string>): string => `/jupyter/hub/accept-share?${new URLSearchParams(fields)}`

describe('the page of an invitation', () => {
  it('shows what it gives, and whose it is', async () => {
    const bob = await webBench({ base: '/jupyter/' }).signedIn('bob')
    const page = await (await bob.get(address({ code: 'the-code' }))).text()
    assert.match(page, /alice/)
    assert.match(page, /access:servers!server=alice\//)
    assert.match(page, /<button[^>]*>Accept</)
  })

  it('is not shown to its own maker, or for a code that is none', async () => {
    const alice = await webBench({ base: '/jupyter/' }).signedIn('alice')
    assert.equal((await alice.get(address({ code: 'the-code' }))).status, 403)
    assert.equal((await alice.get(address({ code: 'made-up' }))).status, 404)
    assert.equal((await alice.get(address({}))).status, 404)
  })

  // GHSA-c4gm-pwx9-9w8j (JupyterHub): `next` stood in its page as HTML.
  it('takes an address of ours with markup in it as text', async () => {
    const next = '/jupyter/hub/home?"><script>alert(1)</script>'
    const bob = await webBench({ base: '/jupyter/' }).signedIn('bob')
    const page = await (await bob.get(address({ code: 'the-code', next }))).text()
    assert.ok(page.includes('name="next"'))
    assert.ok(!page.includes('<script>alert'))
    // Counterpart: the same template by an engine that escapes nothing.
    const template = readFileSync(new URL('./templates/accept-share.liquid', import.meta.url), 'utf8')
    const field = /<input[^>]*name="next"[^>]*>/.exec(template)?.[0] ?? ''
    assert.ok(new Liquid().parseAndRenderSync(field, { next }).includes('<script>alert'))
  })

  it('changes nothing by being looked at, nor by a form without its token', async () => {
    const bench = webBench({ base: '/jupyter/' })
    const bob = await bench.signedIn('bob')
    await bob.get(address({ code: 'the-code' }))
    const refused = await bench.browser().post('/jupyter/hub/accept-share', { code: 'the-code', _xsrf: 'guess' })
    assert.notEqual(refused.headers.get('location'), '/jupyter/user/alice/')
    assert.deepEqual(
      bench.audited.filter(({ action }) => action === 'share-accepted'),
      [],
    )
    // Counterpart: the button.
    const accepted = await bob.post('/jupyter/hub/accept-share', { code: 'the-code' })
    assert.equal(accepted.headers.get('location'), '/jupyter/user/alice/')
    assert.equal(bench.audited.filter(({ action }) => action === 'share-accepted').length, 1)
  })
})
