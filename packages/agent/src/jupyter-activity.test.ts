import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, it } from 'node:test'
import { jupyterLook, jupyterSign, readJupyterState } from './jupyter-activity.ts'
import type { ApplicationOrder } from './protocol.ts'

const status = { started: '2026-11-22T11:00:00Z', last_activity: '2026-11-22T12:00:00Z', connections: 0, kernels: 1 }
const kernel = (execution_state: string, connections = 0) => ({
  id: 'k',
  name: 'python3',
  execution_state,
  connections,
})
const quiet = { lastActivity: status.last_activity, isBusy: false }

describe('what Jupyter tells of itself', () => {
  for (const [title, kernels, isBusy] of [
    ['no kernel', [], false],
    ['a kernel that waits, with nobody there', [kernel('idle')], false],
    ['a kernel that died', [kernel('dead')], false],
    ['a kernel that computes', [kernel('idle'), kernel('busy')], true],
    ['a kernel whose start Jupyter never saw end', [kernel('starting'), kernel('restarting')], false],
    ['an open notebook whose kernel starts', [kernel('starting', 1)], true],
    ['an open notebook', [kernel('idle', 1)], true],
  ] as const)
    it(`${title} is ${isBusy ? 'use' : 'no use'}`, () => {
      assert.deepEqual(readJupyterState(status, kernels), { ...quiet, isBusy })
    })

  it('is nothing where it is not Jupyter that answers', () => {
    for (const [state, kernels] of [
      [{}, []],
      [null, []],
      ['x', []],
      [status, { message: 'Forbidden' }],
      [{ last_activity: 5 }, []],
    ])
      assert.equal(readJupyterState(state, kernels), null)
  })
})

describe('two looks at Jupyter', () => {
  const later = { ...quiet, lastActivity: '2026-11-22T12:00:01Z' }
  const earlier = { ...quiet, lastActivity: '2026-11-22T07:00:00Z' }
  it('tell use by what has changed, whatever the clocks say', () => {
    assert.equal(jupyterSign(null, quiet), 'used', 'the count begins with the first look')
    assert.equal(jupyterSign(quiet, quiet), 'quiet')
    assert.equal(jupyterSign(quiet, later), 'used')
    assert.equal(jupyterSign(quiet, earlier), 'used')
    assert.equal(jupyterSign(quiet, { ...quiet, isBusy: true }), 'used')
  })
})

describe('a look at Jupyter', () => {
  const order: ApplicationOrder = {
    access: 'hub-aware',
    argv: ['jupyter'],
    environment: { JUPYTERHUB_API_TOKEN: 'token-of-the-hub' },
    prefix: '/user/alice',
    healthPath: 'api',
    directory: '~',
    gate: null,
  }
  const gate = {
    clientId: 'c',
    hubPath: '/hub/',
    redirectPath: '/cb',
    accessScopes: [],
    apiToken: 'x',
    appToken: 'own',
  }

  /** A Jupyter that says of itself what the test says. */
  async function jupyter() {
    const says = { status: 200, state: status as unknown, kernels: [] as unknown }
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers.authorization} ${request.headers.accept}`)
      const body = request.url?.includes('/api/kernels') ? says.kernels : says.state
      response.writeHead(says.status).end(typeof body === 'string' ? body : JSON.stringify(body))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const open = async () => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    }
    const said: string[] = []
    const look = (changes: Partial<ApplicationOrder> = {}) =>
      jupyterLook({ open }, { ...order, ...changes }, (line) => said.push(line))
    return { says, asked, said, look, [Symbol.dispose]: () => void server.close() }
  }

  it('asks with the application’s token, and without counting as use', async () => {
    using app = await jupyter()
    await app.look()()
    const one = ' token token-of-the-hub application/json'
    assert.deepEqual(app.asked, [
      `/user/alice/api/status?no_track_activity=1${one}`,
      `/user/alice/api/kernels?no_track_activity=1${one}`,
    ])
    await app.look({ prefix: '/user/alice/', gate })()
    await app.look({ environment: {} })()
    assert.deepEqual(
      app.asked.slice(2).map((line) => line.split('?')[1]),
      [
        ...Array(2).fill('no_track_activity=1 token own application/json'),
        ...Array(2).fill('no_track_activity=1 token application/json'),
      ],
    )
  })

  it('finds it used, then quiet, then used again', async () => {
    using app = await jupyter()
    const look = app.look()
    const signs = [await look(), await look()]
    app.says.kernels = [kernel('busy')]
    signs.push(await look())
    app.says.kernels = []
    signs.push(await look())
    app.says.state = { ...status, last_activity: '2026-11-22T12:00:01Z' }
    signs.push(await look(), await look())
    assert.deepEqual(signs, ['used', 'quiet', 'used', 'quiet', 'used', 'quiet'])
    assert.deepEqual(app.said, [])
  })

  it('is never a sign of quiet where Jupyter does not tell, which is said once each time', async () => {
    using app = await jupyter()
    const look = app.look()
    await look()
    for (const [changes, words] of [
      [{ status: 403 }, /api\/status answers with HTTP 403$/],
      [{ status: 200, state: '<html>' }, /JSON/],
      [{ state: {} }, /its answer is not that of a Jupyter server$/],
      [{ state: status, kernels: 'x'.repeat(1024 * 1024 + 1) }, /answer too long$/],
    ] as const) {
      Object.assign(app.says, changes)
      app.said.length = 0
      assert.deepEqual([await look(), await look()], ['unknown', 'unknown'])
      assert.equal(app.said.length, 1)
      assert.match(app.said[0] ?? '', words)
    }
    app.says.kernels = []
    assert.equal(await look(), 'quiet', 'as it was before')
    Object.assign(app.says, { kernels: 'x'.repeat(1024 * 1024 + 1) })
    assert.equal(await look(), 'unknown')
    assert.equal(app.said.length, 2, 'and again, since it had told in between')
  })
})
