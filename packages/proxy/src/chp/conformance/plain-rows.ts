/** How requests and answers pass without an option: which route, with what, and what comes back. */
import { forged, host, locations, told } from './asked.ts'
import type { Row } from './row.ts'
import type { Site } from './world.ts'

const activityOf = async (site: Site, path: string): Promise<number> =>
  Date.parse(JSON.parse((await site.call('GET', `/api/routes${path}`)).slice(4)).last_activity)

/** Whether a request moves the time of a route's last activity. */
const moves = async (site: Site, path: string, ask: () => Promise<unknown>): Promise<boolean> => {
  const before = await activityOf(site, path)
  // The time is in milliseconds: the next one must have come.
  while (Date.now() <= before + 1) await new Promise((resolve) => setTimeout(resolve, 1))
  await ask()
  return (await activityOf(site, path)) > before
}

export const plainRows: readonly Row[] = [
  {
    what: 'the longest route wins, at whole segments, decoded',
    run: async (site) => {
      const { targetUrl } = site.world
      await site.route('/', `${targetUrl}/root`)
      await site.route('/user/al', `${targetUrl}/al`)
      await site.route('/user/al/deep', `${targetUrl}/deep`)
      await site.route('/user/jos%C3%A9', `${targetUrl}/jose`)
      const paths = [
        '/',
        '/user/al',
        '/user/al/',
        '/user/alice',
        '/user/al/deep/er?q=1&r=%20',
        '/user/jos%C3%A9/x',
        '/user/jos%c3%a9/x',
      ]
      return Promise.all(paths.map((path) => site.seen(path)))
    },
    ours: [
      ...['/root/', '/al/user/al', '/al/user/al/', '/root/user/alice', '/deep/user/al/deep/er?q=1&r=%20'],
      ...['/jose/user/jos%C3%A9/x', '/jose/user/jos%c3%a9/x'],
    ],
  },
  {
    what: 'bodies, methods and queries reach the target as they are',
    run: async (site) => {
      await site.route('/a', site.world.targetUrl)
      const names = ['content-length', 'transfer-encoding', 'content-type', 'host']
      return [
        await site.seen('/a/x?a=%2F%2f&b', names, {
          method: 'PUT',
          body: 'text',
          headers: { ...host, 'Content-Type': 'a/b' },
        }),
        await site.seen('/a/x', ['x-twice', 'accept'], { headers: { ...host, 'X-Twice': 'one, two', Accept: '*/*' } }),
      ]
    },
    ours: [
      { 'content-length': '4', 'transfer-encoding': null, 'content-type': 'a/b', host: 'hub.example.org' },
      { 'x-twice': 'one, two', accept: '*/*' },
    ],
  },
  {
    what: 'targets behind unix sockets, by both schemes',
    run: async (site) => {
      const { socketUrl } = site.world
      await site.route('/a', socketUrl)
      await site.route('/b', socketUrl.replace('http+unix', 'unix+http'))
      return [await site.seen('/a/x'), await site.seen('/b/x')]
    },
    ours: ['/a/x', '/b/x'],
  },
  {
    what: '`X-Forwarded-*` are added',
    run: async (site) => {
      await site.route('/a', site.world.targetUrl)
      return [
        await site.seen('/a', told, { headers: host }),
        await site.seen('/a', told, { headers: { Host: 'h:8000' } }),
      ]
    },
    ours: [
      {
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': '80',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': 'hub.example.org',
      },
      {
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': '8000',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': 'h:8000',
      },
    ],
  },
  {
    what: '`X-Forwarded-*` of a front server on this machine are kept, and ours put behind them',
    run: async (site) => {
      await site.route('/a', site.world.targetUrl)
      return site.seen('/a', told, { headers: forged })
    },
    ours: {
      'x-forwarded-for': '1.2.3.4,127.0.0.1',
      'x-forwarded-port': '443,80',
      'x-forwarded-proto': 'https,http',
      'x-forwarded-host': 'public.example.org',
    },
  },
  {
    what: '… for WebSockets with their scheme, and no host',
    run: async (site) => {
      await site.route('/a', site.world.targetUrl)
      return site.webSocket('/a/ws', { 'X-Forwarded-For': '1.2.3.4' })
    },
    ours: {
      line: '101',
      told: 'x-forwarded-proto=ws x-forwarded-host= x-forwarded-for=1.2.3.4,127.0.0.1 x-forwarded-port=80',
    },
  },
  {
    what: 'a front server’s name of the user reaches the hub and services',
    run: async (site) => {
      await site.route('/', site.world.targetUrl, { hub: true, jupyterhub: true })
      await site.route('/services/s', site.world.targetUrl, { service: 's', jupyterhub: true })
      const ask = (path: string) => site.seen(path, ['remote-user'], { headers: { ...host, 'Remote-User': 'alice' } })
      return [await ask('/hub/login'), await ask('/services/s/')]
    },
    ours: [{ 'remote-user': 'alice' }, { 'remote-user': 'alice' }],
  },
  {
    what: '… and a user’s server never',
    run: async (site) => {
      await site.route('/user/a', site.world.targetUrl, { user: 'a', jupyterhub: true })
      return site.seen('/user/a/', ['remote-user', 'x-other'], {
        headers: { ...host, 'Remote-User': 'alice', 'X-Other': '1' },
      })
    },
    ours: { 'remote-user': null, 'x-other': '1' },
    differs: {
      theirs: { 'remote-user': 'alice', 'x-other': '1' },
      why: 'A user’s program has no use for who else is signed in, and would believe it; `--trust-user-servers` passes it',
    },
  },
  {
    what: 'the hub’s login cookie is not shown to users’ servers, nor set by them; their cookies stay below their path',
    run: async (site) => {
      await site.route('/user/a', site.world.targetUrl, { user: 'a', jupyterhub: true })
      const Cookie = 'jupyterhub-hub-login=secret; own=1'
      return [
        await site.seen('/user/a/', ['cookie'], { headers: { ...host, Cookie } }),
        (await site.front('/user/a/cookie', { headers: host })).headers['set-cookie'],
      ]
    },
    ours: [{ cookie: 'own=1' }, ['own=1; Path=/user/a/']],
    differs: {
      theirs: [
        { cookie: 'jupyterhub-hub-login=secret; own=1' },
        ['own=1; Path=/', 'jupyterhub-hub-login=x; Path=/hub/'],
      ],
      why: 'On one host every application could sign people in as somebody else, or read their login; `--trust-user-servers` passes it',
    },
  },
  {
    what: 'pages of users’ servers that say nothing about it are not framed or embedded by others',
    run: async (site) => {
      await site.route('/user/a', site.world.targetUrl, { user: 'a', jupyterhub: true })
      await site.route('/services/s', site.world.targetUrl, { service: 's', jupyterhub: true })
      const ask = async (path: string) => {
        const { headers } = await site.front(path, { headers: host })
        return [headers['x-frame-options'] ?? null, headers['cross-origin-resource-policy'] ?? null]
      }
      return [await ask('/user/a/'), await ask('/services/s/')]
    },
    ours: [
      ['SAMEORIGIN', 'same-origin'],
      [null, null],
    ],
    differs: {
      theirs: [
        [null, null],
        [null, null],
      ],
      why: 'A default for programs that do not know that they share a host; `--trust-user-servers` leaves it out',
    },
  },
  {
    what: 'paths that can be read in two ways',
    run: async (site) => {
      await site.route('/a', site.world.targetUrl)
      const paths = ['/a/%zz', '/a/..%2fb', '/a/./b', '/a/%00']
      return (await Promise.all(paths.map((path) => site.front(path, { headers: host })))).map(({ status }) => status)
    },
    ours: [400, 400, 400, 400],
    differs: {
      theirs: [500, 200, 200, 200],
      why: 'The target could see another path than the one that was routed by',
    },
  },
  {
    what: 'an address whose first segment is a word of JavaScript’s objects',
    run: async (site) => {
      await site.route('/', site.world.targetUrl)
      return Promise.all(['/constructor/x', '/__proto__', '/toString'].map((path) => site.seen(path)))
    },
    ours: ['/constructor/x', '/__proto__', '/toString'],
    differs: { theirs: [500, 500, 500], why: 'They are names like others' },
  },
  {
    what: 'an address without a route',
    run: async (site) => {
      const { status, headers, body } = await site.front('/nowhere', { headers: { ...host, Accept: 'text/html' } })
      return [status, headers['content-type'], /<h1>(.*?)<\/h1>/.exec(body)?.[1]]
    },
    ours: [404, 'text/html; charset=utf-8', 'Nothing is running here'],
    differs: {
      theirs: [404, 'text/html', '404: Not Found'],
      why: 'Same status; the page says what to do, has a request id, and no words of ours in pages for programs: those get JSON',
    },
  },
  {
    what: 'a target that does not answer',
    run: async (site) => {
      await site.route('/dead', site.world.deadUrl)
      const { status, headers } = await site.front('/dead/x', { headers: { ...host, Accept: 'application/json' } })
      return [status, headers['content-type']]
    },
    ours: [503, 'application/json'],
    differs: { theirs: [503, 'text/html'], why: 'Same status; JupyterLab and other programs read JSON' },
  },
  {
    what: 'a target’s own failure is its own',
    run: async (site) => {
      await site.route('/a', site.world.targetUrl)
      const { status, body } = await site.front('/a/fails', { headers: host })
      return [status, body]
    },
    ours: [500, 'broken'],
  },
  {
    what: 'WebSockets: one that stands, a target that does not want it, no route, no target',
    run: async (site) => {
      await site.route('/a', site.world.targetUrl)
      await site.route('/dead', site.world.deadUrl)
      const paths = ['/a/ws', '/a/no-websocket', '/none', '/dead']
      return (await Promise.all(paths.map((path) => site.webSocket(path)))).map(({ line }) => line)
    },
    ours: ['101', '403', '404', '503'],
  },
  {
    what: 'activity: an answer below 300 counts, a redirect, a failure and a dead target do not',
    run: async (site) => {
      await site.route('/a', site.world.targetUrl)
      await site.route('/dead', site.world.deadUrl)
      const ask = (path: string) => () => site.front(path, { headers: host })
      return [
        await moves(site, '/a', ask('/a/x')),
        await moves(site, '/a', ask('/a/location/302/x')),
        await moves(site, '/a', ask('/a/fails')),
        await moves(site, '/dead', ask('/dead/x')),
      ]
    },
    ours: [true, false, false, false],
  },
  {
    what: '`/_chp_healthz` goes before every route',
    run: async (site) => {
      await site.route('/', site.world.targetUrl)
      const { status, headers, body } = await site.front('/_chp_healthz')
      return [status, headers['content-type'], body]
    },
    ours: [200, 'application/json', '{"status":"OK"}'],
  },
  {
    what: 'a `Location` stays as the target wrote it',
    run: (site) => locations(site),
    ours: ['TARGET/a/x?q=1', '/a/y', 'http://elsewhere.example.org/'],
  },
]
