import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { webBench } from './testing/web-bench.ts'

describe('signing out with several tabs open', () => {
  // CVE-2021-41247 (JupyterHub 1.5): what another tab still had open, or put back, stayed signed in.
  it('ends them all, also with cookies that a tab kept or puts back', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const page = await alice.get('/hub/home')
    assert.equal(page.status, 200, 'the second tab is open')
    const kept = new Map(alice.cookies)
    const before = bench.people.signIns.size

    assert.equal((await alice.post('/hub/logout')).status, 303)
    assert.equal(bench.people.signIns.size, before - 1)
    for (const [name, cookie] of kept) alice.cookies.set(name, cookie)
    assert.match((await alice.get('/hub/home')).headers.get('location') ?? '', /^\/hub\/login\?next=/)
    for (const path of ['/hub/preferences', '/hub/spawn']) {
      const answer = await alice.post(path, { theme: 'dark', profile: 'lab', _shown: 'lab', _action: 'start' })
      assert.ok(answer.status === 403 || /\/hub\/login/.test(answer.headers.get('location') ?? ''), path)
    }
    assert.equal(bench.sessions.rows.size, 0)

    // Her other browser is not concerned, and the same cookies do work while the sign-in lasts.
    const other = await bench.signedIn('alice')
    const copy = bench.browser()
    for (const [name, cookie] of other.cookies) copy.cookies.set(name, cookie)
    assert.equal((await copy.get('/hub/home')).status, 200)
  })
})
