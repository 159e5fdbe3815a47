import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSitePeople } from '../../app/open-admission.ts'
import { statePaths } from '../../app/state-paths.ts'
import { parseConfig } from '../../core/parse-config.ts'
import { openStores } from '../../store/stores.ts'
import { commandBench } from './testing/command-bench.ts'

test('on the hub’s machine a token is made without one, of what its owner may do, and the audit log tells', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-local-token-'))
  try {
    const site = {
      stateDirectory: folder,
      admins: ['fay'],
      clusters: { here: { driver: 'local' } },
      applications: { jupyter: { kind: 'jupyterhub-singleuser' } },
      profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'jupyter' }],
    }
    const config = parseConfig(site, 'site.yaml')
    const file = join(folder, 'site.yaml')
    writeFileSync(file, JSON.stringify(site))
    chmodSync(file, 0o600)
    await using stores = await openStores(statePaths(config).database, Date.now)
    await using people = openSitePeople(config, { stores, now: Date.now, random: randomBytes })
    await people.ensureUser('dora')
    const { run, asked } = commandBench()
    const create = (...more: string[]) => run(['token', 'create', '--local', '--config', file, ...more])

    const output = join(folder, 'token')
    const made = await create('--user', 'dora', '--scope', 'read:servers!user=dora', '--output', output, '--json')
    assert.equal(made.status, 0, made.err)
    const text = readFileSync(output, 'utf8').trim()
    assert.equal(statSync(output).mode & 0o777, 0o600)
    const caller = await people.callerOfToken(text)
    assert.ok(caller.kind === 'token')
    assert.deepEqual([caller.user.name, [...caller.scopes].includes('read:servers!user=dora')], ['dora', true])
    assert.equal(caller.scopes.has('servers!user=dora'), false)
    const [entry] = await stores.audit.list({ action: 'token-created' }, 1)
    assert.deepEqual([entry?.actor, entry?.object, entry?.way], ['operator', 'dora', 'command'])
    assert.ok(!JSON.stringify(entry).includes(text))

    const others = await create('--user', 'dora', '--scope', 'admin:users')
    assert.equal(others.status, 1, others.out)
    assert.equal((await create('--user', 'nobody')).status, 4)
    assert.equal((await create()).status, 1)
    assert.equal((await create('--user', 'dora', '--url', 'https://hub.example')).status, 1)
    assert.equal(asked.length, 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
