/**
 * Applications that ask nobody for anything, on a node that two people share: one on a port, which is open to all of the node, and one on
 * a private socket, which is not. On real Slurm.
 */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runAs } from './support/as-person.ts'
import { applicationOf, liveSession, privateSocketOf } from './support/live-secrets.ts'
import { withPages } from './support/pages-profile.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'
import { startServer, stopServer, type Visitor, visitorOf } from './support/visitor.ts'

const base = '/jupyter/'
const hers = `${base}user/alice/quiet/`

describe('an application that checks nobody', () => {
  let site: Site
  let alice: Visitor
  before(async () => {
    site = await openSite({ base, instance: 't1', change: withPages })
    alice = await visitorOf(site, 'alice')
    await Promise.all([startServer(alice, 'slurm-pages'), startServer(alice, 'slurm-private', { server: 'quiet' })])
    assert.equal((await alice.open(hers)).status, 200)
  })
  after(() => site?.[Symbol.asyncDispose]())

  const place = () => privateSocketOf(liveSession(site, 'alice', 'quiet'))
  /** A request of a person with a shell on the node, past the gateway. */
  const ask = (user: string, ...where: readonly string[]) => runAs(user, ['curl', '-sS', '--max-time', '20', ...where])
  const throughSocket = (user: string) => ask(user, '--unix-socket', place().path, 'http://x/seen')

  it('on a port answers her neighbour; on a private socket it is out of his reach', async () => {
    // Counterpart: the same program on a port serves whoever asks.
    const { port } = applicationOf(liveSession(site, 'alice'))
    assert.match((await ask('bob', `http://127.0.0.1:${port}/seen`)).stdout, /^\[/)

    const { path } = place()
    assert.equal(statSync(path).mode & 0o777, 0o777, 'the socket itself keeps nobody out')
    for (const [what, { code, stdout }] of Object.entries({
      connect: await throughSocket('bob'),
      list: await runAs('bob', ['ls', dirname(path)]),
      replace: await runAs('bob', ['mv', dirname(path), `${dirname(path)}x`]),
    })) {
      assert.notEqual(code, 0, what)
      assert.equal(stdout, '', what)
    }
    assert.match((await throughSocket('alice')).stdout, /^\[/, 'she reaches what is hers')

    // Counterpart: with the folder open he is served, so it is the folder that keeps him out.
    chmodSync(dirname(path), 0o755)
    const served = await throughSocket('bob')
    chmodSync(dirname(path), 0o700)
    assert.match(served.stdout, /^\[/)
  })

  it('on a private socket serves her through the gateway, WebSockets too, and nobody else', async () => {
    assert.match((await alice.open(`${hers}page`)).body, /an application/)
    assert.equal((await alice.upgrade(`${hers}socket`)).status, 101)
    const bob = await visitorOf(site, 'bob')
    assert.equal((await bob.upgrade(`${hers}bobs`)).status, 403)
    assert.doesNotMatch((await bob.open(`${hers}bobs`)).body, /an application/)
    const seen = (await throughSocket('alice')).stdout
    assert.match(seen, /GET \S+quiet\/page/)
    assert.match(seen, /GET \S+quiet\/socket/)
    assert.doesNotMatch(seen, /bobs/)
  })

  it('leaves no socket behind: at its end it goes, and what was killed is removed by the next one', async () => {
    const first = dirname(place().path)
    const { pid } = place()
    const agent = Number((await runAs('alice', ['ps', '-o', 'ppid=', '-p', String(pid)])).stdout)
    process.kill(agent, 'SIGKILL')
    process.kill(pid, 'SIGKILL')
    await until('the session has ended', async () => {
      const { body } = await alice.api('/users/alice?include_stopped_servers')
      return JSON.parse(body).servers?.quiet?.ready !== true
    })
    assert.ok(existsSync(first), 'nobody was there to remove it')
    await stopServer(alice, 'quiet')

    await startServer(alice, 'slurm-private', { server: 'quiet' })
    const second = dirname(place().path)
    await until('the one of the dead has gone', () => !existsSync(first))
    assert.notEqual(second, first)
    await stopServer(alice, 'quiet')
    await until('the one that ended in order has gone', () => !existsSync(second))
  })
})
