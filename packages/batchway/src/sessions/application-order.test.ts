import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { applicationPlaces } from '../core/application-hosts.ts'
import { serverPath } from '../core/http.ts'
import type { Application, IdleLimit } from '../profiles/spec.ts'
import { accessScopesOf, applicationOrder, clientIdOf, idleOrder, walltimeOrder } from './application-order.ts'
import { insertSession, openBench, sampleSpec } from './testing/bench.ts'

const secrets = { apiToken: 'a'.repeat(32), appToken: 'b'.repeat(48) }
const hubUrl = 'http://login1:8081/jupyter/hub/api'

async function orderOf(
  application: Partial<Application> = {},
  owner: { userName?: string; serverName?: string } = {},
  applicationHosts?: string,
) {
  await using bench = await openBench()
  const spec = sampleSpec()
  const session = await insertSession(bench, {
    ...owner,
    spec: { ...spec, application: { ...spec.application, ...application } },
  })
  const { settings } = bench.parts
  const places = applicationPlaces({ url: `${settings.origin}${settings.base}`, applicationHosts })
  return applicationOrder(session, { ...settings, places }, hubUrl, secrets)
}

describe('applicationOrder', () => {
  it('gives jupyterhub-singleuser the environment it knows', async () => {
    const order = await orderOf({ environment: { LANG: 'C.UTF-8' } })
    assert.deepEqual(order, {
      access: 'hub-aware',
      argv: ['jupyterhub-singleuser', '--port={port}'],
      environment: {
        JUPYTERHUB_API_TOKEN: secrets.apiToken,
        JPY_API_TOKEN: secrets.apiToken,
        JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-alice',
        JUPYTERHUB_HOST: '',
        JUPYTERHUB_API_URL: hubUrl,
        JUPYTERHUB_ACTIVITY_URL: `${hubUrl}/users/alice/activity`,
        JUPYTERHUB_BASE_URL: '/jupyter/',
        JUPYTERHUB_SERVICE_PREFIX: '/jupyter/user/alice/',
        JUPYTERHUB_SERVICE_URL: 'http://127.0.0.1:{port}/jupyter/user/alice/',
        JUPYTERHUB_USER: 'alice',
        JUPYTERHUB_SERVER_NAME: '',
        JUPYTERHUB_OAUTH_CALLBACK_URL: '/jupyter/user/alice/oauth_callback',
        JUPYTERHUB_OAUTH_ACCESS_SCOPES: '["access:servers!server=alice/","access:servers!user=alice"]',
        JUPYTERHUB_OAUTH_SCOPES: '["access:servers!server=alice/","access:servers!user=alice"]',
        JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: '[]',
        JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: '0',
        JUPYTERHUB_PUBLIC_URL: 'https://hpc.example.edu/jupyter/user/alice/',
        JUPYTERHUB_PUBLIC_HUB_URL: 'https://hpc.example.edu/jupyter/hub/',
        JUPYTERHUB_DEFAULT_URL: '/lab',
        MEM_LIMIT: String(1024 * 2 ** 20),
        MEM_GUARANTEE: String(1024 * 2 ** 20),
        CPU_LIMIT: '2',
        CPU_GUARANTEE: '2',
        LANG: 'C.UTF-8',
      },
      prefix: '/jupyter/user/alice/',
      healthPath: 'api',
      directory: '~',
      gate: null,
    })
  })

  it('escapes names in paths and client ids, and nowhere else', async () => {
    const { environment, prefix } = await orderOf({}, { userName: 'josé@x', serverName: 'gpu-1' })
    assert.equal(prefix, '/jupyter/user/jos%C3%A9@x/gpu-1/')
    assert.equal(environment.JUPYTERHUB_USER, 'josé@x')
    assert.equal(environment.JUPYTERHUB_CLIENT_ID, 'jupyterhub-user-jos%C3%A9@x~gpu-1')
    assert.equal(environment.JUPYTERHUB_SERVER_NAME, 'gpu-1')
  })

  it('lets the site’s own environment win', async () => {
    const { environment } = await orderOf({ environment: { CPU_LIMIT: '1' } })
    assert.equal(environment.CPU_LIMIT, '1')
  })

  it('gives a gated application nothing of the hub but what the gate needs', async () => {
    const order = await orderOf({
      access: 'gated',
      argv: ['jupyter-lab', '--ServerApp.base_url={prefix}', '--port={port}'],
      environment: { JUPYTER_TOKEN: '{app_token}' },
    })
    assert.deepEqual(order.argv, ['jupyter-lab', '--ServerApp.base_url=/jupyter/user/alice/', '--port={port}'])
    assert.deepEqual(order.environment, { JUPYTER_TOKEN: secrets.appToken })
    assert.deepEqual(order.gate, {
      clientId: 'jupyterhub-user-alice',
      hubPath: '/jupyter/hub/',
      redirectPath: '/jupyter/user/alice/oauth_callback',
      accessScopes: accessScopesOf('alice', ''),
      apiToken: secrets.apiToken,
      appToken: secrets.appToken,
    })
  })

  it('tells the agent to keep a socket where the command or the environment names one, and leaves the name to it', async () => {
    for (const application of [
      { argv: ['code-server', '--socket={socket}'] },
      { argv: ['app'], environment: { LISTEN: 'unix:{socket}' } },
    ]) {
      const order = await orderOf({ access: 'gated', ...application })
      assert.equal(order.listensOn, 'socket')
      assert.deepEqual(order.argv, application.argv)
    }
    assert.equal((await orderOf({ access: 'gated', argv: ['app', '{port}'] })).listensOn, undefined)
    // A name that somebody chose is no word of the administrator's.
    assert.equal((await orderOf({}, { serverName: '{socket}' })).listensOn, undefined)
  })

  it('names whole addresses where applications have hosts of their own', async () => {
    const hosts = '{user}--{server}.apps.example.edu'
    const { environment } = await orderOf({}, { serverName: 'lab' }, hosts)
    const at = 'https://alice--lab.apps.example.edu/jupyter/user/alice/lab/'
    assert.equal(environment.JUPYTERHUB_HOST, 'https://hpc.example.edu')
    assert.equal(environment.JUPYTERHUB_SERVICE_PREFIX, '/jupyter/user/alice/lab/')
    assert.equal(environment.JUPYTERHUB_OAUTH_CALLBACK_URL, `${at}oauth_callback`)
    assert.equal(environment.JUPYTERHUB_PUBLIC_URL, at)
    assert.equal(environment.JUPYTERHUB_PUBLIC_HUB_URL, 'https://hpc.example.edu/jupyter/hub/')
    assert.equal(environment.JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED, '1')
    const gated = await orderOf(
      { access: 'gated', argv: ['app', '{hub_host}{hub_prefix}'] },
      { serverName: 'lab' },
      hosts,
    )
    assert.deepEqual(gated.argv, ['app', 'https://hpc.example.edu/jupyter/hub/'])
    assert.equal(gated.gate?.hubPath, 'https://hpc.example.edu/jupyter/hub/')
    assert.equal(gated.gate?.redirectPath, `${at}oauth_callback`)
    assert.equal(gated.gate?.hostCookies, true)
    // One host for each user: cookies of the whole host would be for several servers.
    const perUser = await orderOf({ access: 'gated' }, { serverName: 'lab' }, '{user}.apps.example.edu')
    assert.equal(perUser.gate?.redirectPath, 'https://alice.apps.example.edu/jupyter/user/alice/lab/oauth_callback')
    assert.equal(perUser.gate?.hostCookies, undefined)
  })
})

describe('names', () => {
  it('the client’s id is the one of JupyterHub for a main server', () => {
    assert.equal(clientIdOf('alice', ''), 'jupyterhub-user-alice')
    assert.equal(clientIdOf('alice', 'lab'), 'jupyterhub-user-alice~lab')
  })

  // CVE-2020-15110 (KubeSpawner): two people whose names were joined or escaped into one.
  it('of two servers are never the same, whoever chose them', () => {
    const user = fc.stringMatching(/^[ab_][ab.@+_-]{0,6}$/)
    const server = fc.oneof(fc.constant(''), fc.stringMatching(/^[ab][ab._-]{0,6}$/))
    const pair = fc.tuple(user, server)
    assert.notEqual(clientIdOf('alice', 'smith'), clientIdOf('alice-smith', ''))
    fc.assert(
      fc.property(pair, pair, ([user1, server1], [user2, server2]) => {
        const isSame = user1 === user2 && server1 === server2
        assert.equal(clientIdOf(user1, server1) === clientIdOf(user2, server2), isSame)
        assert.equal(serverPath('/', user1, server1) === serverPath('/', user2, server2), isSame)
      }),
    )
  })
})

describe('the order to end before the walltime does', () => {
  const orderOf = (wallSeconds: number, stopSeconds: number) => {
    const { resources, limits } = sampleSpec()
    return walltimeOrder({ resources: { ...resources, wallSeconds }, limits: { ...limits, stopSeconds } })
  }
  for (const [wall, stop, leaveSeconds, warnSeconds] of [
    [3_600, 20, 25, [900, 300, 60]],
    [900, 20, 25, [300, 60]],
    [120, 20, 25, [60]],
    [60, 20, 15, []],
    [60, 0, 5, []],
    [3_600, 3_600, 900, [900, 300, 60]],
  ] as const) {
    it(`of ${wall} s with ${stop} s to end`, () => {
      assert.deepEqual(orderOf(wall, stop), { leaveSeconds, warnSeconds })
    })
  }
})

describe('the order about idle sessions', () => {
  const idle = { seconds: 7_200, warnSeconds: 600, counts: 'all' } as const
  const orderOf = (limit: IdleLimit | undefined, activity?: 'jupyter' | 'traffic') => {
    const { limits, application } = sampleSpec()
    return idleOrder({
      limits: { ...limits, ...(limit && { idle: limit }) },
      application: { ...application, ...(activity && { activity }) },
    })
  }

  it('is none where the profile has no limit', () => assert.equal(orderOf(undefined, 'jupyter'), null))

  it('asks Jupyter, and looks at the traffic of all others and of sessions of older versions', () => {
    assert.deepEqual(orderOf(idle, 'jupyter'), { seconds: 7_200, warnSeconds: 600, activity: 'jupyter' })
    assert.equal(orderOf(idle, 'traffic')?.activity, 'traffic')
    assert.equal(orderOf(idle)?.activity, 'traffic')
  })

  it('looks at the browser’s traffic alone where the site wants it so', () => {
    assert.equal(orderOf({ ...idle, counts: 'browser' }, 'jupyter')?.activity, 'traffic')
  })
})
