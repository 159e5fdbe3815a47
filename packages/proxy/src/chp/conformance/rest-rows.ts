/** Every call of the REST API, good and bad. */
import type { Group, Row } from './row.ts'
import { type Site, token } from './world.ts'

const target = 'http://127.0.0.1:9'
/** Times are not compared. */
const timeless = (text: string): string => text.replace(/"last_activity":"[^"]+"/g, '"last_activity":"TIME"')

type Call = readonly [method: string, path: string, body?: unknown, authorization?: string | null]

/** Calls one after the other; what comes out is the list of their answers. */
const calls =
  (...list: readonly Call[]) =>
  async (site: Site): Promise<string[]> => {
    const out: string[] = []
    for (const [method, path, body, authorization] of list)
      out.push(timeless(await site.call(method, path, body, authorization)))
    return out
  }

const view = (extra: object = {}, to = target): string =>
  JSON.stringify({ target: to, ...extra, last_activity: 'TIME' })

const json = /^(400 Body not valid JSON).*$/s
const withoutCause = (run: (site: Site) => Promise<string[]>) => async (site: Site) =>
  (await run(site)).map((text) => text.replace(json, '$1'))

const hubs = { user: 'alice', server_name: '', jupyterhub: true }

const rows: readonly Row[] = [
  { what: 'lists nothing', run: calls(['GET', '/api/routes'], ['GET', '/api/routes/']), ours: ['200 {}', '200 {}'] },
  {
    what: 'adds, shows, lists and removes a route, with whatever else was posted',
    run: calls(
      ['POST', '/api/routes/user/alice', { target, ...hubs, deep: { a: [1, null] } }],
      ['GET', '/api/routes/user/alice'],
      ['GET', '/api/routes'],
      ['DELETE', '/api/routes/user/alice'],
      ['DELETE', '/api/routes/user/alice'],
      ['GET', '/api/routes/user/alice'],
    ),
    ours: [
      '201',
      `200 ${view({ ...hubs, deep: { a: [1, null] } })}`,
      `200 {"/user/alice":${view({ ...hubs, deep: { a: [1, null] } })}}`,
      '204',
      '404',
      '404',
    ],
  },
  {
    what: 'forgets what was posted before',
    run: calls(
      ['POST', '/api/routes/a', { target, old: 1 }],
      ['POST', '/api/routes/a', { target, fresh: 1 }],
      ['GET', '/api/routes/a'],
    ),
    ours: ['201', '201', `200 ${view({ fresh: 1 })}`],
  },
  {
    what: 'a slash at the end says nothing',
    run: calls(
      ['POST', '/api/routes/a/', { target }],
      ['GET', '/api/routes/a'],
      ['GET', '/api/routes/a/'],
      ['DELETE', '/api/routes/a/'],
    ),
    ours: ['201', `200 ${view()}`, `200 ${view()}`, '204'],
  },
  {
    what: 'the root, with and without a slash',
    run: calls(['POST', '/api/routes', { target }], ['POST', '/api/routes/', { target, n: 2 }], ['GET', '/api/routes']),
    ours: ['201', '201', `200 {"/":${view({ n: 2 })}}`],
  },
  {
    what: 'paths are percent-encoded once',
    run: calls(
      ['POST', '/api/routes/user/jos%C3%A9%20x', { target }],
      ['POST', '/api/routes/a%2Fb', { target }],
      ['POST', '/api/routes/50%25', { target }],
      ['GET', '/api/routes'],
    ),
    ours: ['201', '201', '201', `200 {"/user/josé x":${view()},"/a/b":${view()},"/50%":${view()}}`],
  },
  {
    what: 'names that JavaScript’s objects have are names',
    run: calls(
      ['POST', '/api/routes/constructor', { target }],
      ['GET', '/api/routes/constructor'],
      ['DELETE', '/api/routes/constructor'],
    ),
    ours: ['201', `200 ${view()}`, '204'],
  },
  {
    what: 'a route that was never made, under such a name',
    run: calls(['GET', '/api/routes/constructor'], ['DELETE', '/api/routes/__proto__']),
    ours: ['404', '404'],
  },
  {
    what: 'routes that were not used since a time, by either name of the parameter',
    run: calls(
      ['POST', '/api/routes/a', { target }],
      ['GET', '/api/routes?inactive_since=2000-01-01T00:00:00Z'],
      ['GET', '/api/routes?inactive_since=2100-01-01T00:00:00Z'],
      ['GET', '/api/routes?inactiveSince=2100-01-01'],
      ['GET', '/api/routes?inactiveSince=2000-01-01&inactive_since=2100-01-01'],
      ['GET', '/api/routes?inactive_since='],
      ['GET', '/api/routes?inactive_since=yesterday'],
    ),
    ours: [
      '201',
      '200 {}',
      `200 {"/a":${view()}}`,
      `200 {"/a":${view()}}`,
      '200 {}',
      `200 {"/a":${view()}}`,
      "400 Invalid datestamp 'yesterday' must be ISO8601.",
    ],
  },
  {
    what: 'bodies that are no JSON',
    run: withoutCause(
      calls(['POST', '/api/routes/a', 'not json'], ['POST', '/api/routes/a', ''], ['GET', '/api/routes']),
    ),
    ours: ['400 Body not valid JSON', '400 Body not valid JSON', '200 {}'],
  },
  {
    what: 'bodies without a target',
    run: calls(
      ['POST', '/api/routes/a', {}],
      ['POST', '/api/routes/a', 'null'],
      ['POST', '/api/routes/a', []],
      ['POST', '/api/routes/a', '"text"'],
      ['POST', '/api/routes/a', { target: 7 }],
      ['GET', '/api/routes'],
    ),
    ours: [...Array.from({ length: 5 }, () => "400 Must specify 'target' as string"), '200 {}'],
  },
  {
    what: 'targets that nothing can be sent to',
    run: calls(
      ['POST', '/api/routes/a', { target: 'nonsense' }],
      ['POST', '/api/routes/a', { target: 'ftp://127.0.0.1' }],
      ['POST', '/api/routes/a', { target: 'http://127.0.0.1:9/?q=1' }],
      ['POST', '/api/routes/a', { target: 'http://user:secret@127.0.0.1:9' }],
    ),
    ours: [
      '400 target must be scheme://host:port[/path]',
      '400 target must begin with http://, http+unix:// or https://',
      '400 target must be scheme://host:port[/path]',
      '400 target must be scheme://host:port[/path]',
    ],
    differs: {
      theirs: ['201', '201', '201', '201'],
      why: 'Who posts a route learns at once that it leads nowhere; there each request fails',
    },
  },
  {
    what: 'keys of a route that mean something here, with values that do not',
    run: calls(
      ['POST', '/api/routes/a', { target, hub: 'yes' }],
      ['POST', '/api/routes/a', { target, psk: 1 }],
      ['POST', '/api/routes/a', { target, batchway: { strip_prefix: 1 } }],
    ),
    ours: [
      '400 hub must be true or false',
      '400 psk.identity must be 1 to 128 visible ASCII characters',
      '400 batchway.strip_prefix must be true or false',
    ],
    differs: {
      theirs: ['201', '201', '201'],
      why: '`hub`, `pending` and `psk` decide what passes, and `batchway` how; the hub posts `hub: true`',
    },
  },
  {
    what: 'paths that no request can have',
    run: calls(
      ['POST', '/api/routes/a//b', { target }],
      ['POST', '/api/routes/a%00b', { target }],
      ['POST', '/api/routes/a%5Cb', { target }],
    ),
    ours: Array.from({ length: 3 }, () => '400 Not a path that a route can have'),
    differs: {
      theirs: ['201', '201', '201'],
      why: 'Programs read them in two ways: a request could reach another target than the one it was routed to',
    },
  },
  {
    what: 'a path with broken percent-encoding',
    run: async (site) => calls(['GET', '/api/routes/%zz'])(site.expectSilence()),
    ours: ['400 Not a path that a route can have'],
    differs: { theirs: ['silence'], why: 'There the call is never answered' },
  },
  {
    what: 'tokens that are wrong',
    run: calls(
      ['GET', '/api/routes', undefined, null],
      ['GET', '/api/routes', undefined, 'token wrong'],
      ['GET', '/api/routes', undefined, `token ${token}x`],
      ['GET', '/api/routes', undefined, `Bearer ${token}`],
      ['POST', '/api/routes/a', { target }, 'token wrong'],
      ['DELETE', '/api/routes/a', undefined, 'token wrong'],
      ['GET', '/api/routes', undefined, `token   ${token}`],
    ),
    ours: ['403', '403', '403', '403', '403', '403', '200 {}'],
  },
  {
    what: 'the scheme `token` in other letters, or behind something else',
    run: calls(
      ['GET', '/api/routes', undefined, `TOKEN ${token}`],
      ['GET', '/api/routes', undefined, `my-token ${token}`],
    ),
    ours: ['200 {}', '403'],
    differs: { theirs: ['403', '200 {}'], why: 'RFC 9110 11.1: a scheme has no case, and is the whole first word' },
  },
  {
    what: 'without a token: an unknown path, another method, a body that is no JSON',
    run: withoutCause(
      calls(
        ['GET', '/else', undefined, null],
        ['PATCH', '/api/routes', undefined, null],
        ['POST', '/api/routes/a', 'no', null],
      ),
    ),
    ours: ['403', '403', '403'],
    differs: {
      theirs: ['404 Not Found', '405 Method not supported', '400 Body not valid JSON'],
      why: 'The token is asked for before anything of the call is read: who has none can neither look around nor send bodies',
    },
  },
  {
    what: 'other methods',
    run: calls(
      ['PATCH', '/api/routes'],
      ['OPTIONS', '/api/routes'],
      ['HEAD', '/api/routes'],
      ['PUT', '/api/routes/a', {}],
    ),
    ours: ['405 Method not supported', '405 Method not supported', '405', '405 Method not supported'],
  },
  {
    what: 'other paths',
    run: calls(['GET', '/'], ['GET', '/api'], ['GET', '/api/'], ['GET', '/api/routesx'], ['GET', '/API/routes']),
    ours: Array.from({ length: 5 }, () => '404 Not Found'),
  },
  {
    what: '`PUT /api/routes`: all routes in one step',
    run: calls(['PUT', '/api/routes', { '/a': { target } }], ['GET', '/api/routes']),
    ours: ['204', `200 {"/a":${view()}}`],
    differs: {
      theirs: ['405 Method not supported', '200 {}'],
      why: 'Ours alone: a hub that starts needs one call, not thousands',
    },
  },
  {
    what: '`/_chp_healthz` where the hub connects',
    run: calls(['GET', '/_chp_healthz', undefined, null]),
    ours: ['200 {"status":"OK"}'],
    differs: { theirs: ['404 Not Found'], why: 'Who watches the one side may watch the other' },
  },
  {
    what: 'headers of an answer, and of a refusal',
    run: async (site) => {
      const names = async (method: string) => {
        const headers = { Authorization: `token ${token}` }
        const answer = await site.ask(site.places.api, '/api/routes', { method, headers })
        return ['content-type', 'cache-control', 'allow'].map((name) => answer.headers[name] ?? null)
      }
      return [await names('GET'), await names('PATCH')]
    },
    ours: [
      ['application/json', 'no-store', null],
      ['text/plain; charset=utf-8', 'no-store', 'GET, POST, PUT, DELETE'],
    ],
    differs: {
      theirs: [
        ['application/json', null, null],
        [null, null, null],
      ],
      why: 'Nothing between hub and proxy may keep an answer; words have a type; RFC 9110 15.5.6 asks for `Allow`',
    },
  },
]

export const restGroup: Group = { name: 'REST API', options: () => [], rows }
