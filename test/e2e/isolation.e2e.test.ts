/**
 * alice on Slurm and bob on this machine at once: bob is refused at every address of hers, by HTTP, by WebSocket and in the API,
 * whatever he shows. Each refusal has its counterpart: the same request by alice succeeds.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type LiveSession, liveSession } from './support/live-secrets.ts'
import { openSite, type Site } from './support/site.ts'
import { type Answer, serverResource, startServer, stopServer, type Visitor, visitorOf } from './support/visitor.ts'

const isRefused = ({ status }: Answer): boolean => status === 403 || status === 404

/** alice's servers: name, profile, and a page that only the signed-in see. Two of them check visitors themselves, two stand behind the agent's check. */
const servers = [
  { name: '', profile: 'slurm-classic', page: 'tree', isGated: false },
  { name: 'modern', profile: 'slurm-lab', page: 'lab', isGated: false },
  { name: 'plain', profile: 'local-plain-lab', page: 'lab', isGated: true },
  { name: 'old', profile: 'local-plain-classic', page: 'tree', isGated: true },
] as const

for (const base of ['/', '/jupyter/']) {
  describe(`two people at once under ${base}`, () => {
    let site: Site
    let alice: Visitor
    let bob: Visitor
    const prefixOf = (server: string) => `${base}user/alice/${server === '' ? '' : `${server}/`}`

    before(async () => {
      site = await openSite({ base, instance: 'i1' })
      alice = await visitorOf(site, 'alice')
      bob = await visitorOf(site, 'bob')
      await Promise.all([
        startServer(bob, 'local-classic'),
        // The local cluster has two places: the fourth server waits for its test.
        ...servers.slice(0, 3).map(({ name, profile }) => startServer(alice, profile, { server: name })),
      ])
    })
    after(() => site?.[Symbol.asyncDispose]())

    /** Start a kernel as alice and return the path of its WebSocket. */
    async function kernelOf(prefix: string, isGated: boolean): Promise<string> {
      // Jupyter's own guard against forgery wants its cookie back; behind the gate the agent's checks stand in for it.
      const xsrf = isGated ? undefined : alice.cookie('_xsrf', prefix)
      const { status, body } = await alice.ask(`${prefix}api/kernels`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(xsrf !== undefined && { 'x-xsrftoken': xsrf }) },
        body: '{}',
      })
      assert.equal(status, 201, body)
      return `${prefix}api/kernels/${JSON.parse(body).id}/channels`
    }

    for (const { name, profile, page, isGated } of servers) {
      it(`lets alice and not bob into ${profile}`, async () => {
        if (name === 'old') {
          await stopServer(alice, 'plain')
          await startServer(alice, profile, { server: name })
        }
        const prefix = prefixOf(name)
        const own = liveSession(site, 'bob')

        const hers = await alice.open(prefix + page)
        assert.equal(hers.status, 200)
        assert.equal(hers.path.split('?')[0], prefix + page)
        const channels = await kernelOf(prefix, isGated)
        assert.equal((await alice.upgrade(channels)).status, 101)

        // As a person: through every redirect, signed in as himself.
        const his = await bob.open(prefix + page)
        assert.equal(his.status, 403, his.path)
        assert.doesNotMatch(his.body, /jupyter-config-data|data-base-url/)
        assert.equal((await bob.ask(`${prefix}api/contents`)).status, 403)
        assert.equal((await bob.upgrade(channels)).status, 403)

        // As a program: with his server's token, with his cookies under her names, and with a code made for himself.
        await bob.open(`${base}user/bob/tree`)
        const renamed = bob
          .cookies()
          .flatMap(({ name: key, value }) => [
            `${key}=${value}`,
            ...alice.cookies().map((cookie) => `${cookie.name}=${value}`),
          ])
          .join('; ')
        for (const shown of [
          { headers: { authorization: `token ${own.apiToken}` } },
          { headers: { authorization: `token ${own.appToken}` } },
          { cookies: renamed },
          { headers: { 'remote-user': 'alice', 'x-batchway-user': 'alice' } },
        ]) {
          assert.equal((await bob.ask(`${prefix}api/contents`, shown)).status, 403)
          assert.equal((await bob.upgrade(channels, shown)).status, 403)
        }
        assert.equal((await bob.ask(`${prefix}api/contents?token=${own.apiToken}`, { cookies: '' })).status, 403)

        assert.equal((await alice.ask(`${prefix}api/contents`)).status, 200)
      })
    }

    it('refuses bob at every path of the API that names alice', async () => {
      const hers = liveSession(site, 'alice', 'modern')
      const his = liveSession(site, 'bob')
      const { body } = await bob.api('/openapi.json')
      const paths: Record<string, Record<string, unknown>> = JSON.parse(body).paths
      const operations = Object.entries(paths).flatMap(([path, methods]) =>
        path.includes('{user}') ? Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })) : [],
      )
      assert.ok(operations.length >= 12, 'the description lists the paths of users')
      const tokenOf = async (visitor: Visitor, user: string): Promise<string> =>
        JSON.parse((await visitor.api(`/users/${user}/tokens`)).body).api_tokens[0].id
      const tokens: Record<string, string> = { alice: await tokenOf(alice, 'alice'), bob: await tokenOf(bob, 'bob') }
      const fill = (path: string, user: string, session: LiveSession) =>
        path
          .replace('{user}', user)
          .replace('{server}', 'modern')
          .replace('{session}', session.id)
          .replace('{token}', tokens[user] ?? '')

      const asHisServer = { cookies: '', headers: { authorization: `token ${his.apiToken}` } }
      assert.equal(JSON.parse((await bob.api('/user', asHisServer)).body).name, 'bob')

      for (const { method, path } of operations) {
        const sent = { method, ...(['POST', 'PUT', 'PATCH'].includes(method) && { body: '{}' }) }
        const address = fill(path, 'alice', hers)
        for (const [how, options] of [
          ['cookie', sent],
          ['token', { ...sent, ...asHisServer }],
          ['nothing', { ...sent, cookies: '' }],
        ] as const) {
          const answer = await bob.api(address, options)
          assert.ok(isRefused(answer), `${method} ${path} with ${how}: ${answer.status}`)
          assert.doesNotMatch(answer.body, new RegExp(`${hers.id}|/user/alice`))
        }
        // Her session under his own name is nothing either.
        if (path.includes('{session}')) assert.equal((await bob.api(fill(path, 'bob', hers), sent)).status, 404)
        // No refusal for alice, nor for bob at his own. (Only what changes nothing.)
        // One thing that is shared is there once something is.
        if (method !== 'GET' || path.includes('{owner}')) continue
        assert.equal((await alice.api(address)).status, 200, `${method} ${path} as alice`)
        if (!path.includes('{server}'))
          assert.equal((await bob.api(fill(path, 'bob', his))).status, 200, `${method} ${path} as bob`)
      }
      // What bob posted and deleted has changed nothing.
      assert.equal(JSON.parse((await alice.api(serverResource('alice', 'modern'))).body).ready, true)
      assert.equal((await alice.api(serverResource('alice', 'modern'), { method: 'POST', body: '{}' })).status, 400)
      assert.equal(
        (await alice.api('/users/alice/activity', { method: 'POST', body: '{"last_activity":"2024-01-01"}' })).status,
        200,
      )
    })

    it('keeps the messages of agents off the public listener', async () => {
      const { apiToken, claimToken } = liveSession(site, 'alice')
      for (const token of [apiToken, claimToken])
        for (const path of ['/agent/claim', '/agent/report'])
          assert.ok(
            isRefused(
              await bob.api(path, {
                method: 'POST',
                body: '{}',
                cookies: '',
                headers: { authorization: `token ${token}` },
              }),
            ),
          )
    })

    it('tells bob nothing of alice in his stream of changes', async () => {
      const stream = async (who: Visitor) =>
        (await who.api('/sessions/events', { enough: /event: snapshot\n(.+\n)*\n|data: \[.*\]\n/ })).body
      const [hers, his] = await Promise.all([stream(alice), stream(bob)])
      assert.match(hers, /alice/)
      assert.match(his, /bob/)
      assert.doesNotMatch(his, /alice/)
    })

    it('refuses bob at the pages of her session', async () => {
      const { id } = liveSession(site, 'alice')
      const xsrf = bob.cookie('_xsrf', `${base}hub/`) ?? ''
      for (const path of [
        `sessions/${id}`,
        'spawn/alice',
        'spawn-pending/alice',
        'spawn-pending/alice/modern',
        'user/alice/tree',
      ]) {
        assert.ok(isRefused(await bob.ask(`${base}hub/${path}`)), path)
        assert.equal(isRefused(await alice.ask(`${base}hub/${path}`)), false, `${path} as alice`)
      }
      const form = {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ _xsrf: xsrf, profile: 'slurm-classic' }).toString(),
      }
      for (const path of [`sessions/${id}/stop`, `sessions/${id}/relaunch`, 'spawn/alice', 'spawn/alice/modern'])
        assert.ok(isRefused(await bob.ask(`${base}hub/${path}`, form)), path)
      assert.equal(JSON.parse((await alice.api(serverResource('alice', ''))).body).ready, true)
    })
  })
}
