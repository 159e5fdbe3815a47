import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { applicationPlaces } from '../core/application-hosts.ts'
import { type Browser, webBench } from './testing/web-bench.ts'

const home = '/jupyter/hub/home'
const tokenOf = (browser: Browser): string => browser.cookies.get('_xsrf')?.value ?? ''

describe('the token of the forms on open pages', () => {
  const bench = webBench({ base: '/jupyter/' })

  /** What a person has open while something else happens in the same browser; its form must still work after that. */
  async function meanwhile(act: (alice: Browser) => Promise<void>): Promise<void> {
    const alice = await bench.signedIn('alice')
    await alice.get(home)
    const shown = tokenOf(alice)
    await act(alice)
    assert.equal((await alice.post('/jupyter/hub/preferences', { theme: 'dark', _xsrf: shown })).status, 303)
  }

  // Cookies of the hub are sent below `hub/` alone: at these addresses she looked like a stranger and got a stranger's token.
  for (const path of ['/jupyter/', '/jupyter', '/favicon.ico', '/jupyter/nothing', '/', '/jupyter/user/alice/lab'])
    it(`outlives a visit to ${path}`, () =>
      meanwhile(async (alice) => {
        const before = tokenOf(alice)
        await alice.get(path)
        // Browsers of old, and what takes this header away, do not say what they want it for.
        await alice.send(path, {})
        await alice.send(path, { method: 'POST' })
        assert.equal(tokenOf(alice), before)
      }))

  it('outlives what another site posts, which comes without cookies', () =>
    meanwhile(async (alice) => {
      for (const headers of [
        { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-site' },
        { origin: 'https://evil.example' },
      ] as const) {
        const answer = await bench.app.request(`http://hub.test${home}`, { method: 'POST', headers })
        assert.equal(answer.status, 403)
        for (const line of answer.headers.getSetCookie()) alice.keep(line)
      }
    }))

  it('is handed out to whoever has none', async () => {
    const nobody = bench.browser()
    await nobody.get('/jupyter/hub/login')
    assert.match(tokenOf(nobody), /^\w+\./)
    // A form that was open too long comes with no cookie at all, and is shown again with a token that works.
    const late = bench.browser()
    await late.post('/jupyter/hub/login', { login: 'dev', username: 'alice' })
    await late.post('/jupyter/hub/login', { login: 'dev', username: 'alice' })
    assert.equal((await late.get(home)).status, 200)
  })

  it('is handed out at every path where cookies are bound to the host, and sent to each of its paths', async () => {
    const places = applicationPlaces({ url: 'https://hub.test/', applicationHosts: '{user}.apps.test' })
    assert.ok(places.isHostBound)
    const nobody = webBench({ settings: { places, publicUrl: 'https://hub.test/' } }).browser()
    await nobody.get('/nothing')
    assert.equal(nobody.cookies.get('__Host-_xsrf')?.path, '/')
  })
})
