import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { webBench } from '../web/testing/web-bench.ts'
import { openListener } from './listen.ts'

interface Ask {
  readonly method: string
  readonly path: string
  readonly type?: string
  /** Sent in pieces, without a length. */
  readonly body?: string
}

function ask(address: string, { method, path, type, body }: Ask): Promise<number> {
  const [host = '', port = ''] = address.split(':')
  const headers = type === undefined ? {} : { 'Content-Type': type }
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, method, path, headers }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.on('error', reject)
    sent.flushHeaders()
    sent.end(body)
  })
}

async function rawStatus(address: string, bytes: string): Promise<string> {
  const [host = '', port = ''] = address.split(':')
  const socket = connect(Number(port), host)
  socket.write(bytes)
  let text = ''
  for await (const chunk of socket.setEncoding('latin1')) {
    text += chunk
    if (text.includes('\r\n')) break
  }
  return text.split('\r\n')[0] ?? ''
}

const form = 'application/x-www-form-urlencoded'

describe('the pages behind the hub’s own listener', () => {
  for (const [what, asked, status] of [
    ['a form without a length', { method: 'POST', path: '/hub/login', type: form, body: 'username=alice' }, 403],
    [
      'a program’s body without a length',
      { method: 'POST', path: '/hub/user/alice/api', type: 'application/json', body: '{}' },
      403,
    ],
    ['a DELETE without a body', { method: 'DELETE', path: '/hub/home' }, 403],
    ['a method that browsers do not have', { method: 'QUERY', path: '/hub/nowhere', body: 'x' }, 403],
    [
      'a form of parts without a boundary',
      { method: 'POST', path: '/hub/login', type: 'multipart/form-data', body: 'x' },
      400,
    ],
    [
      'a form of parts that ends early',
      { method: 'POST', path: '/hub/login', type: 'multipart/form-data; boundary=b', body: '--b\r\nContent' },
      400,
    ],
    [
      'a form that is too large',
      { method: 'POST', path: '/hub/login', type: form, body: `a=${'b'.repeat(70_000)}` },
      400,
    ],
    ['a report that is too large', { method: 'POST', path: '/hub/security/csp-report', body: 'x'.repeat(20_000) }, 413],
  ] as const)
    it(`answer ${what} with ${status}, not with a failure of ours`, async () => {
      await using listener = await openListener('127.0.0.1:0', webBench().app)
      assert.equal(await ask(listener.address, asked), status)
    })

  it('are not asked with a whole URL, whose parts nothing here reads', async () => {
    await using listener = await openListener('127.0.0.1:0', webBench().app)
    for (const target of ['http://a@b/hub/login', 'http://b/hub/login', '*', 'hub'])
      assert.match(await rawStatus(listener.address, `OPTIONS ${target} HTTP/1.1\r\nHost: b\r\n\r\n`), / 400 /, target)
  })

  it('are not asked under a host that stands in no URL', async () => {
    await using listener = await openListener('127.0.0.1:0', webBench().app)
    for (const [host, status] of [
      ['.0', 400],
      ['a.0', 400],
      ['256.1.1.1', 400],
      ['b:65536', 400],
      ['[::g]', 400],
      ['b', 200],
    ] as const)
      assert.match(
        await rawStatus(listener.address, `GET /hub/login HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
        new RegExp(` ${status} `),
        host,
      )
  })

  it('keep "100 Continue" out of answers, also for requests that came ahead of their turn', async () => {
    await using listener = await openListener('127.0.0.1:0', webBench().app)
    const [host = '', port = ''] = listener.address.split(':')
    const one = 'GET /nowhere HTTP/1.1\r\nHost: b\r\nAccept: application/json\r\n'
    const socket = connect(Number(port), host)
    socket.write(`${one}\r\n${one}Expect: 100-continue\r\nContent-Length: 0\r\n\r\n${one}Connection: close\r\n\r\n`)
    let text = ''
    for await (const chunk of socket.setEncoding('latin1')) text += chunk

    const bodies = text
      .split(/(?:HTTP\/1\.1 100 Continue\r\n\r\n)?(?=HTTP\/1\.1 \d)/)
      .map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4))
    // Whoever was not told to go on may send a body or not: Node ends the connection after such an answer.
    assert.ok(bodies.length >= 2)
    for (const body of bodies) assert.equal(JSON.parse(body).status, 404)
  })
})
