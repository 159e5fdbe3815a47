import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Revocations, type Revoked, Streams } from './revocations.ts'
import { jsonOf, rawExchange, type TestServer, testProxy, testServer, until } from './testing.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
const signed = (token: string): string =>
  `"2|1:0|10:1700000000|21:jupyterhub-user-alice|44:${Buffer.from(token).toString('base64')}|${'0'.repeat(64)}"`

describe('Revocations', () => {
  const bench = () => {
    let now = 1_000
    const revocations = new Revocations(() => now)
    return { revocations, pass: (ms: number) => (now += ms) }
  }
  const headers = (token: string) => ['Host', 'h', 'Cookie', `_xsrf=1; jupyterhub-user-alice=${signed(token)}; a="b;c"`]

  it('take revoked cookies out for as long as they are told, and nothing else', () => {
    const { revocations, pass } = bench()
    const [his, hers] = [headers('his-token'), headers('her-token')]
    assert.equal(revocations.withoutRevoked(his, '/', '/user/alice'), his, 'before: the attack that this is against')
    revocations.add([{ credential: digest('his-token'), path: '/user/alice' }], 2_000)
    assert.deepEqual(revocations.withoutRevoked(his, '/', '/user/alice'), ['Host', 'h', 'Cookie', '_xsrf=1; a="b;c"'])
    assert.deepEqual(revocations.withoutRevoked(hers, '/', '/user/alice'), hers)
    pass(1_000)
    assert.deepEqual(revocations.withoutRevoked(his, '/', '/user/alice'), his)
    assert.equal(revocations.size, 0)
  })

  it('refuse what cannot be taken out', () => {
    const { revocations } = bench()
    revocations.add([{ credential: digest('api-token'), path: null }], 2_000)
    assert.equal(revocations.withoutRevoked(['Authorization', 'token api-token'], '/', '/x'), 'revoked')
    assert.equal(revocations.withoutRevoked([], '/x?token=api-token', '/x'), 'revoked')
    assert.deepEqual(revocations.withoutRevoked([], '/x?token=other', '/x'), [])
  })

  it('give a form a session id that no remembered answer is under, on the routes concerned only', () => {
    const { revocations } = bench()
    const form = ['Content-Type', 'application/x-www-form-urlencoded', 'Cookie', 'a=1; jupyterhub-session-id=primed']
    const idOf = (path: string) => {
      const raw = revocations.withoutRevoked(form, '/', path)
      assert.ok(raw !== 'revoked')
      const line = raw.filter((_, index) => raw[index - 1]?.toLowerCase() === 'cookie').join('; ')
      assert.match(line, /(^|; )a=1/)
      return /jupyterhub-session-id=(\w+)/.exec(line)?.[1]
    }
    revocations.add([{ credential: digest('x'), path: '/user/alice' }], 2_000)
    assert.equal(idOf('/user/bob'), 'primed')
    assert.notEqual(idOf('/user/alice'), 'primed')
    assert.notEqual(idOf('/user/alice'), idOf('/user/alice'))
  })

  it('hold a bounded number', () => {
    const { revocations } = bench()
    const many = Array.from({ length: 200_001 }, (_, index): Revoked => ({ credential: `${index}`, path: null }))
    revocations.add(many, 2_000)
    assert.equal(revocations.size, 200_000)
    assert.ok(!revocations.has(['0']) && revocations.has(['200000']))
  })
})

describe('Streams', () => {
  it('cut exactly those that are meant, each once', () => {
    const path = fc.constantFrom('/', '/user/a', '/user/a/b', '/user/ab', '/user/b')
    const credential = fc.constantFrom('x', 'y', 'z')
    const open = fc.array(fc.record({ path, credentials: fc.array(credential, { maxLength: 2 }), over: fc.boolean() }))
    const act = fc.oneof(
      fc.record({ path, below: fc.boolean() }),
      fc.record({ revoked: fc.array(fc.record({ credential, path: fc.option(path) }), { maxLength: 3 }) }),
    )
    fc.assert(
      fc.property(open, fc.array(act, { maxLength: 4 }), (all, acts) => {
        const streams = new Streams()
        const cuts = all.map(() => 0)
        all.forEach((each, index) => {
          const isOver = streams.add({
            path: each.path,
            credentials: () => each.credentials,
            cut: () => {
              cuts[index] = (cuts[index] ?? 0) + 1
            },
          })
          if (each.over) isOver()
        })
        for (const each of acts) {
          const before = cuts.reduce((sum, count) => sum + count, 0)
          const count = 'revoked' in each ? streams.cutRevoked(each.revoked) : streams.cutRoute(each.path, each.below)
          assert.equal(cuts.reduce((sum, value) => sum + value, 0) - before, count)
        }
        const isMeant = (stream: (typeof all)[number]) =>
          acts.some((each) =>
            'revoked' in each
              ? each.revoked.some((one) => one.path === stream.path || stream.credentials.includes(one.credential))
              : each.path === stream.path ||
                (each.below && `${stream.path}/`.startsWith(each.path === '/' ? '/' : `${each.path}/`)),
          )
        assert.deepEqual(
          cuts,
          all.map((each) => Number(!each.over && isMeant(each))),
        )
      }),
    )
  })
})

/** Answers with what came in `Cookie`; `/forever` never ends, an upgrade is an echo. */
async function application(): Promise<TestServer> {
  const app = await testServer((request, response) => {
    if (request.url?.includes('forever')) response.write('first')
    else response.end(JSON.stringify({ cookie: request.headers.cookie ?? null, url: request.url }))
  })
  app.server.on('upgrade', (_, socket) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.pipe(socket)
  })
  return app
}

const cookieLine = (token: string) => `jupyterhub-user-alice=${signed(token)}`

function openSocket(
  port: number,
  path: string,
  token: string,
): { readonly socket: net.Socket; readonly opened: Promise<void> } {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let seen = ''
  socket.on('data', (chunk) => {
    seen += chunk
  })
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: ${cookieLine(token)}\r\n\r\n`,
  )
  return { socket, opened: until(() => seen.includes('101 Switching'), 'the WebSocket is open') }
}

describe('revoking through the control API', () => {
  async function house() {
    await using undo = new AsyncDisposableStack()
    const app = undo.use(await application())
    const proxy = undo.use(await testProxy())
    for (const path of ['/user/alice', '/user/alice/lab', '/user/bob'])
      await proxy.client.addRoute(path, { target: `http://127.0.0.1:${app.port}` })
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}`, hub: true })
    const keep = undo.move()
    return { app, proxy, [Symbol.asyncDispose]: () => keep.disposeAsync() }
  }

  it('cuts WebSockets, event streams and uploads of the token and of its route, and lets them not come back', async () => {
    await using place = await house()
    const { proxy } = place
    const sockets = {
      hers: openSocket(proxy.port, '/user/alice/ws', 'hers'),
      other: openSocket(proxy.port, '/user/alice/ws', 'other'),
      elsewhere: openSocket(proxy.port, '/user/bob/ws', 'hers'),
      named: openSocket(proxy.port, '/user/alice/lab/ws', 'other'),
      bobs: openSocket(proxy.port, '/user/bob/ws', 'bobs'),
    }
    for (const { opened } of Object.values(sockets)) await opened
    const download = http.get(`${proxy.url}/user/alice/forever`, { headers: { cookie: cookieLine('hers') } })
    const upload = http.request(`${proxy.url}/user/alice/forever`, {
      method: 'POST',
      headers: { cookie: cookieLine('other') },
    })
    upload.write('some')
    const events = [download, upload].map(async (request) => {
      request.on('error', () => {})
      const [response]: http.IncomingMessage[] = await once(request, 'response')
      await once(response ?? request, 'data')
      return response
    })
    const answers = await Promise.all(events)
    const closed = answers.map((answer) => answer && once(answer, 'close').catch(() => {}))

    const { cut, instance } = await proxy.client.revoke([{ credential: digest('hers'), path: '/user/alice' }], 300)
    assert.equal(cut, 5)
    await Promise.all(closed)
    for (const name of ['hers', 'other', 'elsewhere'] as const)
      await until(() => sockets[name].socket.destroyed || sockets[name].socket.readableEnded, `${name} is cut`)
    for (const name of ['named', 'bobs'] as const) assert.ok(!sockets[name].socket.readableEnded, name)
    assert.equal(await proxy.client.instance(), instance)

    const honest = openSocket(proxy.port, '/user/alice/ws', 'other')
    await honest.opened
    assert.equal(
      (await proxy.client.revoke([{ credential: digest('hers'), path: '/user/alice' }], 300, { cut: false })).cut,
      0,
    )
    assert.ok(!honest.socket.readableEnded, 'telling it again cuts nothing')
    honest.socket.destroy()

    // It comes back without its cookie, and the application asks it to sign in; nobody else is touched.
    const ask = async (path: string, headers: Record<string, string>) =>
      (await jsonOf(await fetch(proxy.url + path, { headers }))).cookie
    assert.equal(await ask('/user/alice/lab', { cookie: cookieLine('hers') }), null)
    assert.equal(await ask('/user/bob/', { cookie: `a=1; ${cookieLine('hers')}` }), 'a=1')
    assert.equal(await ask('/user/alice/', { cookie: cookieLine('other') }), cookieLine('other'))
    // The hub decides for itself.
    assert.equal(await ask('/hub/home', { cookie: cookieLine('hers') }), cookieLine('hers'))
    const refused = await fetch(`${proxy.url}/user/alice/api`, { headers: { authorization: 'token hers' } })
    assert.equal(refused.status, 403)
    assert.equal((await jsonOf(refused)).type, 'urn:batchway:proxy:revoked')
    const again = await rawExchange(
      proxy.port,
      'GET /user/alice/ws?token=hers HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    assert.match(again, /^HTTP\/1\.1 403 /)
    for (const { socket } of Object.values(sockets)) socket.destroy()
  })

  it('cuts the streams of a route, and of those below it if asked', async () => {
    await using place = await house()
    const { proxy } = place
    const paths = ['/user/alice/x', '/user/alice/lab/x', '/user/bob/x']
    const sockets = paths.map((path) => openSocket(proxy.port, path, 't'))
    for (const { opened } of sockets) await opened
    assert.equal(await proxy.client.cutStreams('/user/nobody'), 0)
    assert.equal(await proxy.client.cutStreams('/user/alice'), 1)
    await until(() => sockets[0]?.socket.readableEnded === true, 'the first is cut')
    assert.equal(await proxy.client.cutStreams('/user/alice', { below: true }), 1)
    await until(() => sockets[1]?.socket.readableEnded === true, 'the second is cut')
    assert.ok(!sockets[2]?.socket.readableEnded)
    // Cutting forbids nothing.
    const back = openSocket(proxy.port, '/user/alice/x', 't')
    await back.opened
    for (const { socket } of [...sockets, back]) socket.destroy()
  })

  it('forgets streams that have ended', async () => {
    await using place = await house()
    const { proxy } = place
    for (let round = 0; round < 3; round += 1) await (await fetch(`${proxy.url}/user/alice/`)).text()
    const { socket, opened } = openSocket(proxy.port, '/user/alice/ws', 't')
    await opened
    socket.destroy()
    await until(async () => (await proxy.client.cutStreams('/', { below: true })) === 0, 'nothing is left')
  })

  it('refuses what is no revocation, in words', async () => {
    await using proxy = await testProxy()
    const post = (body: string) =>
      fetch(`http://${proxy.proxy.control}/api/revocations`, {
        method: 'POST',
        body,
        headers: { authorization: 'token test-token' },
      })
    for (const body of [
      '{',
      '[]',
      'null',
      '{"revoked":[],"seconds":0}',
      '{"revoked":[],"seconds":"9"}',
      '{"revoked":[],"seconds":1e9}',
      '{"revoked":{},"seconds":9}',
      '{"revoked":[{"credential":"secret"}],"seconds":9}',
      `{"revoked":[{"credential":"${'0'.repeat(64)}","path":7}],"seconds":9}`,
    ]) {
      const answer = await post(body)
      assert.equal(answer.status, 400, body)
      assert.doesNotMatch(await answer.text(), /secret/)
    }
    const bare = await fetch(`http://${proxy.proxy.control}/api/revocations`, { method: 'POST', body: '{}' })
    assert.equal(bare.status, 403)
  })
})
