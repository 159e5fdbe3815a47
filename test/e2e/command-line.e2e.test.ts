/** The commands over the API, as a person runs them: the real command, the real proxy and hub, a real job. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { withPages } from './support/pages-profile.ts'
import { openSite, type Site } from './support/site.ts'
import { visitorOf } from './support/visitor.ts'

const entry = join(resolve(import.meta.dirname, '../..'), 'packages/batchway/src/cli/main.ts')
/** A start on a busy machine. */
const timeout = 300_000

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

describe('the command line', () => {
  let site: Site
  let token = ''
  before(async () => {
    site = await openSite({ base: '/jupyter/', instance: 'y1', change: withPages })
    await visitorOf(site, 'alice')
  })
  after(async () => await site[Symbol.asyncDispose]())

  const run = (words: string, given = token): Promise<Ran> =>
    new Promise((done) => {
      const env = { PATH: process.env.PATH, HOME: '/nowhere', BATCHWAY_URL: site.url, BATCHWAY_TOKEN: given }
      execFile(
        process.execPath,
        ['--conditions=source', entry, ...words.split(' ')],
        { env, timeout },
        (error, out, err) => done({ code: error === null ? 0 : Number(error.code), out, err }),
      )
    })

  it('gets its first token on the hub’s machine, and knows whose it is', async () => {
    token = site.command('token', 'create', '--local', '--config', site.configFile, '--user', 'alice').trim()
    assert.match(token, /^[\w-]{20,}$/)
    const shown = await run('user show')
    assert.deepEqual([shown.code, shown.err], [0, ''])
    assert.match(shown.out, /^name +alice$/m)
    assert.doesNotMatch(site.log(), new RegExp(token))
  })

  it('starts a server and tells its stages, lists it, stops it', async () => {
    const started = await run('server start model --profile local-pages --title Catchment --wait')
    assert.equal(started.code, 0, started.err)
    assert.match(started.err, /^ {2}0 % {2}Server requested\n[\s\S]*100 % {2}Server ready/)
    const { href } = new URL('user/alice/model/', site.url)
    assert.equal(started.out, `${href}\n`)
    assert.equal((await run('server url model')).out, `${href}\n`)
    const listed: unknown = JSON.parse((await run('server list --json')).out)
    assert.ok(Array.isArray(listed))
    assert.deepEqual(
      listed.map(({ name, ready }) => [name, ready]),
      [['model', true]],
    )
    assert.match((await run('server show model')).out, /^title +Catchment$/m)
    assert.equal((await run('server start model')).code, 5)
    assert.equal((await run('server stop model --wait')).out, 'stopped\n')
    assert.equal((await run('server log model')).code, 0)
    assert.equal((await run('server delete model')).code, 0)
  })

  it('ends with status 7 and the reason where a server cannot start', async () => {
    const failed = await run('server start --profile slurm-missing --wait')
    assert.equal(failed.code, 7, failed.err)
    assert.match(failed.err, /batchway: Spawn failed: /)
  })

  it('makes a narrow token, which can do no more, and takes it back', async () => {
    const made: unknown = JSON.parse((await run('token create --note narrow --scope read:users:name!user --json')).out)
    assert.ok(typeof made === 'object' && made !== null && 'token' in made && 'id' in made)
    const narrow = String(made.token)
    assert.equal((await run('user show', narrow)).code, 0)
    assert.equal((await run('server stop --user alice', narrow)).code, 3)
    assert.equal((await run(`token revoke ${String(made.id)}`)).code, 0)
    const after = await run('user show', narrow)
    assert.equal(after.code, 3)
    assert.match(after.err, /does not know the token of BATCHWAY_TOKEN/)
  })

  it('refuses what only administrators may do, in words', async () => {
    const refused = await run('user create mallory')
    assert.equal(refused.code, 3)
    assert.match(refused.err, /not allowed with the token of BATCHWAY_TOKEN: .*admin:users/)
  })
})
