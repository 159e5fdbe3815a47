import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseHosts, readHost } from './hosts.ts'
import { jsonOf, rawExchange, testProxy, testServer } from './testing.ts'

describe('parseHosts', () => {
  it('reads origin and domain', () => {
    assert.deepEqual(parseHosts('https://jupyter.example.edu', 'apps.example.edu'), {
      hubOrigin: 'https://jupyter.example.edu',
      hubHost: 'jupyter.example.edu',
      port: '443',
      domain: 'apps.example.edu',
    })
    assert.equal(parseHosts('http://hub.localhost:8000', 'localhost').port, '8000')
  })
  for (const [origin, domain] of [
    ['https://jupyter.example.edu/path', 'apps.example.edu'],
    ['ftp://jupyter.example.edu', 'apps.example.edu'],
    ['nothing', 'apps.example.edu'],
    ['https://127.0.0.1', 'apps.example.edu'],
    ['https://[::1]', 'apps.example.edu'],
    ['https://jupyter.example.edu', 'Apps.example.edu'],
    ['https://jupyter.example.edu', '.example.edu'],
    ['https://jupyter.example.edu', 'example.edu.'],
    ['https://jupyter.example.edu', '*.example.edu'],
    ['https://jupyter.example.edu', '10.0.0.1'],
    ['https://jupyter.example.edu', ''],
  ] as const)
    it(`refuses ${origin} with ${JSON.stringify(domain)}`, () =>
      assert.throws(() => parseHosts(origin, domain), RangeError))
})

describe('readHost', () => {
  const hosts = parseHosts('https://jupyter.example.edu:8443', 'jupyter.example.edu')
  const kindOf = (text: string) => {
    const read = readHost(text, hosts)
    return typeof read === 'string' ? read : `${read.kind} ${read.name}`
  }
  const table: readonly (readonly [string, string])[] = [
    ['jupyter.example.edu', 'hub jupyter.example.edu'],
    ['jupyter.example.edu:8443', 'hub jupyter.example.edu'],
    ['JUPYTER.Example.edu', 'hub jupyter.example.edu'],
    ['alice.jupyter.example.edu:8443', 'application alice.jupyter.example.edu'],
    ['ALICE.jupyter.example.edu', 'application alice.jupyter.example.edu'],
    ['alice--lab.jupyter.example.edu', 'application alice--lab.jupyter.example.edu'],
    // Not ours.
    ['jupyter.example.edu:443', 'unknown'],
    ['alice.jupyter.example.edu:80', 'unknown'],
    ['x.alice.jupyter.example.edu', 'unknown'],
    ['example.edu', 'unknown'],
    ['evil-jupyter.example.edu', 'unknown'],
    ['alice.jupyter.example.edu.evil.test', 'unknown'],
    ['127.0.0.1:8443', 'unknown'],
    ['[::1]:8443', 'unknown'],
    ['localhost', 'unknown'],
    // Read otherwise by others.
    ['jupyter.example.edu.', 'malformed'],
    ['alice.jupyter.example.edu.', 'malformed'],
    ['alice..jupyter.example.edu', 'malformed'],
    ['.jupyter.example.edu', 'malformed'],
    ['-alice.jupyter.example.edu', 'malformed'],
    ['alice-.jupyter.example.edu', 'malformed'],
    ['al_ice.jupyter.example.edu', 'malformed'],
    ['al%69ce.jupyter.example.edu', 'malformed'],
    ['alice@jupyter.example.edu', 'malformed'],
    ['\u00e4lice.jupyter.example.edu', 'malformed'],
    ['\u212aate.jupyter.example.edu', 'malformed'],
    ['alice.jupyter.example.edu:', 'malformed'],
    ['alice.jupyter.example.edu:8443:1', 'malformed'],
    ['alice.jupyter.example.edu/x', 'malformed'],
    ['alice jupyter.example.edu', 'malformed'],
    [`${'a'.repeat(64)}.jupyter.example.edu`, 'malformed'],
    ['', 'malformed'],
  ]
  for (const [text, wanted] of table)
    it(`takes ${JSON.stringify(text)} for ${wanted}`, () => assert.equal(kindOf(text), wanted))
})

describe('readHost, whatever comes', () => {
  const hosts = parseHosts('https://hub.test', 'apps.test')
  const piece = fc.constantFrom(
    'hub',
    'alice',
    'apps',
    'test',
    '.',
    ':',
    '443',
    '-',
    'xn--',
    '[::1]',
    '@',
    '%',
    'Ä',
    ' ',
    '\0',
    '_',
  )
  it('gives a name only for what is that name, but for the case of letters and the port', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 8 }).map((all) => all.join('')),
        ),
        (text) => {
          const read = readHost(text, hosts)
          if (typeof read === 'string') return
          assert.match(text.toLowerCase(), new RegExp(`^${read.name.replaceAll('.', '\\.')}(:443)?$`))
          assert.equal(new URL(`https://${text}`).host, read.name)
          assert.equal(read.kind, read.name === 'hub.test' ? 'hub' : 'application')
          if (read.kind === 'application') assert.match(read.name, /^[a-z0-9-]+\.apps\.test$/)
        },
      ),
      { numRuns: 3_000 },
    )
  })
})

describe('routing by host and path', () => {
  const hosts = parseHosts('http://hub.test', 'apps.test')
  const openSite = async () => {
    await using undo = new AsyncDisposableStack()
    const answer = (name: string) => testServer((request, response) => response.end(`${name} ${request.url}`))
    const [hub, alice, bob] = [
      undo.use(await answer('hub')),
      undo.use(await answer('alice')),
      undo.use(await answer('bob')),
    ]
    const { client, port } = undo.use(
      await testProxy({ hosts, basePath: '/j/', defaultTarget: `http://127.0.0.1:${hub.port}` }),
    )
    await client.addRoute('/alice.apps.test/j/user/alice', { target: `http://127.0.0.1:${alice.port}`, user: 'alice' })
    await client.addRoute('/bob.apps.test/j/user/bob', { target: `http://127.0.0.1:${bob.port}`, user: 'bob' })
    const ask = async (host: string, path: string, headers = '', method = 'GET') => {
      const text = await rawExchange(
        port,
        `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`,
      )
      const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s)
      return {
        status: Number(head.slice(9, 12)),
        location: /^location: (.*)$/im.exec(head)?.[1],
        body: body.replace(/^[0-9a-f]+\r\n(.*)\r\n0\r\n\r\n$/s, '$1'),
      }
    }
    const keep = undo.move()
    return {
      ask,
      client,
      seen: { hub: hub.seen, alice: alice.seen, bob: bob.seen },
      [Symbol.asyncDispose]: () => keep.disposeAsync(),
    }
  }
  const navigate = 'Sec-Fetch-Mode: navigate\r\n'

  it('sends each host to its own, and nothing anywhere else', async () => {
    await using site = await openSite()
    const { ask, seen } = site
    assert.equal((await ask('hub.test', '/j/hub/home')).body, 'hub /j/hub/home')
    assert.equal((await ask('alice.apps.test', '/j/user/alice/lab')).body, 'alice /j/user/alice/lab')
    assert.equal((await ask('ALICE.apps.test:80', '/j/user/alice/lab')).body, 'alice /j/user/alice/lab')
    assert.equal((await ask('bob.apps.test', '/j/user/bob/')).body, 'bob /j/user/bob/')
    // The hub's host serves no application: the hub sees the request, and knows where it belongs.
    assert.equal((await ask('hub.test', '/j/user/alice/lab')).body, 'hub /j/user/alice/lab')
    const before = seen.alice.length + seen.bob.length + seen.hub.length
    for (const [host, path, status] of [
      ['alice.apps.test', '/j/hub/home', 404],
      ['alice.apps.test', '/j/hub/api/user', 404],
      ['alice.apps.test', '/j/user/bob/', 424],
      ['bob.apps.test', '/j/user/alice/lab', 424],
      ['carol.apps.test', '/j/user/alice/lab', 424],
      ['alice.apps.test', '/alice.apps.test/j/user/alice/', 404],
      ['hub.test.', '/j/hub/home', 400],
      ['apps.test', '/j/hub/home', 404],
      ['evil.test', '/j/hub/home', 404],
      ['127.0.0.1', '/j/hub/home', 404],
      ['alice.apps.test:81', '/j/user/alice/', 404],
    ] as const)
      assert.equal((await ask(host, path)).status, status, `${host}${path}`)
    assert.equal(seen.alice.length + seen.bob.length + seen.hub.length, before)
  })

  it('lets an application with a host of its own have service workers, and the hub none', async () => {
    await using site = await openSite()
    const worker = 'Service-Worker: script\r\n'
    assert.equal((await site.ask('alice.apps.test', '/j/user/alice/sw.js', worker)).status, 200)
    assert.equal((await site.ask('hub.test', '/j/sw.js', worker)).status, 403)
  })

  it('believes no route that was made for another way of routing', async () => {
    await using site = await openSite()
    await site.client.addRoute('/', { target: 'http://127.0.0.1:1', hub: true })
    await site.client.addRoute('/hub.test/j/user/mallory', { target: 'http://127.0.0.1:1', user: 'mallory' })
    await site.client.addRoute('/mallory.apps.test/j/hub', { target: 'http://127.0.0.1:1', hub: true })
    assert.equal((await site.ask('alice.apps.test', '/j/hub/home')).status, 404)
    assert.equal((await site.ask('hub.test', '/j/user/mallory/')).body, 'hub /j/user/mallory/')
    assert.equal((await site.ask('mallory.apps.test', '/j/hub/home')).status, 404)
  })

  it('refuses two hosts, none, and an absolute address in place of a path', async () => {
    await using site = await openSite()
    assert.equal((await site.ask('hub.test', '/j/hub/home', 'Host: alice.apps.test\r\n')).status, 400)
    assert.equal((await site.ask('', '/j/hub/home')).status, 400)
    assert.equal((await site.ask('hub.test', 'http://alice.apps.test/j/user/alice/')).status, 400)
    assert.equal((await site.ask('hub.test, alice.apps.test', '/j/hub/home')).status, 400)
  })

  it('sends people to the hub when an application is not there, and tells programs', async () => {
    await using site = await openSite()
    const { ask } = site
    const gone = (path: string, headers = navigate, method = 'GET') => ask('carol.apps.test', path, headers, method)
    assert.deepEqual(
      [(await gone('/j/user/carol/lab?a=1')).status, (await gone('/j/user/carol/lab?a=1')).location],
      [302, 'http://hub.test/j/hub/user/carol/lab?a=1'],
    )
    assert.equal((await gone('/')).location, 'http://hub.test/j/')
    assert.equal((await gone('/j/user/carol/', 'Accept: text/html\r\n')).location, 'http://hub.test/j/hub/user/carol/')
    for (const [headers, method] of [
      ['Sec-Fetch-Mode: cors\r\nAccept: text/html\r\n', 'GET'],
      ['Accept: application/json\r\n', 'GET'],
      [navigate, 'POST'],
      ['Connection: Upgrade\r\nUpgrade: websocket\r\nSec-Fetch-Mode: websocket\r\n', 'GET'],
    ] as const)
      assert.equal((await gone('/j/user/carol/lab', headers, method)).status, 424)
    assert.equal((await gone('/j/hub/home')).status, 404)
  })

  it('tells an application the host that was routed by', async () => {
    await using alice = await testServer((request, response) => response.end(JSON.stringify(request.headers)))
    await using proxy = await testProxy({ hosts, trustedFronts: ['127.0.0.1'] })
    await proxy.client.addRoute('/alice.apps.test/user/alice', { target: `http://127.0.0.1:${alice.port}` })
    const text = await rawExchange(
      proxy.port,
      'GET /user/alice/ HTTP/1.0\r\nHost: alice.apps.test\r\nX-Forwarded-Host: bob.apps.test\r\nX-Forwarded-Proto: https\r\n\r\n',
    )
    const seen = JSON.parse(text.split('\r\n\r\n')[1] ?? '')
    assert.deepEqual(
      [seen.host, seen['x-forwarded-host'], seen['x-forwarded-proto']],
      ['alice.apps.test', 'alice.apps.test', 'https'],
    )
  })

  it('takes what the front server says about the user at the hub’s host alone', async () => {
    const echo: RequestListener = (request, response) => response.end(JSON.stringify(request.headers))
    await using hub = await testServer(echo)
    await using alice = await testServer(echo)
    const identity = { user: 'Remote_User', data: null }
    await using proxy = await testProxy({ hosts, trustedFronts: ['127.0.0.1'], identity, trustAddressAlone: true })
    await proxy.client.addRoute('/hub.test', { target: `http://127.0.0.1:${hub.port}`, hub: true })
    await proxy.client.addRoute('/alice.apps.test/user/alice', { target: `http://127.0.0.1:${alice.port}` })
    const ask = async (host: string, path: string) => {
      const text = await rawExchange(proxy.port, `GET ${path} HTTP/1.0\r\nHost: ${host}\r\nRemote_User: alice\r\n\r\n`)
      return JSON.parse(text.split('\r\n\r\n')[1] ?? '')
    }
    assert.equal((await ask('hub.test', '/hub/home'))['x-batchway-user'], 'alice')
    assert.doesNotMatch(JSON.stringify(await ask('alice.apps.test', '/user/alice/')), /x-batchway|remote.user/i)
  })

  it('without hosts of their own: a cookie stays below the path, and a neighbour’s page gets nothing', async () => {
    await using alice = await testServer((request, response) => {
      response.setHeader('Set-Cookie', 'a=1; Path=/; Domain=test')
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
      response.end(JSON.stringify(request.url))
    })
    await using proxy = await testProxy()
    await proxy.client.addRoute('/user/alice', {
      target: `http://127.0.0.1:${alice.port}`,
      user: 'alice',
      server_name: '',
    })
    const ask = (referer: string) =>
      fetch(`${proxy.url}/user/alice/x`, { headers: { 'Sec-Fetch-Site': 'same-origin', Referer: proxy.url + referer } })
    const own = await ask('/user/alice/lab')
    assert.deepEqual([own.status, await jsonOf(own)], [200, '/user/alice/x'])
    assert.equal(own.headers.get('set-cookie'), 'a=1; Path=/user/alice/')
    assert.equal(own.headers.get('cross-origin-opener-policy'), null)
    assert.equal(own.headers.get('cross-origin-resource-policy'), 'same-origin')
    assert.equal(own.headers.get('x-frame-options'), 'SAMEORIGIN')
    assert.equal((await ask('/user/bob/lab')).status, 403)
    const worker = await fetch(`${proxy.url}/user/alice`, { headers: { 'Service-Worker': 'script' } })
    assert.equal(worker.status, 403)
    assert.equal(alice.seen.length, 1)
  })
})
