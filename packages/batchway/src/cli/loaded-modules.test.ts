import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

/** Preloaded: writes down what else is loaded, when the compiled code is kept, and each time the program begins to listen. */
const recorder = (file: string): string =>
  `data:text/javascript,${encodeURIComponent(`
import { appendFileSync } from 'node:fs'
import module from 'node:module'
import net from 'node:net'
const note = (word) => appendFileSync(${JSON.stringify(file)}, word + '\\n')
module.registerHooks({
  load(url, context, next) {
    note(url)
    return next(url, context)
  },
})
const { flushCompileCache } = module
module.flushCompileCache = () => {
  note('kept')
  flushCompileCache()
}
module.syncBuiltinESMExports()
const { listen } = net.Server.prototype
net.Server.prototype.listen = function (...args) {
  note('listens')
  return listen.apply(this, args)
}`)}`

const main = join(import.meta.dirname, 'main.ts')

/** @returns the addresses of all modules that a hub has loaded when it listens. */
async function loadedByHub(signIn: readonly object[], cache: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-loaded-'))
  try {
    const list = join(folder, 'loaded')
    const configFile = join(folder, 'batchway.yaml')
    const config = {
      url: 'http://127.0.0.1:8000/',
      listen: ['127.0.0.1:8000'],
      stateDirectory: join(folder, 'state'),
      instance: 'lm',
      hub: { internal: ['127.0.0.1:0'], internalUrl: 'http://127.0.0.1:8081' },
      signIn,
      people: { allow: 'everyone' },
      clusters: { slurm: { driver: 'slurm' } },
      applications: { lab: { kind: 'command', command: ['/bin/true', '{port}'] } },
      profiles: [
        {
          key: 'lab',
          title: 'Lab',
          cluster: 'slurm',
          application: 'lab',
          resources: { cores: 1, memory: '1G', walltime: '1h' },
        },
      ],
    }
    writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 }) // JSON is YAML
    const argv = ['--conditions=source', `--import=${recorder(list)}`, main, 'hub', `--config=${configFile}`]
    const env = { PATH: process.env.PATH, NODE_COMPILE_CACHE: cache }
    const hub = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'], env })
    let told = ''
    const ended = once(hub, 'close')
    await new Promise<void>((resolve) => {
      for (const stream of [hub.stdout, hub.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          told += text
          if (told.includes('"listening"')) resolve()
        })
      void ended.then(() => resolve())
    })
    assert.match(told, /"listening"/)
    hub.kill('SIGTERM')
    await ended
    return readFileSync(list, 'utf8').trim().split('\n')
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

const provider = {
  type: 'oidc',
  issuer: 'https://sso.example.org',
  clientId: 'batchway',
  clientSecretVariable: 'PATH',
}

describe('what a hub keeps in memory', () => {
  const cache = mkdtempSync(join(tmpdir(), 'batchway-loaded-cache-'))
  after(() => rmSync(cache, { recursive: true, force: true }))
  const unneeded = {
    'other commands': /\/cli\/(?!remote\/exit-statuses)(doctor|setup|start|remote|import|front-config|report)[/-]/,
    'the client of PostgreSQL': /\/node_modules\/pg\//,
    'the library for OpenID Connect': /\/node_modules\/(openid-client|jose|oauth4webapi)\//,
    'what sends mail': /\/node_modules\/nodemailer\//,
    'the driver of a real proxy': /\/proxy\/src\/(proxy|exchange)\.ts/,
  }

  it('is nothing of what only others need', async () => {
    const loaded = await loadedByHub([{ type: 'link' }], cache)
    assert.ok(loaded.some((url) => url.endsWith('/app/assemble.ts')))
    for (const [what, pattern] of Object.entries(unneeded))
      assert.deepEqual(
        loaded.filter((url) => pattern.test(url)),
        [],
        what,
      )
  })

  it('is the library for OpenID Connect, where people sign in with it', async () => {
    const loaded = await loadedByHub([provider], cache)
    assert.ok(loaded.some((url) => /\/node_modules\/openid-client\//.test(url)))
  })

  it('is all there, and its compiled code kept, before anybody can ask: the public listener and the agents’ come last', async () => {
    const loaded = await loadedByHub([provider], cache)
    assert.deepEqual(loaded.slice(loaded.indexOf('kept')), ['kept', 'listens', 'listens'])
  })
})
