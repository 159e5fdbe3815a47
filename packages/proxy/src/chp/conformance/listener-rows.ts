/** Where it listens and how: sockets, TLS on each side, the redirect, figures. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Group } from './row.ts'
import type { Site, World } from './world.ts'

const tlsOf = ({ tls }: World) => {
  if (tls === null) throw new Error('certificates were not made')
  return tls
}
/** A browser that knows the authority; with a certificate of its own where that is asked. */
const browser = (site: Site, isKnown = false) => {
  const { ca, cert, key } = tlsOf(site.world)
  return {
    ca: readFileSync(ca),
    servername: 'localhost',
    ...(isKnown && { cert: readFileSync(cert), key: readFileSync(key) }),
  }
}

const names = [
  ...['api_route_get', 'api_route_add', 'api_route_delete', 'requests_ws', 'requests_web'],
  ...['requests_proxy{status="200"}', 'requests_proxy{status="404"}', 'requests_proxy{status="503"}'],
  ...['requests_api{status="201"}', 'requests_api{status="204"}', 'find_target_for_req_count'],
]

async function figuresOf(site: Site): Promise<Map<string, number>> {
  const { body } = await site.ask(site.places.metrics, '/metrics')
  const lines = body.split('\n').filter((line) => /^[a-z]/.test(line))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

const figures: Group['rows'] = [
  {
    what: 'figures under the names that boards know',
    run: async (site) => {
      const { targetUrl, deadUrl } = site.world
      const before = await figuresOf(site)
      await site.route('/a', targetUrl)
      await site.route('/dead', deadUrl)
      await site.call('GET', '/api/routes')
      await site.call('GET', '/api/routes/a')
      for (const path of ['/a/1', '/a/2', '/none', '/dead']) await site.front(path)
      await site.webSocket('/a/ws')
      await site.call('DELETE', '/api/routes/dead')
      const after = await figuresOf(site)
      return names.map((name) => `${name} ${(after.get(name) ?? 0) - (before.get(name) ?? 0)}`)
    },
    ours: [
      ...['api_route_get 1', 'api_route_add 2', 'api_route_delete 1', 'requests_ws 1', 'requests_web 4'],
      ...['requests_proxy{status="200"} 2', 'requests_proxy{status="404"} 1', 'requests_proxy{status="503"} 1'],
      ...['requests_api{status="201"} 2', 'requests_api{status="204"} 1', 'find_target_for_req_count 5'],
    ],
  },
  {
    what: 'every name, and the usual ones of Node, is there',
    run: async (site) => {
      const { status, headers, body } = await site.ask(site.places.metrics, '/metrics')
      const wanted = ['find_target_for_req_sum', 'last_activity_updating_count', 'process_cpu_seconds_total']
      const usual = ['process_resident_memory_bytes', 'process_start_time_seconds', 'process_open_fds']
      const quantile = 'find_target_for_req{quantile="0.99"}'
      const missing = [...wanted, ...usual, 'nodejs_heap_size_used_bytes', quantile].filter(
        (name) => !body.includes(`\n${name} `),
      )
      return [status, headers['content-type'], missing]
    },
    ours: [200, 'text/plain; version=0.0.4; charset=utf-8', []],
  },
  {
    what: 'nothing else is served there',
    run: async (site) => {
      const { status, body } = await site.ask(site.places.metrics, '/')
      return [status, body]
    },
    ours: [404, 'Not Found'],
  },
]

export const listenerGroups: readonly Group[] = [
  { name: '--metrics-port', options: () => ['--metrics-port', 'PORT', '--metrics-ip', '127.0.0.1'], rows: figures },
  {
    name: '--socket, --api-socket, --metrics-socket',
    options: ({ folder }) => [
      ...['--socket', join(folder, 'front.sock'), '--api-socket', join(folder, 'api.sock')],
      ...['--metrics-socket', join(folder, 'metrics.sock')],
    ],
    rows: [
      {
        what: 'every side on a unix socket',
        run: async (site) => {
          await site.route('/a', site.world.targetUrl)
          return [await site.seen('/a/x'), (await site.ask(site.places.metrics, '/metrics')).status]
        },
        ours: ['/a/x', 200],
      },
      {
        what: 'who may connect',
        run: async ({ world: { folder } }) =>
          ['front.sock', 'api.sock'].map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8)),
        ours: ['660', '600'],
        differs: { theirs: ['755', '755'], why: 'The side of the hub is the hub’s alone, whatever the umask says' },
      },
    ],
  },
  {
    name: '--ssl-key --ssl-cert',
    needsTls: true,
    options: (world) => [
      '--ssl-key',
      tlsOf(world).key,
      '--ssl-cert',
      tlsOf(world).cert,
      '--redirect-port',
      'REDIRECT',
      '--redirect-to',
      '443',
    ],
    rows: [
      {
        what: 'TLS towards browsers, told to targets',
        run: async (site) => {
          await site.route('/a', site.world.targetUrl)
          const question = { headers: { Host: 'hub.example.org' }, tls: browser(site) }
          return site.seen('/a', ['x-forwarded-proto', 'x-forwarded-port'], question)
        },
        ours: { 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' },
      },
      {
        what: 'nothing older than TLS 1.2',
        run: async (site) => {
          const old = {
            ...browser(site),
            minVersion: 'TLSv1',
            maxVersion: 'TLSv1.1',
            ciphers: 'DEFAULT@SECLEVEL=0',
          } as const
          return (await site.front('/', { tls: old })).status
        },
        ours: 'none',
      },
      {
        what: 'plain HTTP is sent on to https',
        run: async (site) => {
          const ask = async (headers: Readonly<Record<string, string>>) => {
            const { status, headers: got } = await site.ask(site.places.redirect, '/user/a?q=1', { headers })
            return [status, got.location]
          }
          return [await ask({ Host: 'hub.example.org' }), await ask({ Host: 'hub.example.org:8080' })]
        },
        ours: [
          [301, 'https://hub.example.org/user/a?q=1'],
          [301, 'https://hub.example.org/user/a?q=1'],
        ],
        differs: {
          theirs: [
            [301, 'https://hub.example.org:443/user/a?q=1'],
            [301, 'https://hub.example.org:443/user/a?q=1'],
          ],
          why: '443 is meant by https, and single sign-on compares addresses by the letter',
        },
      },
    ],
  },
  {
    name: 'CONFIGPROXY_SSL_KEY_PASSPHRASE',
    needsTls: true,
    env: { CONFIGPROXY_SSL_KEY_PASSPHRASE: 'secret', CONFIGPROXY_API_SSL_KEY_PASSPHRASE: 'secret' },
    options: (world) => {
      const { lockedKey, cert } = tlsOf(world)
      return [
        '--ssl-key',
        lockedKey,
        '--ssl-cert',
        cert,
        '--ssl-protocol',
        'TLSv1_2',
        '--ssl-ciphers',
        'ECDHE-RSA-AES256-GCM-SHA384',
      ]
    },
    rows: [
      {
        what: 'keys with a passphrase; one version and one cipher',
        run: async (site) => {
          const ask = async (more: object) => (await site.front('/none', { tls: { ...browser(site), ...more } })).status
          return [
            await ask({}),
            await ask({ minVersion: 'TLSv1.3' }),
            await ask({ ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }),
          ]
        },
        ours: [404, 'none', 'none'],
      },
    ],
  },
  {
    name: '--ssl-request-cert --ssl-reject-unauthorized',
    needsTls: true,
    options: (world) => {
      const { key, cert, ca } = tlsOf(world)
      return [
        ...['--ssl-key', key, '--ssl-cert', cert, '--ssl-ca', ca],
        '--ssl-request-cert',
        '--ssl-reject-unauthorized',
      ]
    },
    rows: [
      {
        what: 'browsers without a certificate are turned away',
        run: async (site) => {
          const ask = async (isKnown: boolean) => (await site.front('/none', { tls: browser(site, isKnown) })).status
          return [await ask(false), await ask(true)]
        },
        ours: ['none', 404],
      },
    ],
  },
  {
    name: '--ssl-request-cert alone',
    needsTls: true,
    options: (world) => {
      const { key, cert, ca } = tlsOf(world)
      return [...['--ssl-key', key, '--ssl-cert', cert, '--ssl-ca', ca], '--ssl-request-cert']
    },
    rows: [
      {
        what: 'they are turned away as well',
        run: async (site) => {
          const ask = async (isKnown: boolean) => (await site.front('/none', { tls: browser(site, isKnown) })).status
          return [await ask(false), await ask(true)]
        },
        ours: ['none', 404],
      },
    ],
  },
  {
    name: '--api-ssl-key --api-ssl-cert --api-ssl-ca --api-ssl-request-cert --api-ssl-reject-unauthorized',
    needsTls: true,
    options: (world) => {
      const { key, cert, ca } = tlsOf(world)
      return [
        ...['--api-ssl-key', key, '--api-ssl-cert', cert, '--api-ssl-ca', ca],
        ...['--api-ssl-request-cert', '--api-ssl-reject-unauthorized'],
      ]
    },
    apiTls: (world) => {
      const { key, cert, ca } = tlsOf(world)
      return { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key), servername: 'localhost' }
    },
    rows: [
      {
        what: 'the hub shows a certificate, or is turned away',
        run: async (site) => {
          await site.route('/a', site.world.targetUrl)
          return [
            await site.seen('/a/x'),
            (await site.ask(site.places.api, '/api/routes', { tls: browser(site) })).status,
          ]
        },
        ours: ['/a/x', 'none'],
      },
    ],
  },
  {
    name: '--client-ssl-key --client-ssl-cert --client-ssl-ca',
    needsTls: true,
    options: (world) => {
      const { key, cert, ca } = tlsOf(world)
      return [
        ...['--client-ssl-key', key, '--client-ssl-cert', cert, '--client-ssl-ca', ca],
        ...['--client-ssl-request-cert', '--client-ssl-reject-unauthorized'],
      ]
    },
    rows: [
      {
        what: 'https targets, by certificates on both sides',
        run: async (site) => {
          await site.route('/a', tlsOf(site.world).targetUrl)
          const { status, body } = await site.front('/a/x')
          return [status, body]
        },
        ours: [200, 'known'],
      },
    ],
  },
  {
    name: 'no --client-ssl-*',
    needsTls: true,
    options: () => [],
    rows: [
      {
        what: 'an https target whose authority nobody knows',
        run: async (site) => {
          await site.route('/a', tlsOf(site.world).targetUrl)
          return (await site.front('/a/x')).status
        },
        ours: 503,
      },
    ],
  },
  {
    name: '--insecure',
    needsTls: true,
    options: () => ['--insecure'],
    rows: [
      {
        what: 'such a target is taken',
        run: async (site) => {
          await site.route('/a', tlsOf(site.world).targetUrl)
          return (await site.front('/a/x')).status
        },
        ours: 200,
        differs: { theirs: 503, why: 'The option does what it says; there it has had no effect since version 5' },
      },
    ],
  },
]
