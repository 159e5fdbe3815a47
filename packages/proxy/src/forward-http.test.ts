import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { describe, it } from 'node:test'
import { jsonOf, portOf, psk, rawExchange, temporaryFolder, testProxy, testServer, until } from './testing.ts'

const echoHead: http.RequestListener = (request, response) =>
  response.end(JSON.stringify([request.method, request.url, request.rawHeaders]))
const targetOf = ({ port }: { readonly port: number }) => ({ target: `http://127.0.0.1:${port}` })

describe('HTTP through the proxy', () => {
  it('forwards the raw path and the client’s headers, and says where the request came from', async () => {
    await using app = await testServer(echoHead)
    await using proxy = await testProxy()
    await proxy.client.addRoute('/user/josé', targetOf(app))
    const answer = await rawExchange(
      proxy.port,
      'GET /user/jos%c3%a9/a%2Fb//c?q=%zz&r=[] HTTP/1.1\r\nhOST: gate.example:81\r\nx-forwarded-for: 1.1.1.1\r\nX-A: 1\r\nConnection: close\r\n\r\n',
    )
    const [method, url, headers] = JSON.parse(answer.slice(answer.indexOf('["GET"'), answer.lastIndexOf(']') + 1))
    assert.deepEqual([method, url], ['GET', '/user/jos%c3%a9/a%2Fb//c?q=%zz&r=[]'])
    assert.deepEqual(headers, [
      ...['hOST', 'gate.example:81', 'X-A', '1', 'X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Proto', 'http'],
      ...['X-Forwarded-Host', 'gate.example:81', 'X-Forwarded-Port', '81', 'Connection', 'keep-alive'],
    ])
  })

  it('puts the target’s own path in front and reaches unix sockets', async () => {
    await using folder = await temporaryFolder()
    const app = http.createServer(echoHead).listen(`${folder.path}/a b.sock`)
    await once(app, 'listening')
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', { target: `http+unix://${encodeURIComponent(`${folder.path}/a b.sock`)}/base/` })
    const [, url] = await jsonOf(await fetch(`${proxy.url}/x?y`))
    assert.equal(url, '/base/x?y')
    app.close()
  })

  it('keeps connections to the application and closes them when the route goes', async () => {
    await using app = await testServer(echoHead)
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', targetOf(app))
    for (let i = 0; i < 5; i += 1) await (await fetch(proxy.url)).text()
    assert.equal(app.connections, 1)
    await proxy.client.addRoute('/', { ...targetOf(app), note: 'same target' })
    await (await fetch(proxy.url)).text()
    assert.equal(app.connections, 1)
    await proxy.client.removeRoute('/')
    await until(
      async () =>
        (await new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)))) === 0,
      'idle connections closed',
    )
    assert.equal((await fetch(proxy.url)).status, 404)
  })

  it('repeats a GET once when the kept connection turns out dead, but never a POST', async () => {
    let requests = 0
    const app = net.createServer((socket) => {
      let first = true
      socket.on('error', () => {})
      socket.on('data', () => {
        requests += 1
        // Answers one request for each connection and cuts the second one, as a server does whose idle time is just over.
        if (first) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        else socket.destroy()
        first = false
      })
    })
    app.listen(0, '127.0.0.1')
    await once(app, 'listening')
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${portOf(app)}` })
    const get = async () => (await fetch(proxy.url)).status
    assert.deepEqual([await get(), await get(), requests], [200, 200, 3])
    assert.equal((await fetch(proxy.url, { method: 'POST' })).status, 503)
    assert.equal(requests, 4)
    app.close()
  })

  it('streams 24 MiB each way and holds back a sender whose reader is slow', async () => {
    const size = 24 * 1024 * 1024
    const body = randomBytes(size)
    const sum = (data: Buffer) => createHash('sha256').update(data).digest('hex')
    let received = 0
    let letRead = () => {}
    const go = new Promise<void>((resolve) => {
      letRead = resolve
    })
    await using app = await testServer(async (request, response) => {
      await go
      const hash = createHash('sha256')
      for await (const chunk of request) {
        received += chunk.length
        hash.update(chunk)
      }
      response.writeHead(200, { 'X-Sum': hash.digest('hex') })
      response.end(body)
    })
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', targetOf(app))
    const request = http.request({ host: '127.0.0.1', port: proxy.port, method: 'POST', path: '/up' })
    const wrote = new Promise<void>((resolve) => request.end(body, resolve))
    const early = await Promise.race([
      wrote.then(() => 'all taken'),
      until(() => app.seen.length === 1, 'head').then(() => 'held back'),
    ])
    assert.equal(early, 'held back')
    assert.ok(
      request.socket !== null && request.socket.writableLength > size / 2,
      'most of the body waits at the sender',
    )
    letRead()
    const [response] = await once(request, 'response')
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    assert.deepEqual([received, response.headers['x-sum'], sum(Buffer.concat(chunks))], [size, sum(body), sum(body)])
  })

  // Open OnDemand 3.1.4: a large download was held in memory as a whole.
  it('holds back an application whose reader is slow', async () => {
    let written = 0
    await using app = await testServer((_, response) => {
      const chunk = Buffer.alloc(65_536)
      const more = () => {
        while (written < 64 * 1024 * 1024) {
          written += chunk.length
          if (!response.write(chunk)) break
        }
      }
      response.on('drain', more)
      response.on('error', () => {})
      more()
    })
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', targetOf(app))
    const socket = net.connect(proxy.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    await once(socket, 'readable')
    let last = -1
    let still = 0
    await until(() => {
      still = written === last ? still + 1 : 0
      last = written
      return still > 20
    }, 'the application to stand still')
    assert.ok(
      written < 48 * 1024 * 1024,
      `${written} bytes were taken from the application for a client that reads none`,
    )
    socket.destroy()
    await until(
      async () =>
        (await new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)))) === 0,
      'the application’s connection to close with the client',
    )
  })

  it('keeps "100 Continue" out of other answers when requests come ahead of their turn', async () => {
    const asked: (string | undefined)[] = []
    await using app = await testServer((request, response) => {
      asked.push(request.url)
      setImmediate(() => response.end(request.url))
    })
    app.server.on('checkContinue', (request, response) => {
      asked.push(request.url)
      response.writeContinue()
      response.end(request.url)
    })
    await using front = await testProxy()
    await front.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
    const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`
    const late = get('/2', 'Expect: 100-continue\r\nContent-Length: 0\r\n')
    const text = await rawExchange(front.port, get('/1') + late + get('/3', 'Connection: close\r\n'))
    const answers = text
      .split(/(?=HTTP\/1\.1 \d)/)
      .map((answer) => /^HTTP\/1\.1 (\d+).*?(\/\d)?$/s.exec(answer)?.slice(1))
    assert.deepEqual(answers, [
      ['200', '/1'],
      ['100', undefined],
      ['200', '/2'],
      ['200', '/3'],
    ])
    assert.deepEqual(asked, ['/1', '/2', '/3'])
  })

  it('passes 100-continue on only when the application says so', async () => {
    await using app = await testServer((request, response) => {
      request.resume()
      request.on('end', () => response.end('done'))
    })
    app.server.on('checkContinue', (_, response) => {
      response.writeHead(413, { Connection: 'close' })
      response.end('too much')
    })
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', targetOf(app))
    const head = 'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n'
    const refused = await rawExchange(proxy.port, head)
    assert.match(refused, /^HTTP\/1\.1 413 /)
    app.server.removeAllListeners('checkContinue')
    const taken = await rawExchange(proxy.port, `${head}body`)
    assert.match(taken, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
  })

  it('shows the head of an event stream before its first event, and answers HEAD and 304 without a body', async () => {
    await using app = await testServer((request, response) => {
      if (request.url === '/events') response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
      else if (request.method === 'HEAD') response.writeHead(200, { 'Content-Length': 1234 }).end()
      else response.writeHead(304, { ETag: '"x"' }).end()
    })
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', targetOf(app))
    const stream = await fetch(`${proxy.url}/events`)
    assert.equal(stream.headers.get('content-type'), 'text/event-stream')
    await stream.body?.cancel()
    const head = await fetch(proxy.url, { method: 'HEAD' })
    assert.equal(head.headers.get('content-length'), '1234')
    assert.equal((await fetch(proxy.url)).status, 304)
  })

  it('waits for an application that thinks longer than idle connections live', async () => {
    await using app = await testServer((_, response) => {
      response.flushHeaders()
      setTimeout(() => response.end('thought'), 120)
    })
    await using proxy = await testProxy({ upstreamLimits: { idleMs: 20 } })
    await proxy.client.addRoute('/', targetOf(app))
    assert.equal(await (await fetch(proxy.url)).text(), 'thought')
    assert.equal(await (await fetch(proxy.url)).text(), 'thought')
  })

  it('gives up on a target that takes the connection and stays silent in the handshake', async () => {
    const mute = net.createServer().listen(0, '127.0.0.1')
    mute.on('connection', (socket) => socket.on('error', () => {}))
    await once(mute, 'listening')
    await using proxy = await testProxy({ upstreamLimits: { connectMs: 50 } })
    // With a key the handshake belongs to the connection, and this listener never speaks.
    await proxy.client.addRoute('/', { target: `https://127.0.0.1:${portOf(mute)}`, psk })
    assert.equal((await fetch(proxy.url)).status, 503)
    mute.close()
  })

  it('lets an application know that a client has gone while it thinks', async () => {
    await using app = await testServer(() => {})
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', targetOf(app))
    const socket = net.connect(proxy.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    await until(() => app.seen.length === 1, 'the request')
    socket.resetAndDestroy()
    await until(
      async () =>
        (await new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)))) === 0,
      'the application’s connection to close with the client',
    )
  })

  it('cuts the connection when the application breaks off in the middle, so that nothing looks complete', async () => {
    await using app = await testServer((_, response) => {
      response.writeHead(200, { 'Content-Length': 100 })
      response.write('part', () => response.destroy())
    })
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', targetOf(app))
    await assert.rejects((await fetch(proxy.url)).text())
    app.server.removeAllListeners('request')
    app.server.on('request', (_, response) => {
      response.write('part', () => response.destroy()) // chunked: the last chunk is missing
    })
    await assert.rejects((await fetch(proxy.url)).text())
  })

  it('takes activity from requests and from answers below 300', async () => {
    let clock = 1_000
    await using app = await testServer((request, response) => {
      clock += 1_000
      response.writeHead(request.url === '/ok' ? 200 : 404).end('x')
    })
    await using proxy = await testProxy({ now: () => clock })
    await proxy.client.addRoute('/', targetOf(app))
    const activity = async () => Date.parse((await proxy.client.listRoutes()).get('/')?.last_activity ?? '')
    await (await fetch(`${proxy.url}/missing`)).text()
    assert.equal(await activity(), 1_000)
    await (await fetch(`${proxy.url}/ok`)).text()
    assert.equal(await activity(), 3_000)
  })
})

describe('what the proxy answers itself', () => {
  // CVE-2024-35225 (jupyter-server-proxy): a part of the address was shown in an error page.
  it('gives pages to browsers and JSON to programs, with a request id and nothing of the request', async () => {
    await using proxy = await testProxy({ newId: () => 'id-1', basePath: '/jupyter/' })
    await proxy.client.addRoute('/down', { target: 'http://127.0.0.1:9' })
    await proxy.client.addRoute('/pending', { target: 'http://127.0.0.1:9', pending: true })
    for (const [path, status] of [
      ['/nobody<script>', 404],
      ['/down/x', 503],
      ['/pending', 503],
      ['/%zz', 400],
    ] as const) {
      const get = (accept: string) => fetch(`${proxy.url}${path}`, { headers: { accept, cookie: 'canary' } })
      const page = await get('text/html,application/xhtml+xml,*/*;q=0.8')
      const html = await page.text()
      assert.equal(page.status, status)
      assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
      assert.match(html, /Request id <code>id-1<\/code>/)
      assert.match(html, /href="\/jupyter\/"/)
      assert.doesNotMatch(html, /nobody|script|canary|down/)
      assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/)
      assert.equal(page.headers.get('cache-control'), 'no-store')
      const problem = await get('*/*')
      const { status: inBody, message, instance } = await jsonOf(problem)
      assert.deepEqual([problem.status, inBody, instance, typeof message], [status, status, 'id-1', 'string'])
    }
  })

  it('uses the default target as the hub, without listing it', async () => {
    await using hub = await testServer(echoHead)
    await using proxy = await testProxy({ defaultTarget: targetOf(hub).target })
    const [, , headers] = await jsonOf(
      await fetch(`${proxy.url}/hub/x`, { headers: { cookie: 'jupyterhub-hub-login=s' } }),
    )
    assert.ok(headers.includes('jupyterhub-hub-login=s'))
    assert.equal((await proxy.client.listRoutes()).size, 0)
  })

  // GHSA-6x33-pw7p-hmpq (http-proxy): a long body to a target that refuses ended the process.
  it('drains a refused upload so that the connection can be used again', async () => {
    await using proxy = await testProxy()
    const body = 'x'.repeat(300_000)
    const answer = await rawExchange(
      proxy.port,
      `POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
    )
    assert.equal(answer.match(/HTTP\/1\.1 404 /g)?.length, 2)
  })
})

describe('what applications get and give', () => {
  it('keeps the hub’s cookie and claimed identities from applications; the hub gets its cookie', async () => {
    await using app = await testServer((request, response) => {
      response.writeHead(200, [
        'Set-Cookie',
        'jupyterhub-hub-login=evil; Path=/',
        'Set-Cookie',
        'own=1',
        'Service-Worker-Allowed',
        '/',
      ])
      response.end(JSON.stringify(request.headers))
    })
    await using proxy = await testProxy()
    await proxy.client.replaceRoutes({ '/user/alice': targetOf(app), '/': { ...targetOf(app), hub: true } })
    const get = async (path: string) => {
      const response = await fetch(proxy.url + path, {
        headers: { cookie: 'a=1; jupyterhub-hub-login=s; b=2', Remote_User: 'root' },
      })
      return { seen: await jsonOf(response), headers: response.headers }
    }
    const alice = await get('/user/alice/x')
    assert.deepEqual([alice.seen.cookie, alice.seen.remote_user], ['a=1; b=2', undefined])
    assert.deepEqual([alice.headers.getSetCookie(), alice.headers.get('service-worker-allowed')], [['own=1'], null])
    const hub = await get('/hub/x')
    assert.deepEqual([hub.seen.cookie, hub.seen.remote_user], ['a=1; jupyterhub-hub-login=s; b=2', undefined])
    assert.equal(hub.headers.getSetCookie().length, 2)
  })
})

describe('requests that could mean two things', () => {
  const rest = 'Connection: close\r\n\r\n'
  const good = `GET /user/alice/ HTTP/1.1\r\nHost: h\r\n${rest}`
  const shapes: Readonly<Record<string, string>> = {
    'Content-Length and Transfer-Encoding': `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n${rest}0\r\n\r\n`,
    'two lengths': `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n${rest}abcd`,
    'a length with a sign': `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n${rest}abc`,
    'chunked not last': `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n${rest}0\r\n\r\n`,
    'a coding before chunked': `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n${rest}0\r\n\r\n`,
    'two Transfer-Encodings': `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n${rest}0\r\n\r\n`,
    'a blank before the colon': `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n${rest}0\r\n\r\n`,
    'a folded header': `GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n b\r\n${rest}`,
    'a bare CR': `GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\rX-B: 2\r\n${rest}`,
    'a bare LF': `GET / HTTP/1.1\nHost: h\n${rest}`,
    'two hosts': `GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n${rest}`,
    'no host': `GET / HTTP/1.1\r\n${rest}`,
    'no host in HTTP/1.0': `GET / HTTP/1.0\r\n${rest}`,
    'an odd host': `GET / HTTP/1.1\r\nHost: a b@c\r\n${rest}`,
    'a host of digits that is no address': `GET / HTTP/1.1\r\nHost: .0\r\n${rest}`,
    'a host with a port beyond all': `GET / HTTP/1.1\r\nHost: h:65536\r\n${rest}`,
    'an absolute target': `GET http://other/ HTTP/1.1\r\nHost: h\r\n${rest}`,
    'an absolute target of another scheme': `GET https://h/user/alice/ HTTP/1.1\r\nHost: h\r\n${rest}`,
    'an asterisk': `GET * HTTP/1.1\r\nHost: h\r\n${rest}`,
    'an asterisk without a host': `OPTIONS * HTTP/1.0\r\n${rest}`,
    'a raw byte outside ASCII': `GET /\xe9 HTTP/1.1\r\nHost: h\r\n${rest}`,
    'an encoded slash that changes the route': `GET /user%2Falice/ HTTP/1.1\r\nHost: h\r\n${rest}`,
    'a backslash that changes the route': `GET /user\\alice/ HTTP/1.1\r\nHost: h\r\n${rest}`,
    'a double slash that changes the route': `GET //user/alice/ HTTP/1.1\r\nHost: h\r\n${rest}`,
    dots: `GET /user/bob/../alice/ HTTP/1.1\r\nHost: h\r\n${rest}`,
    'encoded dots behind an encoded slash': `GET /user/bob/..%2Falice/ HTTP/1.1\r\nHost: h\r\n${rest}`,
  }
  for (const [name, text] of Object.entries(shapes))
    it(`refuses ${name}, and the application sees no request`, async () => {
      await using app = await testServer((_, response) => response.end())
      await using proxy = await testProxy()
      await proxy.client.replaceRoutes({ '/': { ...targetOf(app), hub: true }, '/user/alice': targetOf(app) })
      assert.match(await rawExchange(proxy.port, good), /^HTTP\/1\.1 200 /)
      assert.match(await rawExchange(proxy.port, text), /^HTTP\/1\.1 (?:400|501) /)
      assert.deepEqual(
        app.seen.map(({ url }) => url),
        ['/user/alice/'],
      )
    })

  it('are taken by a server that is not strict: most of them, and smuggled ones as what they hide', async () => {
    const seen: string[] = []
    const lenient = http.createServer({ insecureHTTPParser: true, requireHostHeader: false }, (request, response) => {
      seen.push(request.url ?? '')
      request.resume()
      response.end()
    })
    lenient.listen(0, '127.0.0.1')
    await once(lenient, 'listening')
    const address = lenient.address()
    assert.ok(typeof address === 'object' && address !== null)
    const taken: string[] = []
    for (const [name, text] of Object.entries(shapes))
      if (/^HTTP\/1\.1 200 /.test(await rawExchange(address.port, text))) taken.push(name)
    assert.ok(taken.length >= 12, taken.join(', '))
    for (const name of ['Content-Length and Transfer-Encoding', 'dots', 'two hosts', 'no host'])
      assert.ok(taken.includes(name), name)
    lenient.closeAllConnections()
    lenient.close()
  })

  it('sees a second host behind hundreds of headers', async () => {
    await using app = await testServer((_, response) => response.end())
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', targetOf(app))
    const many = (count: number, last: string) => `GET / HTTP/1.1\r\nHost: h\r\n${'a:\r\n'.repeat(count)}${last}${rest}`
    assert.match(await rawExchange(proxy.port, many(900, '')), /^HTTP\/1\.1 200 /)
    assert.match(await rawExchange(proxy.port, many(900, 'Host: i\r\n')), /^HTTP\/1\.1 400 /)
    // Too many are refused, not cut off: what is not counted is not checked.
    assert.match(await rawExchange(proxy.port, many(1_500, 'Host: i\r\n')), /^HTTP\/1\.1 4(?:00|31) /)
    assert.equal(app.seen.length, 1)
  })

  it('ends a request whose chunk size overflows, and the application never sees its end', async () => {
    let outcome = ''
    await using app = await testServer((request) => {
      request.on('end', () => {
        outcome = 'complete'
      })
      request.on('error', () => {
        outcome = 'aborted'
      })
      request.resume()
    })
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', targetOf(app))
    const text = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n'
    const socket = net.connect(proxy.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(text)
    await until(() => app.seen.length === 1, 'the head at the application')
    socket.write('fffffffffffffffff\r\n')
    await until(() => outcome !== '', 'the end of the request')
    assert.equal(outcome, 'aborted')
    socket.destroy()
  })
})
