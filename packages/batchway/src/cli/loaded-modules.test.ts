import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openHubProcess } from './testing/hub-process.ts'

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

/** @returns the addresses of all modules that a hub has loaded when it listens. */
async function loadedByHub(signIn: readonly object[], cache: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-loaded-'))
  try {
    const list = join(folder, 'loaded')
    const environment = { NODE_COMPILE_CACHE: cache }
    const hub = await openHubProcess({ signIn, nodeArguments: [`--import=${recorder(list)}`], environment })
    await hub[Symbol.asyncDispose]()
    return readFileSync(list, 'utf8').trim().split('\n')
  } finally {
    rmSync(folder, { recursive: true, force: true })
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
