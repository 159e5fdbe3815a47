import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { alice, bob, factsOf, sessionOf } from '../../api/testing/fake-hub.ts'
import { commandBench } from './testing/command-bench.ts'

const jsonOf = (text: string): unknown => JSON.parse(text)

describe('batchway user', () => {
  it('lists, shows, makes, renames, promotes and removes users', async () => {
    const { run, hub } = commandBench()
    const listed = await run('user list')
    assert.equal(listed.status, 0)
    assert.match(listed.out, /^NAME {8}ADMIN {2}GROUPS {3}SERVERS {2}LAST ACTIVE\nalice /)
    assert.match(listed.out, /^root-admin {2}yes /m)
    assert.deepEqual(
      (jsonOf((await run('user list --json')).out) as { name: string }[]).map(({ name }) => name).sort(),
      ['alice', 'bob', 'root-admin'],
    )
    assert.match((await run('user show')).out, /^name +root-admin\n(.*\n)*token may +.*admin:users/)
    assert.match((await run('user show alice')).out, /^groups +physics$/m)

    const made = await run('user create dora alice')
    assert.deepEqual([made.status, made.out, made.err], [0, 'made dora\n', '"alice" exists already\n'])
    assert.equal((await run('user create dora')).status, 5)
    assert.match((await run('user rename bob robert')).out, /^name +robert$/m)
    assert.match((await run('user admin on bob')).out, /^administrator +yes$/m)
    assert.deepEqual(jsonOf((await run('user delete dora --json')).out), { name: 'dora', deleted: true })
    assert.deepEqual(hub.calls.filter(({ what }) => what === 'removeUser').length, 1)
  })

  it('waits for servers that stop before a user can be removed, and for nothing else', async () => {
    const answers = [
      Response.json(
        {
          status: 400,
          message: 'Servers of dora are in the process of stopping, please wait and ask again.',
          type: 'urn:batchway:session_busy',
        },
        { status: 400 },
      ),
      new Response(null, { status: 204 }),
    ]
    const { run, pauses } = commandBench(async () => answers.shift() ?? new Response(null, { status: 500 }))
    assert.equal((await run('user delete dora')).status, 0)
    assert.equal(pauses.length, 1)
    const other = commandBench(async () =>
      Response.json({ status: 400, message: 'Cannot delete yourself!' }, { status: 400 }),
    )
    const refused = await other.run('user delete root-admin')
    assert.deepEqual([refused.status, refused.err, other.pauses.length], [1, 'Cannot delete yourself!', 0])
  })
})

describe('batchway group', () => {
  it('lists, shows, makes and removes groups, and changes who and what is in them', async () => {
    const { run, hub } = commandBench()
    const folder = mkdtempSync(join(tmpdir(), 'batchway-cli-'))
    try {
      assert.match((await run('group list')).out, /^NAME +USERS +MEMBERS\nphysics +1 +alice\n$/)
      assert.match((await run('group show physics')).out, /^properties +\{"gpu":1\}$/m)
      assert.equal((await run('group create course-7 --user alice --user bob')).status, 0)
      assert.equal((await run('group add course-7 alice bob')).status, 0)
      assert.equal((await run('group remove course-7 bob')).status, 0)
      assert.deepEqual(jsonOf((await run('group properties physics')).out), { gpu: 1 })
      const file = join(folder, 'properties.json')
      writeFileSync(file, '{"quota":{"gpu":2}}')
      assert.equal((await run(['group', 'properties', 'physics', '--file', file])).status, 0)
      writeFileSync(file, '[1]')
      const wrong = await run(['group', 'properties', 'physics', '--file', file])
      assert.deepEqual([wrong.status, /does not hold a JSON object/.test(wrong.err)], [1, true])
      assert.equal((await run('group delete course-7')).status, 0)
      assert.deepEqual(
        hub.calls.map(({ what }) => what).filter((what) => /[gG]roup/.test(what)),
        ['createGroups', 'addToGroup', 'removeFromGroup', 'setGroupProperties', 'removeGroup'],
      )
      assert.deepEqual(hub.calls.find(({ what }) => what === 'setGroupProperties')?.with, {
        id: 1,
        properties: { quota: { gpu: 2 } },
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('batchway token', () => {
  it('makes a token, and prints its text once on standard output', async () => {
    const { run, asked } = commandBench()
    const made = await run('token create --user alice --note nightly --expires 30d --scope read:servers!user')
    assert.deepEqual([made.status, made.out, made.err], [0, 'text-of-a8\n', ''])
    assert.deepEqual(jsonOf(asked.at(-1)?.body ?? ''), {
      note: 'nightly',
      expires_in: 2_592_000,
      scopes: ['read:servers!user'],
    })
    const listed = await run('token list --user alice')
    assert.match(listed.out, /^a8 +nightly +a program +- +never$/m)
    assert.doesNotMatch(listed.out, /text-of/)
    assert.equal((await run('token revoke a8 --user alice')).out, 'revoked\n')
    assert.equal((await run('token revoke a99 --user alice')).status, 4)
  })

  it('writes it into a new file that nobody else reads, and leaves no file where none was made', async () => {
    const { run, asked } = commandBench()
    const folder = mkdtempSync(join(tmpdir(), 'batchway-cli-'))
    const file = join(folder, 'token')
    try {
      const made = await run(['token', 'create', '--user', 'alice', '--output', file, '--json'])
      assert.equal(made.status, 0)
      assert.equal(readFileSync(file, 'utf8'), 'text-of-a8\n')
      assert.equal(statSync(file).mode & 0o777, 0o600)
      assert.doesNotMatch(made.out + made.err, /text-of/)
      const before = asked.length
      const again = await run(['token', 'create', '--user', 'alice', '--output', file])
      assert.deepEqual([again.status, again.err, asked.length], [1, `${file} exists already: name a new file`, before])
      const other = join(folder, 'other')
      assert.equal((await run(['token', 'create', '--user', 'nobody', '--output', other])).status, 3)
      assert.throws(() => statSync(other), /ENOENT/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('batchway service', () => {
  it('lists and shows services', async () => {
    const { run } = commandBench()
    assert.match(
      (await run('service list')).out,
      /^whoami +- +\/services\/whoami\/ +http:\/\/127\.0\.0\.1:10101\nculler /m,
    )
    assert.match((await run('service show culler')).out, /^name +culler$/m)
    assert.equal((await run('service show nobody')).status, 4)
  })
})

describe('batchway server', () => {
  it('starts a server with the choices that were written, and lists, shows and stops it', async () => {
    const { run, hub, asked } = commandBench(undefined, { BATCHWAY_TOKEN: 'token-alice' })
    const started = await run('server start lab --profile small --option cores=4 --option walltime=1h --title My_lab')
    assert.equal(started.err, '')
    assert.equal(started.out, 'starting; follow it with "batchway server show lab"\n')
    assert.deepEqual(jsonOf(asked.find(({ method }) => method === 'POST')?.body ?? ''), {
      user_options: { cores: '4', walltime: '1h', profile: 'small' },
      display_name: 'My_lab',
    })
    assert.match((await run('server list')).out, /^alice\/lab +starting +small /m)
    hub.put(sessionOf(alice, factsOf.queued, { serverName: 'lab', id: 'new0' }))
    assert.match((await run('server show lab')).out, /^state +starting, in the queue\nwhy +/m)
    hub.put(sessionOf(alice, factsOf.ready, { serverName: 'lab', id: 'new0' }))
    assert.equal((await run('server url lab')).out, 'https://hub.example/user/alice/lab/\n')
    assert.equal((await run('server start lab')).status, 5, 'it runs')
    assert.equal((await run('server log lab')).status, 5)
    assert.equal((await run('server stop lab')).out, 'stopping\n')
    hub.put(
      sessionOf(
        alice,
        { ...factsOf.ended, outcome: { ...factsOf.ended.outcome, log: ['last \u001b]0;words'] } },
        { serverName: 'lab', id: 'new0' },
      ),
    )
    assert.equal((await run('server log lab')).out, 'last \ufffd]0;words\n')
    assert.equal((await run('server stop lab --wait')).out, 'stopped\n')
    assert.match((await run('server list --stopped')).out, /^alice\/lab +stopped/m)
    assert.equal((await run('server delete lab')).out, 'removed\n')
    assert.equal((await run('server list')).out, 'No server runs.\n')
  })

  it('lists those of others for who may see them', async () => {
    const { run, hub } = commandBench()
    hub.put(sessionOf(alice, factsOf.ready))
    hub.put(sessionOf(bob, factsOf.starting))
    assert.match((await run('server list --all')).out, /^alice\/ +ready .*\nbob\/ +starting/m)
    assert.match((await run('server list --user bob')).out, /^bob\/ +starting/m)
    assert.equal((await run('server show --user alice')).status, 0)
  })

  it('tells the stages of a start, over a hub that goes away meanwhile, and ends with the address', async () => {
    const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`
    const streams = [
      event({ progress: 0, message: 'Server requested' }),
      new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }),
      `\n\n${event({ progress: 0, message: 'Server requested' })}${event({ progress: 50, message: 'Job started on n1' })}${event({ progress: 100, ready: true, message: 'Server ready', url: '/x' })}`,
    ]
    const { run, pauses } = commandBench(async (url, { method }) => {
      if (method === 'POST') return new Response(null, { status: 202 })
      if (!url.endsWith('/progress'))
        return Response.json({
          name: '',
          ready: true,
          url: '/user/alice/',
          full_url: 'https://hub.example/user/alice/',
        })
      const next = streams.shift()
      if (next instanceof Error) throw next
      return new Response(next)
    })
    const { status, out, err } = await run('server start --user alice --wait')
    assert.equal(err, '  0 %  Server requested\n 50 %  Job started on n1\n100 %  Server ready\n')
    assert.deepEqual([status, out, pauses.length], [0, 'https://hub.example/user/alice/\n', 2])
  })

  it('ends with status 7 and the reason when the server did not become ready', async () => {
    const { run } = commandBench(async (_, { method }) =>
      method === 'POST'
        ? new Response(null, { status: 202 })
        : new Response(
            `data: ${JSON.stringify({ progress: 100, failed: true, message: 'Spawn failed: Refused.' })}\n\n`,
          ),
    )
    assert.deepEqual(await run('server start --user alice --wait'), {
      status: 7,
      out: '',
      err: 'Spawn failed: Refused.',
    })
  })

  it('gives up on a hub that stays away, and says that the start goes on', async () => {
    const { run } = commandBench(async (_, { method }) => {
      if (method === 'POST') return new Response(null, { status: 202 })
      throw new TypeError('fetch failed')
    })
    const { status, err } = await run('server start --user alice --wait')
    assert.equal(status, 6)
    assert.match(err, /goes on without us/)
  })
})

describe('the commands over the API', () => {
  it('follow every page of a list, at the host that was named', async () => {
    const page = (items: object[], next: string | null) =>
      Response.json({
        items,
        _pagination: { offset: 0, limit: 2, total: 3, next: next && { offset: 2, limit: 2, url: next } },
      })
    const { run, asked } = commandBench(async (url) =>
      url.includes('offset=2')
        ? page([{ name: 'carol' }], null)
        : page([{ name: 'alice' }, { name: 'bob' }], 'https://elsewhere.example/steal?offset=2&limit=2'),
    )
    assert.deepEqual(jsonOf((await run('user list --json')).out), [
      { name: 'alice' },
      { name: 'bob' },
      { name: 'carol' },
    ])
    assert.deepEqual(
      asked.map(({ url }) => url),
      ['https://hub.example/hub/api/users?limit=200&sort=name', 'https://hub.example/hub/api/users?offset=2&limit=2'],
    )
    assert.match(asked[0]?.headers.get('accept') ?? '', /application\/jupyterhub-pagination\+json/)
  })

  it('end even when a hub leads in circles', async () => {
    const { run, asked } = commandBench(async () =>
      Response.json({ items: [{ name: 'alice' }], _pagination: { next: { url: '/x?offset=1' } } }),
    )
    assert.equal((await run('user list')).status, 0)
    assert.equal(asked.length, 2)
  })

  it('send the token where it belongs: not along redirects, not in an address, not in an argument', async () => {
    const { run, asked } = commandBench(async (_, { redirect }) => {
      assert.equal(redirect, 'manual')
      return new Response(null, { status: 302, headers: { Location: 'https://evil.example/' } })
    })
    const { status, err } = await run('user list')
    assert.deepEqual([status, asked.length], [6, 1])
    assert.match(err, /sends on to https:\/\/evil\.example\//)
    assert.doesNotMatch(asked[0]?.url ?? '', /token-root/)
    assert.equal((await run('user list --token token-root-admin')).status, 1)
  })

  for (const name of ['.', '..', ''])
    it(`refuse ${JSON.stringify(name)} as a name before anything is asked`, async () => {
      const { run, asked } = commandBench()
      for (const words of [
        ['user', 'delete', name],
        ['group', 'delete', name],
        ['server', 'stop', name === '' ? 'x' : name, '--user', name],
      ])
        assert.equal((await run(words)).status, 1, words.join(' '))
      assert.equal(asked.length, 0)
    })

  it('keep a name in one segment of the path', async () => {
    const { run, asked } = commandBench()
    assert.equal((await run(['user', 'show', '../proxy?x#y'])).status, 4)
    assert.equal(asked[0]?.url, 'https://hub.example/hub/api/users/..%2Fproxy%3Fx%23y')
  })

  it('warn when the token crosses a network in clear', async () => {
    const { run } = commandBench(undefined, { BATCHWAY_URL: 'http://hub.example' })
    assert.match((await run('user list')).err, /is not encrypted/)
    const near = commandBench(undefined, { BATCHWAY_URL: 'http://127.0.0.1:8000' })
    assert.equal((await near.run('user list')).err, '')
  })

  it('print no text of others that steers a terminal', async () => {
    const { run } = commandBench(async () => Response.json([{ name: 'x' }, { name: 'a\u001b[2J\u202eb\nc' }]))
    const wrapped = commandBench(async () =>
      Response.json({ items: [{ name: 'a\u001b[2J\u202eb\nc' }], _pagination: { next: null } }),
    )
    assert.match((await wrapped.run('user list')).out, /^a\ufffd\[2J\ufffdb\ufffdc /m)
    assert.equal((await run('user list')).status, 6, 'a hub that knows no pages')
  })

  for (const line of ['user', 'group', 'token', 'server', 'service'])
    it(`explain each command of ${line}, with examples`, async () => {
      const { run } = commandBench()
      const { out, err } = await run(`${line} --help`)
      const names = [...(out + err).matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name = '']) => name)
      assert.ok(names.length >= 2)
      for (const name of names) {
        const help = (await run(`${line} ${name} --help`)).out
        assert.match(help, new RegExp(`^Examples:\\n  batchway ${line} ${name}`, 'm'))
        assert.match(help, /--json/)
        assert.match(help, /--token-file/)
      }
    })
})

describe('batchway announce', () => {
  it('announces, lists and withdraws', async () => {
    const { run, asked } = commandBench()
    assert.equal((await run('announce list')).out, 'Nothing is announced.\n')
    const sent = await run(['announce', 'send', 'Maintenance', 'on Tuesday.', '--until', '2030-01-02T08:00+01:00'])
    assert.deepEqual([sent.status, sent.out], [0, 'announced to everyone as a1\n'])
    assert.deepEqual(jsonOf(asked.at(-1)?.body ?? ''), {
      text: 'Maintenance on Tuesday.',
      to: { kind: 'everyone' },
      until: '2030-01-02T08:00+01:00',
    })
    await run(['announce', 'send', 'larch is slow.', '--cluster', 'here'])
    await run(['announce', 'send', 'Hello.', '--user', 'alice'])
    const listed = (await run('announce list', 200)).out
    assert.match(listed, /^a3 +user alice +withdrawn +root-admin +Hello\.$/m)
    assert.match(listed, /^a1 +everyone +2030-01-02 07:00 UTC +root-admin +Maintenance on Tuesday\.$/m)
    assert.equal((await run('announce withdraw a2')).out, 'withdrawn\n')
    assert.equal((await run('announce withdraw a2')).status, 4)
    for (const wrong of [
      ['announce', 'send', 'x', '--cluster', 'here', '--user', 'alice'],
      ['announce', 'send', 'x', '--cluster', 'elsewhere'],
      ['announce', 'send', 'x', '--user', 'nobody'],
      ['announce', 'send', 'x', '--until', 'tomorrow'],
      ['announce', 'send', ' '],
    ])
      assert.notEqual((await run(wrong)).status, 0, wrong.join(' '))
  })
})

describe('batchway drain', () => {
  it('drains and opens a cluster or the site, and a start is refused with the reason', async () => {
    const { run, hub } = commandBench()
    assert.equal((await run('drain list')).out, 'New sessions are taken everywhere.\n')
    assert.equal(
      (await run(['drain', 'begin', 'Maintenance', 'until noon', '--cluster', 'here'])).out,
      'drained: here\n',
    )
    const refused = await run('server start --profile small --user alice')
    assert.deepEqual(
      [refused.status > 0, refused.err],
      [true, 'Here takes no new sessions at the moment: Maintenance until noon.'],
    )
    assert.equal(hub.rows.size, 0)
    assert.match((await run('drain list', 200)).out, /^here +\S+ \S+ UTC +root-admin +Maintenance until noon$/m)
    assert.equal((await run('drain end --cluster here')).out, 'open again: here\n')
    assert.equal((await run('drain begin Warm')).out, 'drained: the whole site\n')
    assert.match((await run('drain list')).out, /^the whole site /m)
    assert.equal((await run('drain end')).out, 'open again: the whole site\n')
    assert.equal((await run('drain end')).status, 4)
    assert.equal((await run('drain begin x --cluster elsewhere')).status, 4)
    assert.equal((await run('server start --profile small --user alice')).status, 0)
  })
})
