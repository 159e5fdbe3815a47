import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { foldName } from './headers.ts'
import { type TestServer, temporaryFolder, testProxy, testServer, until } from './testing.ts'

const secret = 'b7d0c3f1a8e2496d5071c4be93fa2d68'
const shown = `X-Batchway-Front-Secret: ${secret}`
const identity = { user: 'Remote_User', data: 'Remote_User_Data' }
const data = 'Remote_User_Data: stuff;morestuff'
/** As a front server sends alice. */
const alice = [shown, 'Remote_User: alice', data]

/** What it was sent, as `name: value` in the order of the wire. */
const echo: http.RequestListener = (request, response) => response.end(JSON.stringify(request.rawHeaders))

interface Asked {
  readonly status: number
  readonly type: string
  readonly body: string
  /** What the target got that names a user or speaks for the proxy. */
  readonly got: readonly string[]
}

async function ask(
  to: net.NetConnectOpts,
  lines: readonly string[],
  { path = '/jupyter/hub/home', accept = 'application/json' } = {},
): Promise<Asked> {
  const socket = net.connect(to)
  const head = [`GET ${path} HTTP/1.1`, 'Host: gate.example', `Accept: ${accept}`, 'Connection: close', ...lines]
  socket.write(`${head.join('\r\n')}\r\n\r\n`, 'latin1')
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const [top = '', ...rest] = text.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(top)?.[1] ?? 0)
  const type = /^content-type: (.*)$/im.exec(top)?.[1] ?? ''
  return {
    status,
    type,
    body,
    got: status === 200 ? claimsIn(JSON.parse(body.slice(body.indexOf('['), body.lastIndexOf(']') + 1))) : [],
  }
}

const claimsIn = (raw: readonly string[]): string[] =>
  raw.flatMap((name, i) =>
    i % 2 === 0 && /batchway|remote|user-|eppn|authorization/.test(foldName(name)) && name !== 'User-Agent'
      ? [`${name}: ${raw[i + 1]}`]
      : [],
  )

/** A program that reads headers as CGI hands them over: one name for all spellings, and the last one counts. */
const asCgi = (lines: readonly string[]): string | undefined =>
  lines.map((line) => line.split(': ', 2)).findLast(([name = '']) => foldName(name) === 'remote-user')?.[1]

const signedIn = ['X-Batchway-Front: yes', 'X-Batchway-User: alice', 'X-Batchway-User-Data: stuff%3Bmorestuff']
const nobody = ['X-Batchway-Front: yes']
const stranger = ['X-Batchway-Front: no']
const refused = 400

interface Row {
  readonly name: string
  readonly lines: readonly string[]
  readonly answer: readonly string[] | typeof refused
  /** Address the request comes from; the front server's is 127.0.0.1. */
  readonly from?: string
  /** Whom a program would believe that reads headers in the usual way: the attack is real. */
  readonly otherwise?: string
}
const notFront = (name: string, lines: readonly string[], from?: string): Row => ({
  name,
  lines,
  answer: stranger,
  ...(from !== undefined && { from }),
})
const row = (name: string, lines: readonly string[], answer: Row['answer'], otherwise?: string): Row => ({
  name,
  lines,
  answer,
  ...(otherwise !== undefined && { otherwise }),
})

const rows: readonly Row[] = [
  row('the front server’s own header', alice, signedIn),
  row(
    'lower-case names, as HTTP/2 front servers send',
    alice.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())),
    signedIn,
  ),
  row(
    'percent signs and quotes in a name',
    [shown, 'Remote_User: a%2e"\'<b>', data],
    ['X-Batchway-Front: yes', "X-Batchway-User: a%252e%22'%3Cb%3E", 'X-Batchway-User-Data: stuff%3Bmorestuff'],
  ),
  row('no user', [shown], nobody),
  row('an empty user', [shown, 'Remote_User: ', data], nobody),
  row('(null)', [shown, 'Remote_User: (null)', data], nobody, '(null)'),
  row('null', [shown, 'Remote_User: null', data], nobody, 'null'),
  row('undefined', [shown, 'Remote_User: undefined', data], nobody, 'undefined'),
  row('a dash', [shown, 'Remote_User: -', data], nobody, '-'),
  row('two users', [...alice, 'Remote_User: bob'], refused, 'bob'),
  row('two users of other letters', [...alice, 'REMOTE_USER: bob'], refused, 'bob'),
  row('the same user twice', [...alice, 'Remote_User: alice'], refused),
  row('nobody and a user', [shown, 'Remote_User: (null)', data, 'Remote_User: bob'], refused, 'bob'),
  row('a dash for the underscore, beside', [...alice, 'Remote-User: bob'], refused, 'bob'),
  row(
    'a dash for the underscore, alone: Apache told to drop its own',
    [shown, data, 'Remote-User: bob'],
    refused,
    'bob',
  ),
  row('the same in capitals', [shown, data, 'REMOTE-USER: bob'], refused, 'bob'),
  row('a tab in the name', [shown, 'Remote_User: ali\tce', data], refused, 'ali\tce'),
  row('a zero byte', [shown, 'Remote_User: alice\0', data], refused, 'alice\0'),
  row('a bell', [shown, 'Remote_User: alice\x07', data], refused, 'alice\x07'),
  row('DEL', [shown, 'Remote_User: alice\x7f', data], refused, 'alice\x7f'),
  row('a bare line feed and another header', [shown, data, 'Remote_User: alice\nRemote_User: bob'], refused),
  row('a folded line', [shown, data, 'Remote_User: alice\r\n bob'], refused),
  row('a blank before the colon', [shown, data, 'Remote_User : bob'], refused),
  row(
    '255 characters',
    [shown, `Remote_User: ${'a'.repeat(255)}`, data],
    ['X-Batchway-Front: yes', `X-Batchway-User: ${'a'.repeat(255)}`, 'X-Batchway-User-Data: stuff%3Bmorestuff'],
  ),
  row('256 characters', [shown, `Remote_User: ${'a'.repeat(256)}`, data], refused, 'a'.repeat(256)),
  row('bytes that are no UTF-8', [shown, 'Remote_User: alice\xff', data], refused, 'alice\xff'),
  row('a zero-width space', [shown, 'Remote_User: alice\xe2\x80\x8b', data], refused),
  row('writing turned round', [shown, 'Remote_User: \xe2\x80\xaeecila', data], refused),
  row('the data twice', [...alice, 'Remote_User_Data: admins'], refused),
  row('the data in another spelling', [...alice, 'Remote-User-Data: admins'], refused),
  row('the data dropped', [shown, 'Remote_User: alice'], refused),
  row('the attestation itself, sent by the client', [shown, 'X-Batchway-User: bob', 'X-Batchway-Front: yes'], nobody),
  row('the attestation in another spelling', [...alice, 'x_batchway_user: bob', 'X-BATCHWAY-USER: bob'], signedIn),
  row(
    'headers of other front servers',
    [...alice, 'X-Remote-User: bob', 'X-Forwarded-User: bob', 'OIDC_CLAIM_sub: bob', 'eppn: bob'],
    signedIn,
  ),
  row(
    'a duplicate behind nine hundred headers',
    [...alice, ...Array.from({ length: 900 }, () => 'a:b'), 'Remote_User: bob'],
    refused,
    'bob',
  ),
  notFront('no secret', ['Remote_User: bob', data]),
  notFront('a wrong secret', ['Remote_User: bob', data, `X-Batchway-Front-Secret: ${secret.replace('b', 'c')}`]),
  notFront('the beginning of the secret', [
    'Remote_User: bob',
    data,
    `X-Batchway-Front-Secret: ${secret.slice(0, -1)}`,
  ]),
  notFront('an empty secret', ['Remote_User: bob', data, 'X-Batchway-Front-Secret: ']),
  notFront('the secret twice', [...alice, shown]),
  notFront('the secret in another spelling', ['Remote_User: bob', data, shown.replaceAll('Batchway-', 'Batchway_')]),
  notFront('the right secret from another address', alice, '127.0.0.2'),
  notFront('two users from another address', [...alice, 'Remote_User: bob'], '127.0.0.11'),
  notFront(
    'a claimed address',
    ['Remote_User: bob', data, 'X-Forwarded-For: 127.0.0.1', 'Forwarded: for=127.0.0.1'],
    '127.0.0.11',
  ),
]

const withHub = (hub: TestServer, options: Parameters<typeof testProxy>[0] = {}) =>
  testProxy({
    defaultTarget: `http://127.0.0.1:${hub.port}`,
    trustedFronts: ['127.0.0.1'],
    frontSecret: secret,
    identity,
    ...options,
  })

describe('identity headers, through the proxy', () => {
  for (const { name, lines, answer, from = '127.0.0.1', otherwise } of rows)
    it(`${answer === refused ? 'refuses' : answer === stranger ? 'takes for nothing' : answer === nobody ? 'takes for nobody' : 'reads'}: ${name}`, async () => {
      await using hub = await testServer(echo)
      await using proxy = await withHub(hub)
      const to = { port: proxy.port, host: '127.0.0.1', localAddress: from }
      const asked = await ask(to, lines)
      assert.deepEqual([asked.status, asked.got], answer === refused ? [400, []] : [200, answer])
      if (answer === refused) assert.deepEqual(hub.seen, [], 'the hub hears nothing of it')
      // The attack is one: a program that reads headers itself would have been taken in.
      if (otherwise !== undefined) assert.equal(asCgi(lines), otherwise)
    })

  it('has at least 25 hostile rows, and each defence has a control without it', async () => {
    assert.ok(rows.filter(({ answer }) => answer !== signedIn).length >= 25)
    await using hub = await testServer(echo)
    const forged = ['Remote_User: bob', data]
    const asBob = ['X-Batchway-Front: yes', 'X-Batchway-User: bob', signedIn[2]]
    for (const [options, from] of [
      [{ trustAddressAlone: true, frontSecret: undefined }, '127.0.0.1'],
      [{ trustAddressAlone: true, frontSecret: undefined, trustedFronts: ['127.0.0.0/24'] }, '127.0.0.11'],
    ] as const) {
      const { frontSecret: _, ...rest } = options
      await using open = await testProxy({
        defaultTarget: `http://127.0.0.1:${hub.port}`,
        trustedFronts: ['127.0.0.1'],
        identity,
        ...rest,
      })
      assert.deepEqual((await ask({ port: open.port, host: '127.0.0.1', localAddress: from }, forged)).got, asBob)
    }
    await using known = await withHub(hub)
    assert.deepEqual((await ask({ port: known.port, host: '127.0.0.1' }, [...forged, shown])).got, asBob)
  })

  it('answers a refusal as a page or as JSON, and with nothing of the request', async () => {
    await using hub = await testServer(echo)
    await using proxy = await withHub(hub)
    const lines = [...alice, 'Remote_User: <script>']
    const json = await ask({ port: proxy.port, host: '127.0.0.1' }, lines)
    const page = await ask({ port: proxy.port, host: '127.0.0.1' }, lines, { accept: 'text/html,*/*' })
    assert.deepEqual(
      [json.status, json.type, page.status, page.type],
      [400, 'application/json', 400, 'text/html; charset=utf-8'],
    )
    assert.match(json.body, /"title":"Your sign-in cannot be read"/)
    assert.match(page.body, /<h1>Your sign-in cannot be read<\/h1>/)
    for (const { body } of [json, page]) assert.doesNotMatch(body, /script|alice|b7d0/)
  })

  it('lets nothing of it reach an application, whoever sends it, and refuses nothing there', async () => {
    await using app = await testServer(echo)
    await using hub = await testServer(echo)
    await using proxy = await withHub(hub)
    await proxy.client.addRoute('/jupyter/user/alice', { target: `http://127.0.0.1:${app.port}` })
    for (const { lines, from = '127.0.0.1', name } of rows) {
      const { status, got } = await ask({ port: proxy.port, host: '127.0.0.1', localAddress: from }, lines, {
        path: '/jupyter/user/alice/api',
      })
      if (status === 200) assert.deepEqual(got, [], name)
      // What HTTP itself does not allow, and a head that is too long for this application.
      else assert.ok([400, 431].includes(status), name)
    }
    assert.doesNotMatch(JSON.stringify(app.seen), /alice"|bob|stuff|b7d0/)
  })

  it('judges each request of a connection by itself: front servers send many people over one', async () => {
    await using hub = await testServer(echo)
    await using proxy = await withHub(hub)
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const get = async (headers: http.OutgoingHttpHeaders): Promise<{ local: number | undefined; got: string[] }> => {
      const request = http.get(`${proxy.url}/jupyter/hub/home`, { agent, headers })
      const [response]: http.IncomingMessage[] = await once(request, 'response')
      const chunks: Buffer[] = []
      for await (const chunk of response ?? []) chunks.push(chunk)
      return { local: request.socket?.localPort, got: claimsIn(JSON.parse(Buffer.concat(chunks).toString())) }
    }
    const front = { 'X-Batchway-Front-Secret': secret }
    const asked = [
      await get({ ...front, Remote_User: 'alice', Remote_User_Data: '' }),
      await get({ ...front, Remote_User: 'bob', Remote_User_Data: '' }),
      await get(front),
      await get({ Remote_User: 'bob' }),
      await get({ ...front, Remote_User: 'carol', Remote_User_Data: '' }),
    ]
    agent.destroy()
    assert.deepEqual(
      asked.map(({ got }) => got),
      [
        ['X-Batchway-Front: yes', 'X-Batchway-User: alice'],
        ['X-Batchway-Front: yes', 'X-Batchway-User: bob'],
        nobody,
        stranger,
        ['X-Batchway-Front: yes', 'X-Batchway-User: carol'],
      ],
    )
    assert.equal(new Set(asked.map(({ local }) => local)).size, 1, 'all on one connection')
  })

  it('judges pipelined requests by themselves too', async () => {
    await using hub = await testServer(echo)
    await using proxy = await withHub(hub)
    const socket = net.connect(proxy.port, '127.0.0.1')
    const head = (...lines: string[]) => ['GET /jupyter/hub/ HTTP/1.1', 'Host: h', ...lines, '', ''].join('\r\n')
    socket.write(head(...alice) + head('Remote_User: bob') + head(shown, 'Connection: close'))
    let text = ''
    for await (const chunk of socket) text += chunk
    const answers = text
      .split('HTTP/1.1 200')
      .slice(1)
      .map((each) => claimsIn(JSON.parse(each.slice(each.indexOf('["'), each.lastIndexOf('"]') + 2))))
    assert.deepEqual(answers, [signedIn, stranger, nobody])
  })

  it('attests on a WebSocket to the hub as on any request', async () => {
    await using hub = await testServer(echo)
    const heads: string[][] = []
    hub.server.on('upgrade', (request, socket) => {
      heads.push(request.rawHeaders)
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
    await using proxy = await withHub(hub)
    const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']
    const open = async (...lines: string[]) => {
      const socket = net.connect(proxy.port, '127.0.0.1')
      socket.write(
        ['GET /jupyter/hub/ws HTTP/1.1', 'Host: h', 'Connection: Upgrade', ...upgrade, ...lines, '', ''].join('\r\n'),
      )
      let text = ''
      for await (const chunk of socket) text += chunk
      return text.slice(9, 12)
    }
    assert.deepEqual(
      [await open(...alice), await open('Remote_User: bob'), await open(...alice, 'Remote_User: bob')],
      ['401', '401', '400'],
    )
    assert.deepEqual(heads.map(claimsIn), [signedIn, stranger])
  })

  it('asks no secret on a unix socket, and none there helps on TCP', async () => {
    await using folder = await temporaryFolder()
    await using hub = await testServer(echo)
    const path = join(folder.path, 'front.sock')
    await using proxy = await testProxy({
      listen: ['127.0.0.1:0', `unix:${path}`],
      defaultTarget: `http://127.0.0.1:${hub.port}`,
      trustedFronts: ['unix'],
      frontSecret: secret,
      identity: { user: 'Remote_User', data: null },
    })
    const forged = ['Remote_User: bob']
    assert.deepEqual((await ask({ path }, forged)).got, ['X-Batchway-Front: yes', 'X-Batchway-User: bob'])
    assert.deepEqual((await ask({ path }, [...forged, ...forged])).status, 400)
    assert.deepEqual((await ask({ port: proxy.port, host: '127.0.0.1' }, forged)).got, stranger)
  })

  it('says nothing about anybody where no front server signs in, and leaves passwords to whom they are for', async () => {
    await using hub = await testServer(echo)
    await using proxy = await testProxy({ defaultTarget: `http://127.0.0.1:${hub.port}`, trustedFronts: ['127.0.0.1'] })
    const password = 'Authorization: Basic x'
    const { status, got } = await ask({ port: proxy.port, host: '127.0.0.1' }, [...alice, password])
    assert.deepEqual([status, got], [200, [password]])
  })

  it('takes nobody for the unix socket who has hung up a TCP connection', async () => {
    const heads: string[] = []
    await using hub = await testServer((request, response) => {
      heads.push(...claimsIn(request.rawHeaders))
      response.end('[]')
    })
    await using proxy = await testProxy({
      defaultTarget: `http://127.0.0.1:${hub.port}`,
      trustedFronts: ['unix'],
      identity: { user: 'Remote_User', data: null },
    })
    // The socket forgets its peer's address with the reset; how many requests get as far as the hub is a matter of luck.
    for (let i = 0; i < 50; i += 1) {
      const socket = net.connect(proxy.port, '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write('GET /jupyter/hub/ HTTP/1.1\r\nHost: h\r\nRemote_User: bob\r\n\r\n', () => socket.resetAndDestroy())
    }
    await ask({ port: proxy.port, host: '127.0.0.1' }, ['Remote_User: bob'])
    await until(() => heads.length > 0, 'a request at the hub')
    assert.deepEqual([...new Set(heads)], stranger)
  })

  it('believes X-Forwarded-* only from who shows the secret', async () => {
    await using hub = await testServer(echo)
    await using proxy = await withHub(hub, { identity: { user: 'Remote_User', data: null } })
    const lines = ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https']
    const seen = async (...more: string[]) => {
      await ask({ port: proxy.port, host: '127.0.0.1' }, [...lines, ...more])
      const raw = hub.seen.at(-1)?.headers ?? []
      return ['X-Forwarded-For', 'X-Forwarded-Proto'].map((name) => raw[raw.indexOf(name) + 1])
    }
    assert.deepEqual(await seen(shown), ['203.0.113.9', 'https'])
    assert.deepEqual(await seen(), ['127.0.0.1', 'http'])
  })

  it('keeps passwords and tickets of the front server from applications and hub; tokens pass', async () => {
    await using app = await testServer(echo)
    await using hub = await testServer(echo)
    await using proxy = await withHub(hub, { identity: { user: 'Remote_User', data: null } })
    await proxy.client.addRoute('/jupyter/user/bob', { target: `http://127.0.0.1:${app.port}` })
    const at = (path: string, ...lines: string[]) =>
      ask({ port: proxy.port, host: '127.0.0.1' }, lines, { path }).then(({ got }) =>
        got.filter((each) => each.startsWith('Auth')),
      )
    for (const path of ['/jupyter/user/bob/', '/jupyter/hub/home']) {
      for (const value of ['Basic YWxpY2U6cHc=', 'negotiate YIIJ', 'Digest username="alice"', 'NTLM TlR'])
        assert.deepEqual(await at(path, shown, `Authorization: ${value}`), [], value)
      for (const value of ['token abc', 'Bearer abc', 'Basics x'])
        assert.deepEqual(await at(path, shown, `Authorization: ${value}`), [`Authorization: ${value}`])
      // Without a front server that asks for it, it is between the client and the application.
      assert.deepEqual(await at(path, 'Authorization: Basic YWxpY2U6cHc='), ['Authorization: Basic YWxpY2U6cHc='])
    }
  })

  it('attests nothing when no header is configured', async () => {
    await using hub = await testServer(echo)
    await using proxy = await testProxy({ defaultTarget: `http://127.0.0.1:${hub.port}`, trustedFronts: ['127.0.0.1'] })
    assert.deepEqual(
      (await ask({ port: proxy.port, host: '127.0.0.1' }, ['Remote_User: bob', 'X-Batchway-User: bob'])).got,
      [],
    )
  })

  it('takes names that the site chose', async () => {
    await using hub = await testServer(echo)
    await using proxy = await withHub(hub, { identity: { user: 'X-Forwarded-User', data: null } })
    const at = (...lines: string[]) => ask({ port: proxy.port, host: '127.0.0.1' }, [shown, ...lines])
    assert.deepEqual((await at('X-Forwarded-User: alice')).got, signedIn.slice(0, 2))
    assert.equal((await at('X-Forwarded-User: alice', 'X_Forwarded_User: bob')).status, 400)
    assert.deepEqual((await at('Remote_User: bob')).got, nobody)
  })
})

describe('startProxy with identity headers', () => {
  const start = (options: Parameters<typeof testProxy>[0]) =>
    testProxy({ identity: { user: 'Remote_User', data: null }, ...options })
  const rejected: readonly (readonly [string, Parameters<typeof testProxy>[0], RegExp])[] = [
    ['nobody to believe', {}, /name the front server/],
    ['an address that proves nothing', { trustedFronts: ['127.0.0.1'] }, /--front-secret-file/],
    [
      'a network that proves nothing, beside a unix socket',
      { trustedFronts: ['unix', '10.0.0.0/8'] },
      /--front-secret-file/,
    ],
    ['a short secret', { trustedFronts: ['127.0.0.1'], frontSecret: 'correct-horse' }, /weak/],
    ['a dull secret', { trustedFronts: ['127.0.0.1'], frontSecret: 'abcdefg'.repeat(9) }, /weak/],
    ['a secret with blanks', { trustedFronts: ['127.0.0.1'], frontSecret: `${secret} ${secret}` }, /weak/],
    ['one header for both', { trustedFronts: ['unix'], identity: { user: 'A_B', data: 'a-b' } }, /different names/],
    [
      'a header of HTTP itself',
      { trustedFronts: ['unix'], identity: { user: 'Cookie', data: null } },
      /cannot be the header/,
    ],
    ['a front server that is none', { trustedFronts: ['front.example'] }, /not a front server/],
  ]
  for (const [what, options, words] of rejected)
    it(`refuses ${what}, and tells no secret`, async () => {
      await assert.rejects(start(options), (error: Error) => {
        assert.match(error.message, words)
        if (options?.frontSecret !== undefined) assert.ok(!error.message.includes(options.frontSecret))
        return true
      })
    })

  it('tells once a minute that somebody at a trusted address does not know the secret, without what they sent', async () => {
    const lines: string[] = []
    let now = 0
    const write = (fields: object, message: string) => lines.push(JSON.stringify({ ...fields, message }))
    const log = { debug: write, info: write, warn: write, error: write }
    await using hub = await testServer(echo)
    await using proxy = await withHub(hub, { log, now: () => now })
    const told = () => lines.filter((line) => line.includes('front secret'))
    for (let i = 0; i < 5; i += 1)
      await ask({ port: proxy.port, host: '127.0.0.1' }, ['X-Batchway-Front-Secret: wrong'])
    assert.equal(told().length, 1)
    now = 60_000
    await ask({ port: proxy.port, host: '127.0.0.1' }, alice)
    assert.equal(told().length, 1, 'the front server itself is no news')
    await ask({ port: proxy.port, host: '127.0.0.1' }, ['Remote_User: bob'])
    await ask({ port: proxy.port, host: '127.0.0.1' }, [...alice, 'Remote_User: bob'])
    assert.equal(told().length, 2)
    assert.doesNotMatch(lines.join('\n'), /wrong|bob|alice|b7d0/)
    assert.match(lines.join('\n'), /"problem":"repeated"/)
  })
})
