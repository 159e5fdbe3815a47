/** Whatever a page changes leaves an entry in the audit log. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchwayError } from '../core/errors.ts'
import type { AuditInput } from '../people/audit.ts'
import { defineLogin } from '../people/login.ts'
import { factsOf, makeSession, makeToken } from './testing/fake-rooms.ts'
import { webBench } from './testing/web-bench.ts'

async function house() {
  const bench = webBench()
  const owner = bench.users.get('alice')
  assert.ok(owner)
  bench.sessions.put(makeSession('gone', owner, factsOf.ended, { serverName: 'old' }))
  bench.sessions.put(makeSession('live', owner, factsOf.queued))
  bench.people.tokens.set(1, makeToken(1, owner))
  bench.people.tokens.set(2, makeToken(2, owner, { kind: 'oauth', clientId: 'jupyterhub-user-bob' }))
  await bench.servers.ensure(owner, 'kept')
  // What administrators hold.
  for (const scope of ['admin-ui', 'admin:servers', 'start:servers', 'delete:servers', 'read:users:name'])
    bench.people.granted.add(scope)
  await bench.announcements.publish({ text: 'Hello.', to: { kind: 'user', user: 'bob' }, until: null }, 'carol')
  await bench.drains.begin('spruce', 'Maintenance', 'carol')
  return bench
}

const start = { profile: 'lab', _shown: 'lab', _action: 'start', _server: 'more' }

/** Route → a request of alice that changes something, and the entries it leaves. */
const recorded: Readonly<
  Record<string, readonly [path: string, form: Record<string, string> | null, ...entries: string[]]>
> = {
  'POST /hub/login': [
    '/hub/login',
    { login: 'dev', username: 'bob' },
    'alice sign-out alice ok by dev',
    'bob sign-in bob ok by dev',
  ],
  'POST /hub/login/link': [
    '/hub/login/link',
    { key: 'KEY' },
    'bob link-used bob ok by link',
    'alice sign-out alice ok by dev',
    'bob sign-in bob ok by link',
  ],
  'GET /hub/logout': ['/hub/logout', null, 'alice sign-out alice ok by dev'],
  'POST /hub/logout': ['/hub/logout', {}, 'alice sign-out alice ok by dev'],
  'POST /hub/spawn': ['/hub/spawn', start, 'alice session-start alice/more ok by dev'],
  'POST /hub/spawn/:user': ['/hub/spawn/alice', start, 'alice session-start alice/ refused by dev'],
  'POST /hub/spawn/:user/:server': ['/hub/spawn/alice/new', start, 'alice session-start alice/new ok by dev'],
  'POST /hub/sessions/:id/stop': ['/hub/sessions/live/stop', {}, 'alice session-stop alice/ ok by dev'],
  'POST /hub/servers/:server/rename': [
    '/hub/servers/kept/rename',
    { title: 'Kept' },
    'alice server-renamed alice/kept ok by dev',
  ],
  'POST /hub/servers/:server/delete': ['/hub/servers/kept/delete', {}, 'alice server-removed alice/kept ok by dev'],
  'POST /hub/accept-share': ['/hub/accept-share', { code: 'bobs-code' }, 'alice share-accepted bob/ ok by dev'],
  'POST /hub/token': ['/hub/token', { expires: '3600' }, 'alice token-created alice ok by dev'],
  'POST /hub/token/:id/revoke': ['/hub/token/1/revoke', {}, 'alice token-revoked alice ok by dev'],
  'POST /hub/admin/users/:user/stop': ['/hub/admin/users/alice/stop', {}, 'alice session-stop alice/ ok by dev'],
  'POST /hub/admin/users/:user/start': [
    '/hub/admin/users/bob/start',
    { profile: 'lab', server: 'more' },
    'alice session-start bob/more ok by dev',
  ],
  'POST /hub/admin/announcements': [
    '/hub/admin/announcements',
    { text: 'Soon.', to: 'everyone' },
    'alice announced  ok by dev',
  ],
  'POST /hub/admin/announcements/:id/withdraw': [
    '/hub/admin/announcements/a1/withdraw',
    {},
    'alice announcement-withdrawn bob ok by dev',
  ],
  'POST /hub/admin/drains': [
    '/hub/admin/drains',
    { cluster: 'larch', reason: 'Maintenance' },
    'alice drain-begun larch ok by dev',
  ],
  'POST /hub/admin/drains/end': ['/hub/admin/drains/end', { cluster: 'spruce' }, 'alice drain-ended spruce ok by dev'],
  'POST /hub/sessions/:id/relaunch': ['/hub/sessions/gone/relaunch', {}, 'alice session-start alice/old ok by dev'],
}

/** Routes that change nothing that matters to anybody else. */
const exempt: Readonly<Record<string, string>> = {
  'POST /hub/preferences': 'how the pages look to the person who chose it',
  'POST /hub/security/csp-report': 'a report of a browser; it goes to the log, and changes nothing',
}

const told = ({ actor, action, object = '', outcome = 'ok', way = '' }: AuditInput): string =>
  `${actor} ${action} ${object} ${outcome} by ${way}`

/** Comes back with whom the answer names; `nobody` was refused. */
const provider = defineLogin({
  kind: 'redirect',
  id: 'idp',
  button: 'Sign in there',
  start: async (callback, state) => ({
    address: `https://idp.example/?${new URLSearchParams({ callback, state })}`,
    memory: '',
  }),
  async finish(arrived) {
    const subject = new URL(arrived).searchParams.get('who') ?? ''
    if (subject === 'nobody') throw new BatchwayError('forbidden', 'The provider did not let you in.')
    return { subject, claims: {}, endsAt: null }
  },
  signOutAddress: async () => null,
})

describe('the audit log of a provider’s answers, which come by GET', () => {
  for (const [who, entry] of [
    ['alice', 'alice sign-in alice ok by idp'],
    ['nobody', 'anonymous sign-in (unknown name) refused by idp'],
  ] as const)
    it(`holds that of ${who}`, async () => {
      const bench = webBench({ logins: [provider] })
      const browser = bench.browser()
      const there = new URL((await browser.get('/hub/login/idp/start')).headers.get('location') ?? '').searchParams
      assert.equal(bench.audited.length, 0, 'to begin changes nothing')
      const { pathname } = new URL(there.get('callback') ?? '')
      await browser.get(`${pathname}?state=${there.get('state')}&who=${who}`, { 'x-forwarded-for': '192.0.2.7' })
      assert.deepEqual(bench.audited.map(told), [entry])
      assert.equal(bench.audited[0]?.address, '192.0.2.7')
    })
})

describe('the audit log of the pages', () => {
  const routes = webBench().app.routes.map(({ method, path }) => `${method} ${path}`)
  // By GET only signing out changes something.
  const changing = [...new Set(routes)].filter((each) => /^(POST|PUT|PATCH|DELETE) |^GET \/hub\/logout$/.test(each))

  for (const route of changing) {
    if (route in exempt) continue
    it(`holds ${route}: who, what, from where`, async () => {
      const row = recorded[route]
      assert.ok(row, `${route} changes something: it needs an entry, or a reason why not`)
      const [path, form, ...entries] = row
      const bench = await house()
      const alice = await bench.signedIn('alice')
      const key = await bench.people.createLink('bob', 900)
      bench.audited.length = 0
      const fields =
        form && Object.fromEntries(Object.entries(form).map(([name, value]) => [name, value === 'KEY' ? key : value]))
      const from = { 'x-forwarded-for': '192.0.2.7' }
      await (fields === null ? alice.get(path, from) : alice.post(path, fields, from))
      assert.deepEqual(bench.audited.map(told), entries)
      for (const { address } of bench.audited) assert.equal(address, '192.0.2.7')
    })
  }

  it('exempts nothing that does not exist', () => {
    assert.deepEqual(
      [...Object.keys(exempt), ...Object.keys(recorded)].filter((route) => !changing.includes(route)),
      [],
    )
  })

  it('names refused sign-ins, but writes down no name that is nobody’s: it may be a password', async () => {
    const bench = await house()
    const nobody = bench.browser()
    await nobody.get('/hub/login')
    await nobody.post('/hub/login/link', { key: 'guess' })
    await nobody.post('/hub/login', { login: 'dev', username: '../Hunter2!' })
    assert.deepEqual(bench.audited.map(told), [
      'anonymous link-used  refused by link',
      'anonymous sign-in (unknown name) refused by dev',
    ])
    assert.doesNotMatch(JSON.stringify(bench.audited), /guess|hunter/i)
  })

  it('holds tries beyond the limit', async () => {
    const bench = await house()
    const nobody = bench.browser()
    await nobody.get('/hub/login')
    for (let tries = 0; tries < 100 && bench.audited.at(-1)?.detail !== 'too many tries'; tries += 1)
      await nobody.post('/hub/login/link', { key: 'guess' })
    assert.equal(bench.audited.at(-1)?.detail, 'too many tries')
    const before = bench.audited.length
    await nobody.post('/hub/login', { login: 'dev', username: 'alice' })
    assert.equal(bench.audited.length, before + 1)
    assert.equal(
      told({ ...bench.audited[before], actor: 'anonymous', action: 'sign-in' }),
      'anonymous sign-in alice refused by dev',
    )
  })
})
