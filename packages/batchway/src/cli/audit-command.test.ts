import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { silentLogger } from '../core/logger.ts'
import { openAudit } from '../people/audit.ts'
import { openStores } from '../store/stores.ts'
import { keptCompiled } from './testing/kept-compiled.ts'

const env = { ...process.env, ...keptCompiled }
const argv = (...args: string[]) => ['--conditions=source', join(import.meta.dirname, 'main.ts'), 'audit', ...args]

async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, argv(...args), { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}

function site() {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-audit-'))
  const state = join(folder, 'state')
  mkdirSync(state, { mode: 0o700 })
  const config = join(folder, 'batchway.yaml')
  writeFileSync(
    config,
    JSON.stringify({
      stateDirectory: state,
      clusters: { here: { driver: 'local' } },
      applications: { lab: { kind: 'jupyterhub-singleuser' } },
      profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'lab' }],
    }),
  )
  const open = () => openStores(`sqlite:${join(state, 'batchway.db')}`, Date.now)
  return { config, open, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

describe('batchway audit', () => {
  it('says that there is nothing yet, in words', async () => {
    using place = site()
    const { code, stdout, stderr } = await run('--config', place.config)
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /there is no database yet: the hub makes it when it starts/)
  })

  it('shows, filters and follows beside a running hub', async () => {
    using place = site()
    await using stores = await place.open()
    let at = Date.now() - 10 * 86_400_000
    const audit = openAudit({ store: stores.audit, now: () => at, log: silentLogger })
    await audit({ actor: 'operator', action: 'link-created', object: 'alice', way: 'command' })
    at = Date.now()
    await audit({ actor: 'alice', action: 'sign-in', object: 'alice', address: '192.0.2.7', way: 'link' })
    await audit({ actor: 'bob', action: 'session-start', object: 'bob/', way: 'link' })

    const all = await run('--config', place.config)
    assert.equal(all.code, 0, all.stderr)
    assert.equal(all.stdout.split('\n').length, 4)
    assert.match(all.stdout, /Z {2}ok {7}alice {9}sign-in {10}alice {2}from 192\.0\.2\.7 {2}by link\n/)
    const hers = await run('--config', place.config, '--user', 'alice', '--since', '2d', '--json')
    assert.deepEqual(
      hers.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).action),
      ['sign-in'],
    )

    const child = spawn(process.execPath, argv('--config', place.config, '--limit', '1', '--follow', '--json'), {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      assert.equal(JSON.parse((await lines.next()).value ?? '').actor, 'bob')
      await audit({ actor: 'alice', action: 'sign-out', object: 'alice' })
      assert.equal(JSON.parse((await lines.next()).value ?? '').action, 'sign-out')
      child.kill('SIGINT')
      await once(child, 'exit')
      assert.equal(child.exitCode, 0)
    } finally {
      child.kill('SIGKILL')
    }
  })
})
