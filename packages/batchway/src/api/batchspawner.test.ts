/** The one request of `batchspawner-singleuser` to the hub, to the byte, on a real listener. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { createAdaptorServer } from '@hono/node-server'
import { fakeHub } from './testing/fake-hub.ts'

/** As batchspawner 1.3 sends it by Python’s requests, recorded of 2.28 (Debian 12) and 2.32 (Debian 13). */
const recorded = (version: '2.28.1' | '2.32.3', token: string, body = '{"port": 34567}'): string =>
  [
    'POST /hub/api/batchspawner HTTP/1.1',
    'Host: 127.0.0.1:8081',
    `User-Agent: python-requests/${version}`,
    'Accept-Encoding: gzip, deflate',
    'Accept: */*',
    'Connection: keep-alive',
    `Authorization: token ${token}`,
    `Content-Length: ${body.length}`,
    'Content-Type: application/json',
    '',
    body,
  ].join('\r\n')

/** Send bytes to the listener of the compute nodes. @returns status and body of the answer, and what the session room was told. */
async function send(bytes: string) {
  const hub = fakeHub()
  const server = createAdaptorServer({ fetch: hub.internalApi.fetch })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  try {
    const socket = connect(address.port, '127.0.0.1')
    socket.end(bytes)
    let text = ''
    for await (const chunk of socket.setEncoding('utf8')) text += chunk
    const [head = '', body = ''] = text.split('\r\n\r\n')
    return { status: Number(head.split(' ')[1]), head, body: JSON.parse(body), calls: hub.calls }
  } finally {
    server.close()
  }
}

describe('batchspawner-singleuser', () => {
  for (const version of ['2.28.1', '2.32.3'] as const)
    it(`tells its port by requests ${version}`, async () => {
      const { status, head, body, calls } = await send(recorded(version, 'server-alice'))
      assert.equal(status, 201)
      assert.match(head, /^content-type: application\/json/im)
      assert.doesNotMatch(head, /^set-cookie/im)
      assert.equal(typeof body.message, 'string')
      assert.deepEqual(calls, [{ what: 'announcePort', with: { id: 'run-of-alice', port: 34_567 } }])
    })

  it('speaks for its own session alone, whatever else it may do', async () => {
    const { calls } = await send(recorded('2.32.3', 'server-bob'))
    assert.deepEqual(calls, [{ what: 'announcePort', with: { id: 'run-of-bob', port: 34_567 } }])
  })

  for (const token of ['token-alice', 'token-root-admin', 'token-culler', 'revoked'])
    it(`is refused with ${token}, which is no server’s`, async () => {
      const { status, body, calls } = await send(recorded('2.32.3', token))
      assert.deepEqual([status, body.status, calls], [403, 403, []])
    })

  // Batchspawner's own hub sets every attribute of the spawner that a body names.
  // hazard any-attribute (batchspawner): the callback set any attribute of the spawner.
  for (const body of [
    '{"port": 34567, "ip": "10.0.0.1"}',
    '{"port": 34567, "cmd": ["sh"]}',
    '{"ip": "10.0.0.1"}',
    '{"port": 0}',
    '{"port": 65536}',
    '{"port": 22.5}',
    '{"port": "34567"}',
    '{"port": null}',
    '[34567]',
    '{}',
    'null',
    '{"port"',
  ])
    it(`says a port and nothing else: ${body}`, async () => {
      const answer = await send(recorded('2.32.3', 'server-alice', body))
      assert.deepEqual([answer.status, answer.calls], [400, []])
    })

  it('is told in words that it does not start', async () => {
    const { status, body } = await send(recorded('2.32.3', 'server-alice', '{"port": 999}'))
    assert.deepEqual([status, body.message], [400, 'It is not starting.'])
  })
})
