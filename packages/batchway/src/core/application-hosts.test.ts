import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { applicationPlaces, hostLabel, parseApplicationHosts } from './application-hosts.ts'

describe('hostLabel', () => {
  for (const [user, server, label] of [
    ['alice', '', 'alice'],
    ['alice', 'lab', 'alice--lab'],
    ['alice', 'Lab', 'alice---4cab'],
    ['alice.smith@example.edu', '', 'alice-2esmith-40example-2eedu'],
    ['a-b', 'c-d', 'a-2db--c-2dd'],
    ['a+b_c', '', 'a-2bb-5fc'],
  ] as const)
    it(`of ${JSON.stringify([user, server])}`, () => assert.equal(hostLabel(user, server), label))

  it('is a digest where the plain form is too long, no label, or one that browsers decode', () => {
    for (const [user, server] of [
      ['a'.repeat(64), ''],
      ['a'.repeat(40), 'b'.repeat(30)],
      ['_x', ''],
      ['xn', 'mller-kva'],
      ['ab', 'lab'],
    ] as const)
      assert.match(hostLabel(user, server), /^user-z[0-9a-f]{40}$/)
    assert.equal(hostLabel('a'.repeat(63), '').length, 63)
  })

  it('is one label of letters, digits and inner hyphens, and no two servers share it', () => {
    const name = fc.string({ unit: fc.constantFrom(...'aAzZ09-._@+ xn', 'é', '文'), minLength: 1, maxLength: 40 })
    const server = fc.oneof(fc.constant(''), name)
    fc.assert(
      fc.property(name, server, name, server, (user, one, other, another) => {
        const [first, second] = [hostLabel(user, one), hostLabel(other, another)]
        assert.match(first, /^(?!..--)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
        assert.equal(first === second, user === other && one === another)
        // What browsers make of it is what we made.
        assert.equal(new URL(`http://${first}.example.edu`).hostname, `${first}.example.edu`)
      }),
      { numRuns: 2_000 },
    )
  })

  it('does not mistake one name for another’s escaped form', () => {
    const names = ['a-2e', 'a.', 'a-2d2e', 'a--b', 'a-2d-2db', 'user-z', `user-z${'0'.repeat(40)}`, 'user']
    const pairs = names.flatMap((user) => ['', 'b', 'Z', '-4ca'].map((server) => hostLabel(user, server)))
    assert.equal(new Set(pairs).size, pairs.length)
  })
})

describe('parseApplicationHosts', () => {
  it('takes one host for each user or for each server', () => {
    assert.deepEqual(parseApplicationHosts('{user}.jupyter.example.edu'), {
      perServer: false,
      domain: 'jupyter.example.edu',
    })
    assert.deepEqual(parseApplicationHosts('{user}--{server}.localhost'), { perServer: true, domain: 'localhost' })
  })
  for (const text of [
    '',
    'jupyter.example.edu',
    '*.jupyter.example.edu',
    '{user}',
    '{user}.',
    '{user}.Example.edu',
    '{server}.example.edu',
    '{user}.{server}.example.edu',
    '{user}-{server}.example.edu',
    'x-{user}.example.edu',
    '{user}.example.edu.',
    '{user}.example.edu:8443',
    'https://{user}.example.edu',
    '{user}.-example.edu',
    '{user}.exa_mple.edu',
    '{user}.10.0.0.1',
    '{user}.exämple.edu',
    `{user}.${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.edu`,
  ])
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseApplicationHosts(text), null))
})

describe('applicationPlaces', () => {
  it('on one host: paths', () => {
    const places = applicationPlaces({ url: 'https://hpc.example.edu/jupyter' })
    assert.equal(places.url('alice@x', 'lab'), '/jupyter/user/alice@x/lab/')
    assert.equal(places.fullUrl('alice', ''), 'https://hpc.example.edu/jupyter/user/alice/')
    assert.equal(places.routePath('josé', ''), '/jupyter/user/josé')
    assert.deepEqual([places.hubRoute, places.formTargets, places.isHostBound], ['/', [], false])
  })
  it('with hosts: whole addresses, and routes that begin with the host', () => {
    const places = applicationPlaces({
      url: 'https://hub.example.edu:8443/',
      applicationHosts: '{user}--{server}.apps.example.edu',
    })
    assert.equal(places.url('a.b', ''), 'https://a-2eb.apps.example.edu:8443/user/a.b/')
    assert.equal(places.fullUrl('alice', 'lab'), 'https://alice--lab.apps.example.edu:8443/user/alice/lab/')
    assert.equal(places.routePath('alice', 'lab'), '/alice--lab.apps.example.edu/user/alice/lab')
    assert.equal(places.hubRoute, '/hub.example.edu')
    assert.deepEqual(places.formTargets, ['https://*.apps.example.edu:8443'])
    assert.equal(places.isHostBound, true)
  })
  it('gives one host to all servers of a user if the pattern says so', () => {
    const places = applicationPlaces({ url: 'https://hub.example.edu/', applicationHosts: '{user}.apps.example.edu' })
    assert.equal(places.url('alice', 'lab'), 'https://alice.apps.example.edu/user/alice/lab/')
    assert.equal(places.routePath('alice', 'lab'), '/alice.apps.example.edu/user/alice/lab')
  })
  it('never gives the hub’s own name to a user', () => {
    const places = applicationPlaces({ url: 'https://hub.example.edu/', applicationHosts: '{user}.example.edu' })
    assert.match(places.originOf('hub', ''), /^https:\/\/user-z[0-9a-f]{40}\.example\.edu$/)
    assert.equal(places.originOf('alice', ''), 'https://alice.example.edu')
  })
  it('binds cookies to the host only where browsers allow it, and the host is ours alone', () => {
    const isBound = (url: string) => applicationPlaces({ url, applicationHosts: '{user}.apps.test' }).isHostBound
    assert.deepEqual(['https://h.test/', 'https://h.test/jupyter/', 'http://h.test/'].map(isBound), [
      true,
      false,
      false,
    ])
  })
})
