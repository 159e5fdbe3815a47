/** The way to sign in that `docs/how-to/own-sign-in.md` shows: its three files as they stand there, read by the real command, tried by the contract. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const page = readFileSync(join(root, 'docs/how-to/own-sign-in.md'), 'utf8')
const samples = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)

/** Right for one person, as a campus service would be; anything else is refused, and nothing crashes it. */
const service = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const given = new URLSearchParams(body)
  const isRight = given.get('name') === 'tester' && given.get('pin') === 'the right pin'
  response.statusCode = isRight ? 200 : 403
  response.end(isRight ? JSON.stringify({ name: 'tester', groups: ['hpc'] }) : '')
})

describe('the way to sign in of the how-to', () => {
  let folder = ''
  let address = ''
  before(async () => {
    // Within the checkout, where `batchway` is found as it would be beside an installation.
    mkdirSync(join(root, 'test-output'), { recursive: true })
    folder = mkdtempSync(join(root, 'test-output/own-sign-in-'))
    const names = ['badge-login.ts', 'batchway.config.ts', 'badge-login.test.ts']
    assert.equal(samples.length, names.length)
    for (const [index, name] of names.entries())
      writeFileSync(join(folder, name), samples[index] ?? '', { mode: 0o600 })
    service.listen(0, '127.0.0.1')
    await once(service, 'listening')
    const bound = service.address()
    address = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}/check`
  })
  after(() => {
    service.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function run(args: readonly string[], environment: Record<string, string> = {}) {
    const { NODE_TEST_CONTEXT: _, ...outside } = process.env
    const child = spawn(process.execPath, ['--conditions=source', ...args], {
      cwd: folder,
      env: { ...outside, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let words = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        words += chunk.toString()
      })
    const [code] = await once(child, 'close')
    return { code, words }
  }
  const command = join(root, 'packages/batchway/src/cli/main.ts')
  const check = (file: string) => run([command, 'config', 'check', `--config=${join(folder, file)}`])
  const changed = (name: string, from: string, to: string): string => {
    const text = samples[1] ?? ''
    assert.ok(text.includes(from))
    writeFileSync(join(folder, name), text.replace(from, to), { mode: 0o600 })
    return name
  }

  it('is taken by the configuration', async () => {
    const { code, words } = await check('batchway.config.ts')
    assert.equal(code, 0, words)
  })

  it('is missed where it is named and not there, and told where it is there and not named', async () => {
    const missing = await check(
      changed('missing.config.ts', "logins: [badgeLogin('https://badge.example.edu/check')],", ''),
    )
    assert.notEqual(missing.code, 0)
    assert.match(missing.words, /signIn\[0\]\.id[\s\S]*"badge" is not among "logins"/)
    const unused = await check(changed('unused.config.ts', "{ type: 'own', id: 'badge' }, ", ''))
    assert.notEqual(unused.code, 0)
    assert.match(unused.words, /logins\[0\][\s\S]*"badge" is not used/)
  })

  it('passes the contract, and the contract fails for a service that lets everybody in', async () => {
    const args = ['--test', '--test-reporter=tap', 'badge-login.test.ts']
    const good = await run(args, { BADGE_SERVICE: address, BADGE_PIN: 'the right pin' })
    assert.equal(good.code, 0, good.words)
    assert.match(good.words, /^# pass 4$/m)

    service.removeAllListeners('request')
    service.on('request', (_, response) => response.end(JSON.stringify({ name: 'tester', groups: [] })))
    const bad = await run(args, { BADGE_SERVICE: address, BADGE_PIN: 'the right pin' })
    assert.notEqual(bad.code, 0, 'the control')
    assert.match(bad.words, /not ok[\s\S]*makes nobody of what strangers send/)
  })
})
