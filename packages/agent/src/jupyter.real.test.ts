/** The agent in front of the machine's real Jupyter servers, as an ordinary user. Needs root, to become one. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import {
  account,
  ask,
  connectWithKey,
  exchange,
  installForTests,
  processesWith,
  sharedFolder,
  startAgent,
} from './testing/agent-bench.ts'
import { canary, openFakeHub, reportsOf } from './testing/fake-hub.ts'
import { signIn } from './testing/sign-in.ts'
import { until } from './testing/until.ts'

const prefix = '/jupyter/user/alice/'
const folder = sharedFolder()
after(() => folder[Symbol.dispose]())
const agent = installForTests(folder.path)
const alice = account('alice')
const environment = { USER: 'alice', JUPYTER_PREFER_ENV_PATH: '0' }

/** Start a kernel and open its WebSocket. */
async function useKernel(
  hub: Awaited<ReturnType<typeof openFakeHub>>,
  port: number,
  cookie: string,
  extra: Record<string, string>,
) {
  const made = await ask(hub, port, `${prefix}api/kernels`, {
    method: 'POST',
    body: '{"name":"python3"}',
    headers: { cookie, ...extra },
  })
  assert.equal(made.status, 201, made.body)
  const { id } = JSON.parse(/\{.*\}/s.exec(made.body)?.[0] ?? '{}')
  const socket = await connectWithKey(port, hub.claim.psk)
  const head = await exchange(
    socket,
    `GET ${prefix}api/kernels/${id}/channels HTTP/1.1\r\nHost: gateway.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://gateway.test\r\nCookie: ${cookie}\r\n\r\n`,
    /\r\n\r\n/,
  )
  assert.match(head, /^HTTP\/1.1 101 /)
  return socket
}

describe('real Jupyter', () => {
  it('runs the unmodified jupyterhub-singleuser: sign-in, kernel, WebSocket, orderly end', async () => {
    const apiToken = canary('api')
    const mark = canary('mark')
    await using hub = await openFakeHub({
      application: {
        argv: ['/usr/bin/jupyterhub-singleuser'],
        prefix,
        directory: '~',
        environment: { ...environment, WHO: mark },
      },
      claim: { stopSeconds: 20 },
    })
    const scopes = ['access:servers!server=alice/', 'access:servers!user=alice']
    const order: Record<string, string> = hub.claim.application.environment
    Object.assign(order, {
      JUPYTERHUB_API_TOKEN: apiToken,
      JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-alice',
      JUPYTERHUB_HOST: '',
      JUPYTERHUB_SINGLEUSER_APP: 'notebook.notebookapp.NotebookApp',
      JUPYTERHUB_API_URL: hub.url,
      JUPYTERHUB_BASE_URL: '/jupyter/',
      JUPYTERHUB_SERVICE_PREFIX: prefix,
      JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:{port}${prefix}`,
      JUPYTERHUB_USER: 'alice',
      JUPYTERHUB_OAUTH_CALLBACK_URL: `${prefix}oauth_callback`,
      JUPYTERHUB_OAUTH_ACCESS_SCOPES: JSON.stringify(scopes),
      JUPYTERHUB_OAUTH_SCOPES: JSON.stringify(scopes),
    })
    hub.users.set('token-alice', { name: 'alice', scopes: scopes.slice(0, 1) })
    await using run = startAgent(agent, hub, alice)
    const { port } = await until('ready', () => reportsOf(hub, 'ready')[0])

    assert.equal((await ask(hub, port, `${prefix}api/contents`)).status, 403)
    const { last, cookie } = await signIn(hub, port, `${prefix}tree`, 'token-alice')
    assert.equal(last.status, 302)
    const page = await ask(hub, port, `${prefix}tree`, { headers: { cookie, accept: 'text/html' } })
    assert.match(page.body, /<title>/)
    const xsrf = { 'x-xsrftoken': /_xsrf=([^;]+)/.exec(page.cookies.join(';'))?.[1] ?? '' }
    const withXsrf = [cookie, ...page.cookies].join('; ')
    const socket = await useKernel(hub, port, withXsrf, xsrf)

    run.child.kill('SIGTERM')
    assert.equal(await run.ended, 0)
    socket.destroy()
    assert.equal(reportsOf(hub, 'exit')[0]?.why, 'stopped')
    assert.deepEqual(processesWith(alice.uid, mark), [], 'neither server nor kernel')
    assert.equal((run.output() + JSON.stringify(hub.reports)).includes(apiToken), false)
  })

  for (const [listensOn, place] of [
    ['port', ['--ServerApp.ip=127.0.0.1', '--ServerApp.port={port}', '--ServerApp.port_retries=0']],
    ['socket', ['--ServerApp.sock={socket}']],
  ] as const)
    it(`guards a plain Jupyter Server on a ${listensOn} with the gate`, async () => {
      const gate = {
        clientId: 'jupyterhub-user-alice',
        hubPath: '/jupyter/hub/',
        redirectPath: `${prefix}oauth_callback`,
        accessScopes: ['access:servers!server=alice/'],
        apiToken: canary('api'),
        appToken: canary('app'),
      }
      const mark = canary('mark')
      const argv = [
        '/usr/bin/jupyter-server',
        '--no-browser',
        ...place,
        `--ServerApp.base_url=${prefix}`,
        '--ServerApp.allow_remote_access=True',
      ]
      await using hub = await openFakeHub({
        application: {
          access: 'gated',
          listensOn,
          argv,
          prefix,
          directory: '~',
          gate,
          environment: { ...environment, JUPYTER_TOKEN: gate.appToken, WHO: mark },
        },
        claim: { stopSeconds: 20 },
      })
      hub.users.set('token-alice', { name: 'alice', scopes: ['access:servers!server=alice/'] })
      await using run = startAgent(agent, hub, alice)
      const { port } = await until('ready', () => reportsOf(hub, 'ready')[0])

      assert.equal((await ask(hub, port, `${prefix}api/status`)).status, 403)
      const { cookie } = await signIn(hub, port, `${prefix}tree`, 'token-alice')
      const status = await ask(hub, port, `${prefix}api/status`, { headers: { cookie } })
      assert.equal(status.status, 200)
      const socket = await useKernel(hub, port, cookie, { 'sec-fetch-site': 'same-origin' })

      hub.order = 'stop'
      assert.equal(await run.ended, 0)
      socket.destroy()
      assert.deepEqual(processesWith(alice.uid, mark), [])
      const said = run.output() + JSON.stringify(hub.reports)
      if (listensOn === 'port') assert.match(said, /token=(\[secret\]|\.\.\.)/, 'Jupyter prints a link with the token')
      assert.equal(said.includes(gate.appToken), false)
    })

  it('is asked whether it is used: an open notebook is use, a kernel that waits for nobody is none', async () => {
    const gate = {
      clientId: 'jupyterhub-user-alice',
      hubPath: '/jupyter/hub/',
      redirectPath: `${prefix}oauth_callback`,
      accessScopes: ['access:servers!server=alice/'],
      apiToken: canary('api'),
      appToken: canary('app'),
    }
    const argv = ['/usr/bin/jupyter-server', '--no-browser', '--ServerApp.ip=127.0.0.1', '--ServerApp.port={port}']
    argv.push(`--ServerApp.base_url=${prefix}`, '--ServerApp.allow_remote_access=True')
    await using hub = await openFakeHub({
      application: {
        access: 'gated',
        argv,
        prefix,
        directory: '~',
        gate,
        environment: { ...environment, JUPYTER_TOKEN: gate.appToken },
      },
      claim: { stopSeconds: 20, idle: { seconds: 6, warnSeconds: 3, activity: 'jupyter' } },
    })
    hub.users.set('token-alice', { name: 'alice', scopes: ['access:servers!server=alice/'] })
    hub.deafTo = 'heartbeats' // nobody is warned, so nothing ends, before the notebook is open
    await using run = startAgent(agent, hub, alice)
    const { port } = await until('ready', () => reportsOf(hub, 'ready')[0])
    const { cookie } = await signIn(hub, port, `${prefix}tree`, 'token-alice')
    const socket = await useKernel(hub, port, cookie, { 'sec-fetch-site': 'same-origin' })
    hub.deafTo = 'nothing'
    const since = Date.now()
    await until('twice the limit', () => Date.now() - since > 12_000)
    assert.deepEqual(reportsOf(hub, 'exit'), [])
    assert.deepEqual(reportsOf(hub, 'heartbeat').at(-1)?.warnings, [])

    socket.destroy()
    await until('nobody uses it', () => run.output().includes('ending: nobody used it'))
    const exit = await until('its end', () => reportsOf(hub, 'exit')[0])
    assert.equal(exit.why, 'idle')
    assert.doesNotMatch(run.output(), /the idle limit waits/)
    assert.equal(await run.ended, 0)
  })
})
