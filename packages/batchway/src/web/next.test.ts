/** Every place that takes a `next`: it follows one of ours (else the refusals below would prove nothing), and none that leaves the site. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { RedirectLogin } from '../people/login.ts'
import { factsOf, makeSession } from './testing/fake-rooms.ts'
import { webBench } from './testing/web-bench.ts'

const ours = '/jupyter/user/alice/lab?x=1'
/** What a browser takes for another host, or for a script, and what only looks like ours. */
const hostile = [
  'https://evil.example/',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/jupyter/..//evil.example',
  '/jupyter/%5cevil',
  'https:evil.example',
  'http://hub.test@evil.example/',
  'http://hub.test.evil.example/jupyter/hub/',
  'javascript:alert(1)',
  '/elsewhere',
]

const provider: RedirectLogin = {
  kind: 'redirect',
  id: 'campus',
  button: 'Sign in with Campus',
  async start(_, state) {
    return { address: `https://idp.example/?state=${state}`, memory: '' }
  },
  async finish() {
    return { subject: 'alice', claims: {}, endsAt: null }
  },
  signOutAddress: async () => null,
}

/** Where each place sends the browser in the end, for one `next`. */
const places: Readonly<Record<string, (next: string) => Promise<string | null>>> = {
  async 'the sign-in page of who is signed in'(next) {
    const alice = await webBench({ base: '/jupyter/' }).signedIn('alice')
    return (await alice.get(`/jupyter/hub/login?next=${encodeURIComponent(next)}`)).headers.get('location')
  },
  async 'the sign-in form'(next) {
    const visitor = webBench({ base: '/jupyter/' }).browser()
    const address = `/jupyter/hub/login?next=${encodeURIComponent(next)}`
    await visitor.get(address)
    return (await visitor.post(address, { login: 'dev', username: 'alice' })).headers.get('location')
  },
  async 'a one-time link'(next) {
    const bench = webBench({ base: '/jupyter/' })
    const visitor = bench.browser()
    const key = await bench.people.createLink('alice', 600)
    await visitor.get(`/jupyter/hub/login/link?key=${key}`)
    return (await visitor.post('/jupyter/hub/login/link', { key, next })).headers.get('location')
  },
  async 'a provider’s sign-in'(next) {
    const visitor = webBench({ base: '/jupyter/', logins: [provider] }).browser()
    const begun = await visitor.get(`/jupyter/hub/login/campus/start?next=${encodeURIComponent(next)}`)
    const state = new URL(begun.headers.get('location') ?? 'x:').searchParams.get('state') ?? ''
    return (await visitor.get(`/jupyter/hub/login/campus/callback?state=${state}`)).headers.get('location')
  },
  async 'the form of an invitation'(next) {
    const alice = await webBench({ base: '/jupyter/' }).signedIn('alice')
    return (await alice.post('/jupyter/hub/accept-share', { code: 'bobs-code', next })).headers.get('location')
  },
  async 'the address of an invitation'(next) {
    const alice = await webBench({ base: '/jupyter/' }).signedIn('alice')
    const path = `/jupyter/hub/accept-share?code=bobs-code&next=${encodeURIComponent(next)}`
    return (await alice.post(path, {})).headers.get('location')
  },
  async 'the form of the appearance'(next) {
    const alice = await webBench({ base: '/jupyter/' }).signedIn('alice')
    return (await alice.post('/jupyter/hub/preferences', { theme: 'dark', next })).headers.get('location')
  },
  async 'the waiting page of a session that is ready'(next) {
    const bench = webBench({ base: '/jupyter/' })
    const owner = bench.users.get('alice')
    assert.ok(owner)
    bench.sessions.put(makeSession('live', owner, factsOf.ready))
    const alice = await bench.signedIn('alice')
    return (await alice.get(`/jupyter/hub/spawn-pending/alice?next=${encodeURIComponent(next)}`)).headers.get(
      'location',
    )
  },
  async 'the launch form, by its waiting page'(next) {
    const bench = webBench({ base: '/jupyter/' })
    const alice = await bench.signedIn('alice')
    const ask = { profile: 'lab', _shown: 'lab', _action: 'start' }
    const path = `/jupyter/hub/spawn/alice?next=${encodeURIComponent(next)}`
    const pending = (await alice.post(path, ask)).headers.get('location') ?? ''
    return new URL(pending, 'http://hub.test').searchParams.get('next')
  },
}

describe('next', () => {
  // GHSA-wcx9-ccpj-hx3c (Coder), CVE-2019-10255, CVE-2026-33709 (JupyterHub): an open redirect after the sign-in.
  for (const [place, follow] of Object.entries(places))
    it(`leads from ${place} to ours, and nowhere else`, async () => {
      assert.equal(await follow(ours), ours)
      for (const next of hostile) {
        const location = await follow(next)
        assert.ok(location === null || location.startsWith('/jupyter/'), `${next}: ${location}`)
        assert.doesNotMatch(location ?? '', /evil|alert|elsewhere/, next)
      }
    })

  it('leads elsewhere where a hub follows it as it came', () => {
    const follow = (next: string) => new URL(next, 'http://hub.test/jupyter/hub/login').origin
    const away = hostile.filter((next) => follow(next) !== 'http://hub.test')
    assert.ok(away.length >= 10, `${away.length} of ${hostile.length}`)
    assert.equal(follow(ours), 'http://hub.test')
  })

  it('is read nowhere without being judged', () => {
    const read = /\bquery\('next'\)|\b(?:given|begun|form)\.next\b/g
    const judged = /validateNext\(\s*(?:c\.req\.query\('next'\)|(?:given|begun|form)\.next)/g
    const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    let count = 0
    for (const name of files) {
      const text = readFileSync(join(import.meta.dirname, name), 'utf8')
      const found = text.match(read)?.length ?? 0
      assert.equal(text.match(judged)?.length ?? 0, found, name)
      count += found
    }
    assert.ok(count >= 6, `${count} places`)
  })
})
