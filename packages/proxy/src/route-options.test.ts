import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ProxyRefused } from './control-client.ts'
import { parseHosts } from './hosts.ts'
import { openManner } from './manner.ts'
import { locationBelow, optionsProblem } from './route-options.ts'
import { anywhere, started } from './testing/bin-process.ts'
import { jsonOf, rawExchange, temporaryFolder, testProxy, testServer, token, until } from './testing.ts'

/** Says what it was asked. */
const echo = ({ url, headers }: IncomingMessage, response: ServerResponse): void => {
  const { path } = /^\/to(?<path>.*)$/.exec(url ?? '')?.groups ?? {}
  response.writeHead(path === undefined ? 200 : 302, path === undefined ? {} : { Location: decodeURIComponent(path) })
  response.end(JSON.stringify({ url, ...headers }))
}
const at = (port: number, more: object = {}) => ({ target: `http://127.0.0.1:${port}`, ...more })

describe('what a route asks for', () => {
  it('is refused in words where it makes no sense, and then nothing has changed', async () => {
    await using app = await testServer(echo)
    await using proxy = await testProxy()
    await proxy.client.addRoute('/a', at(app.port, { batchway: { strip_prefix: true } }))
    for (const [options, words] of [
      [7, /batchway must be an object: write strip_prefix, /],
      [[], /must be an object/],
      [{ strip_prefx: true }, /batchway\.strip_prefx is not known: write strip_prefix, answer_seconds/],
      [JSON.parse('{"__proto__": {}}'), /__proto__ is not known/],
      [{ constructor: 1 }, /constructor is not known/],
      [{ strip_prefix: 'yes' }, /strip_prefix must be true or false/],
      [{ answer_seconds: 0 }, /answer_seconds must be a number of seconds above 0/],
      [{ answer_seconds: '30' }, /must be a number/],
      [{ idle_seconds: 1e9 }, /idle_seconds must be a number of seconds above 0, up to 86400/],
      [{ set_headers: ['a'] }, /set_headers must be an object/],
      [{ set_headers: { 'a b': 'c' } }, /no name of a header/],
      [{ set_headers: { 'X-A': 'b\r\nHost: evil' } }, /a value of X-A that cannot be sent/],
      [{ set_headers: { 'X-A': ' b' } }, /cannot be sent/],
      [{ set_headers: { 'X-A': 1 } }, /cannot be sent/],
      [{ set_headers: { Host: 'evil' } }, /cannot have Host: that is for the proxy to say/],
      [{ set_headers: { 'X-Forwarded-For': '1.2.3.4' } }, /cannot have X-Forwarded-For/],
      [{ set_headers: { x_forwarded_host: 'evil' } }, /cannot have x_forwarded_host/],
      [{ set_headers: { 'X-Batchway-User': 'root' } }, /cannot have X-Batchway-User/],
      [{ set_headers: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`X-${i}`, ''])) }, /more than 32/],
      [{ remove_headers: 'Cookie' }, /remove_headers must be a list/],
      [{ remove_headers: [null] }, /no name of a header/],
      ...['Connection', 'Transfer-Encoding', 'content-length', 'Upgrade', 'TE', 'Sec-WebSocket-Key', 'Forwarded'].map(
        (name) => [{ remove_headers: [name] }, /cannot have/] as const,
      ),
    ] as const) {
      const wrong = at(9, { batchway: options })
      const isRefused = (error: unknown) =>
        error instanceof ProxyRefused && error.status === 400 && words.test(error.message)
      await assert.rejects(proxy.client.addRoute('/a', wrong), isRefused, JSON.stringify(options))
      await assert.rejects(proxy.client.replaceRoutes({ '/b': at(app.port), '/a': wrong }), isRefused)
    }
    assert.deepEqual([...(await proxy.client.listRoutes()).keys()], ['/a'])
    assert.equal((await jsonOf(await fetch(`${proxy.url}/a/x`))).url, '/x')
  })

  it('never makes a header of what the proxy alone may say, whatever is posted', () =>
    fc.assert(
      fc.property(
        fc.record({
          set_headers: fc.dictionary(fc.string(), fc.string()),
          remove_headers: fc.array(fc.oneof(fc.string(), fc.constantFrom('host', 'X_Forwarded-For', 'te'))),
        }),
        (options) => {
          if (optionsProblem(options) !== null) return
          const names = [...Object.keys(options.set_headers), ...options.remove_headers]
          for (const name of names) assert.match(name, /^(?!host$|te$|x[-_]forwarded)[!#-'*+.^_`|~\w-]+$/i)
          for (const value of Object.values(options.set_headers)) assert.doesNotMatch(value, /[^\t -~]/)
        },
      ),
    ))

  it('is kept over restarts, in snapshot and journal, and listed; other data of a client stays as it is', async () => {
    await using folder = await temporaryFolder()
    await using app = await testServer(echo)
    const options = { strip_prefix: true, answer_seconds: 20, idle_seconds: 60, set_headers: { 'X-A': 'b' } }
    const route = { ...at(app.port), hub: true, batchway: options, options: { strip_prefix: 'not ours' }, user: null }
    const args = [...anywhere, `--snapshot=${join(folder.path, 'routes.json')}`]
    const call = (control: string, method: string, path: string, body: unknown = undefined) =>
      fetch(`http://${control}/api/routes${path}`, {
        method,
        headers: { Authorization: `token ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
    {
      await using first = await started(args)
      // The first change writes the snapshot, the second one the journal.
      for (const path of ['/one', '/two']) assert.equal((await call(first.control, 'POST', path, route)).status, 201)
    } // killed
    await using second = await started(args)
    const listed = await jsonOf(await call(second.control, 'GET', ''))
    for (const path of ['/one', '/two']) {
      const { last_activity, ...kept } = listed[path]
      assert.deepEqual(kept, route)
      const asked = await jsonOf(await fetch(`${second.url}${path}/x`))
      assert.deepEqual([asked.url, asked['x-a']], ['/x', 'b'])
    }
  })
})

describe('a stripped prefix', () => {
  it('is not in what the target is asked for, which is told of it; other routes keep theirs', async () => {
    await using app = await testServer(echo)
    await using proxy = await testProxy()
    await proxy.client.addRoute('/user/jos é', at(app.port, { batchway: { strip_prefix: true } }))
    await proxy.client.addRoute('/kept', at(app.port))
    await proxy.client.addRoute('/below', {
      target: `http://127.0.0.1:${app.port}/base/`,
      batchway: { strip_prefix: true },
    })
    const asked = async (path: string, headers = {}) =>
      jsonOf(await fetch(proxy.url + path, { headers, redirect: 'manual' }))
    for (const [path, url] of [
      ['/user/jos%20%C3%A9/a%2Fb/c?d=/e', '/a%2Fb/c?d=/e'],
      ['/user/jos%20%c3%a9', '/'],
      ['/user/jos%20%C3%A9?q', '/?q'],
      // With two slashes at its beginning it would be the address of another host.
      ['/user/jos%20%C3%A9//evil.example/', '/evil.example/'],
      ['/below/x', '/base/x'],
      ['/below', '/base/'],
      ['/kept/x', '/kept/x'],
    ] as const)
      assert.equal((await asked(path)).url, url, path)
    const claimed = { 'X-Forwarded-Prefix': '/claimed' }
    assert.equal((await asked('/user/jos%20%C3%A9/', claimed))['x-forwarded-prefix'], '/user/jos%20%C3%A9')
    assert.equal((await asked('/kept/', claimed))['x-forwarded-prefix'], undefined)
  })

  it('is put before the paths to which the target sends the browser', async () => {
    await using app = await testServer(echo)
    await using proxy = await testProxy()
    await proxy.client.addRoute('/a/b', at(app.port, { batchway: { strip_prefix: true } }))
    await proxy.client.addRoute('/kept', at(app.port))
    const sentTo = async (path: string) =>
      (await fetch(`${proxy.url}${path}`, { redirect: 'manual' })).headers.get('location')
    assert.equal(await sentTo('/a/b/to/login?next=%2Fx'), '/a/b/login?next=/x')
    assert.equal(await sentTo('/a/b/to/a/b/login'), '/a/b/login', 'it has read X-Forwarded-Prefix')
    await using plain = await testServer((_, response) => response.writeHead(302, { Location: '/login' }).end())
    await proxy.client.addRoute('/plain', at(plain.port))
    assert.equal(await sentTo('/plain/'), '/login', 'without the option nothing is changed')
    for (const [location, expected] of [
      ['/', '/a/b/'],
      ['/a/bc', '/a/b/a/bc'],
      ['next', 'next'],
      ['?x', '?x'],
      ['', ''],
      ['//h.example/x', '//h.example/x'],
      ['http://h.example:1/x', 'http://h.example:1/a/b/x'],
      ['https://H.example:1', 'https://H.example:1/a/b'],
      ['http://other.example/x', 'http://other.example/x'],
      ['http://h.example:1/a/b/x', 'http://h.example:1/a/b/x'],
    ] as const)
      assert.equal(locationBelow(location, '/a/b', 'h.example:1'), expected, location)
  })

  it('is that of the address, not of the host that a route begins with', async () => {
    await using app = await testServer(echo)
    const more = { batchway: { strip_prefix: true } }
    await using byHost = await testProxy({ hosts: parseHosts('http://hub.example', 'apps.example') })
    await byHost.client.addRoute('/ada.apps.example/user/ada', at(app.port, more))
    const ask = async (port: number, host: string) =>
      await rawExchange(port, `GET /user/ada/x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    assert.match(await ask(byHost.port, 'ada.apps.example'), /"url":"\/x"/)
    const manner = openManner({
      isForwardedTold: true,
      isTargetPathAdded: true,
      isPrefixKept: true,
      isRoutedByHost: true,
      isHostOfTarget: false,
      isLocationOurs: false,
      locationScheme: null,
      customHeaders: [],
      areUsersConfined: true,
    })
    await using asThere = await testProxy({ manner })
    await asThere.client.addRoute('/ada.example/user', at(app.port, more))
    assert.match(await ask(asThere.port, 'ada.example'), /"url":"\/ada\/x"/)
  })
})

describe('headers of a route', () => {
  it('are set in place of the client’s, or taken away, for requests and WebSockets; what frames and forwards stays', async () => {
    await using app = await testServer(echo)
    app.server.on('upgrade', (request: IncomingMessage, socket) => {
      const { headers, url } = request
      socket.end(
        `HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${JSON.stringify({ url, ...headers })}`,
      )
    })
    await using proxy = await testProxy()
    const batchway = {
      strip_prefix: true,
      set_headers: { Authorization: 'Basic eA==', 'X-Empty': '' },
      remove_headers: ['X-Secret-Word'],
    }
    await proxy.client.addRoute('/a', at(app.port, { batchway }))
    await proxy.client.addRoute('/plain', at(app.port))
    const sent = 'Authorization: token mine\r\nX_Secret_Word: s\r\nx-secret-word: s\r\nX-Other: o\r\n'
    const get = async (path: string, more = 'Connection: close\r\n') =>
      await rawExchange(proxy.port, `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}${sent}\r\n`)
    for (const answer of [await get('/a/x'), await get('/a/x', 'Connection: Upgrade\r\nUpgrade: websocket\r\n')]) {
      assert.match(answer, /"url":"\/x".*"host":"h"/)
      assert.match(answer, /"authorization":"Basic eA==".*"x-empty":""/)
      assert.match(answer, /"x-other":"o".*"x-forwarded-for":"127\.0\.0\.1"/)
      assert.doesNotMatch(answer, /secret|token mine/)
    }
    // A name that a route tells itself, or takes away, does not come behind the body either.
    const announced =
      'POST /a/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Empty, X-Secret-Word, X-Sum\r\n\r\n'
    const behind = await rawExchange(proxy.port, `${announced}0\r\nX-Empty: no\r\nX-Secret-Word: s\r\nX-Sum: 1\r\n\r\n`)
    assert.match(behind, /"trailer":"X-Sum"/)
    const plain = await get('/plain/x')
    assert.match(plain, /"authorization":"token mine".*"x-secret-word":"s"/, 'without the option they pass')
  })
})

describe('times of a route', () => {
  it('to its answer: 504 and a closed connection; an upload takes as long as it takes', async () => {
    const closed: string[] = []
    await using app = await testServer((request, response) => {
      request.socket.once('close', () => closed.push(request.url ?? ''))
      if (request.method === 'POST') request.resume().once('end', () => response.end('got it'))
      else if (request.url?.startsWith('/plain')) setTimeout(() => response.end('late'), 1_500)
    })
    app.server.on('upgrade', () => {})
    await using proxy = await testProxy()
    await proxy.client.addRoute('/a', at(app.port, { batchway: { answer_seconds: 0.5 } }))
    await proxy.client.addRoute('/plain', at(app.port))
    const [late, patient, upload, upgrade] = await Promise.all([
      fetch(`${proxy.url}/a/x`),
      fetch(`${proxy.url}/plain/x`),
      slowUpload(proxy.port),
      rawExchange(proxy.port, 'GET /a/ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
    ])
    assert.equal(late.status, 504)
    assert.match(upgrade, /^HTTP\/1\.1 504 /)
    await until(() => closed.includes('/a/x'), 'the target to hear of it')
    assert.equal(await patient.text(), 'late', 'without the option it may think')
    assert.match(upload, /^HTTP\/1\.1 200 .*got it$/s)
  })

  it('without movement: what does not move is cut, also where all others may take longer or shorter', async () => {
    await using app = await testServer((request, response) => {
      response.write('begun')
      if (request.url === '/long/x') setTimeout(() => response.end(' and done'), 1_500)
    })
    await using proxy = await testProxy({ targetIdleMs: 600 })
    await proxy.client.addRoute('/short', at(app.port, { batchway: { idle_seconds: 0.3 } }))
    await proxy.client.addRoute('/long', at(app.port, { batchway: { idle_seconds: 30 } }))
    await proxy.client.addRoute('/usual', at(app.port))
    const [short, long, usual] = await Promise.all(
      ['/short/x', '/long/x', '/usual/x'].map(async (path) =>
        (await fetch(proxy.url + path)).text().catch(() => 'cut'),
      ),
    )
    assert.deepEqual([short, long, usual], ['cut', 'begun and done', 'cut'])
  })
})

/** Three parts, half a second apart. */
async function slowUpload(port: number): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (part) => {
    text += String(part)
  })
  socket.write('POST /a/up HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\n')
  for (const part of ['a', 'b', 'c']) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    socket.write(part)
  }
  await once(socket, 'end')
  return text
}
