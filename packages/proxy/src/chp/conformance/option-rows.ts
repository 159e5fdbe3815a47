/** Every option that changes how requests and answers pass. */
import { forged, host, locations, told } from './asked.ts'
import { plainRows } from './plain-rows.ts'
import type { Group } from './row.ts'
import type { Site } from './world.ts'

const seenAt =
  (route: string, path: string, names: readonly string[] = [], headers: Readonly<Record<string, string>> = host) =>
  async (site: Site) => {
    await site.route(route, `${site.world.targetUrl}/target`)
    return site.seen(path, names, { headers })
  }

export const optionGroups: readonly Group[] = [
  { name: 'without options', options: () => [], rows: plainRows },
  {
    name: '--trusted-front none',
    options: () => [],
    ownOptions: ['--trusted-front=none'],
    rows: [
      {
        what: 'from who is no front server, `X-Forwarded-*` and names of users mean nothing',
        run: async (site) => {
          await site.route('/', site.world.targetUrl, { hub: true })
          return site.seen('/', [...told, 'remote-user', 'x-real-ip'], {
            headers: { ...forged, 'Remote-User': 'alice', 'X-Real-IP': '1.2.3.4' },
          })
        },
        ours: {
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-port': '80',
          'x-forwarded-proto': 'http',
          'x-forwarded-host': 'hub.example.org',
          'remote-user': null,
          'x-real-ip': null,
        },
        differs: {
          theirs: {
            'x-forwarded-for': '1.2.3.4,127.0.0.1',
            'x-forwarded-port': '443,80',
            'x-forwarded-proto': 'https,http',
            'x-forwarded-host': 'public.example.org',
            'remote-user': 'alice',
            'x-real-ip': '1.2.3.4',
          },
          why: 'There everybody who can connect is whoever they say. Here front servers are this machine, or those of `--trusted-front`',
        },
      },
    ],
  },
  {
    name: '--trust-user-servers',
    options: () => [],
    ownOptions: ['--trust-user-servers'],
    rows: [
      {
        what: 'cookies and names of users pass as there',
        run: async (site) => {
          await site.route('/user/a', site.world.targetUrl, { user: 'a', jupyterhub: true })
          const headers = { ...host, Cookie: 'jupyterhub-hub-login=secret; own=1', 'Remote-User': 'alice' }
          return [
            await site.seen('/user/a/', ['cookie', 'remote-user'], { headers }),
            (await site.front('/user/a/cookie', { headers: host })).headers['set-cookie'],
          ]
        },
        ours: [
          { cookie: 'jupyterhub-hub-login=secret; own=1', 'remote-user': 'alice' },
          ['own=1; Path=/', 'jupyterhub-hub-login=x; Path=/hub/'],
        ],
      },
    ],
  },
  {
    name: '--no-x-forward',
    options: () => ['--no-x-forward'],
    rows: [
      {
        what: 'nothing is added',
        run: seenAt('/a', '/a', told),
        ours: Object.fromEntries(told.map((name) => [name, null])),
      },
      {
        what: 'what a front server says passes',
        run: seenAt('/a', '/a', told, forged),
        ours: {
          'x-forwarded-for': '1.2.3.4',
          'x-forwarded-port': '443',
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'public.example.org',
        },
      },
    ],
  },
  {
    name: '--no-prepend-path',
    options: () => ['--no-prepend-path'],
    rows: [{ what: 'the target’s path is left out', run: seenAt('/a', '/a/b?q'), ours: '/a/b?q' }],
  },
  {
    name: '--no-include-prefix',
    options: () => ['--no-include-prefix'],
    rows: [
      { what: 'the route’s path is taken out', run: seenAt('/a/b', '/a/b/c?q'), ours: '/target/c?q' },
      { what: '… to the last letter', run: seenAt('/a', '/a'), ours: '/target' },
      { what: '… before a query', run: seenAt('/a', '/a?q=/x'), ours: '/target?q=/x' },
      {
        what: '… however it is encoded',
        run: seenAt('/jos%C3%A9', '/jos%C3%A9/x'),
        ours: '/target/x',
        differs: { theirs: '/target/C3%A9/x', why: 'There as many letters are cut as the decoded path has' },
      },
    ],
  },
  {
    name: '--change-origin',
    options: () => ['--change-origin'],
    rows: [
      {
        what: '`Host` is the target’s',
        run: async (site) => {
          await site.route('/a', site.world.targetUrl)
          const seen = await site.seen('/a', ['host', 'x-forwarded-host'], { headers: host })
          return JSON.stringify(seen).replace(`127.0.0.1:${site.world.target.port}`, 'TARGET')
        },
        ours: '{"host":"TARGET","x-forwarded-host":"hub.example.org"}',
      },
    ],
  },
  {
    name: '--auto-rewrite',
    options: () => ['--auto-rewrite'],
    rows: [
      {
        what: 'a `Location` that names the target names us',
        run: (site) => locations(site),
        ours: ['http://hub.example.org/a/x?q=1', '/a/y', 'http://elsewhere.example.org/'],
        differs: {
          theirs: ['http://hub.example.org:PORT/a/x?q=1', '/a/y', 'http://elsewhere.example.org/'],
          why: 'There the target’s port stays behind our name, unless browsers write one themselves',
        },
      },
    ],
  },
  {
    name: '--auto-rewrite --protocol-rewrite https',
    options: () => ['--auto-rewrite', '--protocol-rewrite', 'https'],
    rows: [
      {
        what: '… by https',
        run: (site) => locations(site),
        ours: ['https://hub.example.org/a/x?q=1', '/a/y', 'http://elsewhere.example.org/'],
        differs: {
          theirs: ['https://hub.example.org:PORT/a/x?q=1', '/a/y', 'http://elsewhere.example.org/'],
          why: 'As above',
        },
      },
    ],
  },
  {
    name: '--protocol-rewrite https',
    options: () => ['--protocol-rewrite', 'https'],
    rows: [
      {
        what: 'the scheme alone',
        run: (site) => locations(site),
        ours: ['https TARGET/a/x?q=1', '/a/y', 'http://elsewhere.example.org/'],
      },
    ],
  },
  {
    name: '--custom-header',
    options: () => ['--custom-header', 'X-One: 1', '--custom-header', ' x-forwarded-proto : https '],
    rows: [
      {
        what: 'is sent in place of the client’s, and of ours',
        run: seenAt('/a', '/a', ['x-one', 'x-forwarded-proto', 'x-forwarded-port'], { ...host, 'x-one': 'theirs' }),
        ours: { 'x-one': '1', 'x-forwarded-proto': 'https', 'x-forwarded-port': '80' },
      },
    ],
  },
  {
    name: '--host-routing',
    options: () => ['--host-routing'],
    rows: [
      {
        what: 'the first segment of a route is its host, and is told as such',
        run: async (site) => {
          const { targetUrl } = site.world
          await site.route('/hub.example.org', `${targetUrl}/hub`)
          await site.route('/a.example.org/user/a', `${targetUrl}/a`)
          const ask = (name: string, path: string) => site.seen(path, [], { headers: { Host: name } })
          return [
            await ask('hub.example.org', '/user/a'),
            await ask('hub.example.org:8000', '/x'),
            await ask('a.example.org', '/user/a/x'),
            await ask('a.example.org', '/x'),
            await ask('b.example.org', '/user/a'),
            JSON.parse((await site.call('GET', '/api/routes/a.example.org/user/a')).slice(4)).host,
          ]
        },
        ours: ['/hub/user/a', '/hub/x', '/a/user/a/x', 404, 404, 'a.example.org'],
      },
      {
        what: 'the route / is for every other host',
        run: async (site) => {
          await site.route('/', site.world.targetUrl)
          return site.seen('/x', [], { headers: { Host: 'else.example.org' } })
        },
        ours: '/x',
      },
      {
        what: 'letters of a host have no case',
        run: async (site) => {
          await site.route('/a.example.org', site.world.targetUrl)
          return site.seen('/x', [], { headers: { Host: 'A.Example.org' } })
        },
        ours: '/x',
        differs: { theirs: 404, why: 'RFC 9110 4.2.3' },
      },
    ],
  },
  {
    name: '--host-routing --no-include-prefix',
    options: () => ['--host-routing', '--no-include-prefix'],
    rows: [
      {
        what: 'the host is no part of the path that is taken out',
        run: async (site) => {
          await site.route('/a.org/user/a', site.world.targetUrl)
          return site.seen('/user/a/long/path', [], { headers: { Host: 'a.org' } })
        },
        ours: '/long/path',
        differs: { theirs: '/path', why: 'There the letters of the host are cut from the path as well' },
      },
    ],
  },
  {
    name: '--default-target',
    options: ({ targetUrl }) => ['--default-target', targetUrl],
    rows: [
      {
        what: 'is the route /, listed like the others',
        run: async (site) => [
          await site.seen('/x/y'),
          Object.keys(JSON.parse((await site.call('GET', '/api/routes')).slice(4))),
          await site.call('DELETE', '/api/routes/'),
          (await site.front('/x/y', { headers: host })).status,
        ],
        ours: ['/x/y', ['/'], '204', 404],
      },
    ],
  },
  {
    name: '--proxy-timeout',
    options: () => ['--proxy-timeout', '300'],
    rows: [
      {
        what: 'a target that says nothing has failed',
        run: async (site) => {
          await site.route('/a', site.world.targetUrl)
          return (await site.front('/a/silent', { headers: host })).status
        },
        ours: 503,
      },
      { what: 'one that answers has time', run: seenAt('/a', '/a/x'), ours: '/target/a/x' },
    ],
  },
  {
    name: '--timeout',
    options: () => ['--timeout', '300'],
    rows: [
      {
        what: 'a connection on which nothing moves is closed',
        run: async (site) => {
          await site.route('/a', site.world.targetUrl)
          return (await site.front('/a/silent', { headers: host })).status
        },
        ours: 'none',
      },
    ],
  },
  {
    name: '--error-path',
    options: ({ folder }) => ['--error-path', folder],
    rows: [
      {
        what: 'pages by status, else error.html',
        run: async (site) => {
          await site.route('/dead', site.world.deadUrl)
          const ask = async (path: string) => {
            const { status, headers, body } = await site.front(path, { headers: host })
            return [status, headers['content-type'], body]
          }
          return [await ask('/none'), await ask('/dead')]
        },
        ours: [
          [404, 'text/html', '<p>404.html of the site</p>'],
          [503, 'text/html', '<p>error.html of the site</p>'],
        ],
      },
    ],
  },
  {
    name: '--error-target',
    options: ({ pages }) => ['--error-target', `http://127.0.0.1:${pages.port}/hub/error`],
    rows: [
      {
        what: 'pages of a server, which learns the address; the status stays, and no other header comes along',
        run: async (site) => {
          await site.route('/dead', site.world.deadUrl)
          const ask = async (path: string) => {
            const { status, headers, body } = await site.front(path, { headers: host })
            return [status, headers['content-type'], headers['set-cookie'] ?? null, body]
          }
          return [await ask('/none?a=b c&d=é'.replace('é', '%C3%A9').replace(' ', '%20')), await ask('/dead/x')]
        },
        ours: [
          [404, 'text/html; charset=utf-8', null, 'page for /hub/error/404?url=%2Fnone%3Fa%3Db%2520c%26d%3D%25C3%25A9'],
          [503, 'text/html; charset=utf-8', null, 'page for /hub/error/503?url=%2Fdead%2Fx'],
        ],
      },
      {
        what: 'WebSockets get the status, and no page',
        run: async (site) => {
          await site.route('/dead', site.world.deadUrl)
          return [(await site.webSocket('/none')).line, (await site.webSocket('/dead')).line]
        },
        ours: ['404', '503'],
      },
    ],
  },
  {
    name: '--error-target that is down',
    options: ({ deadUrl }) => ['--error-target', deadUrl],
    rows: [
      {
        what: 'the status stays',
        run: async (site) => (await site.front('/none', { headers: host })).status,
        ours: 404,
      },
    ],
  },
]
