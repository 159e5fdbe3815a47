import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { apiRoot, credentialsPath, findCredentials } from './credentials.ts'

const home = mkdtempSync(join(tmpdir(), 'batchway-credentials-'))
after(() => rmSync(home, { recursive: true }))
const write = (name: string, text: string, mode = 0o600): string => {
  const path = join(home, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('the address of the API', () => {
  for (const text of [
    'https://a.example',
    'https://a.example/',
    'https://a.example/hub',
    'https://a.example/hub/',
    'https://a.example/hub/api',
    'https://a.example/hub/api/',
    'https://a.example/hub/home?x#y',
  ])
    it(`is found from ${text}`, () => assert.equal(apiRoot(text), 'https://a.example/hub/api'))
  it('keeps the path that a gateway lives below', () => {
    assert.equal(apiRoot('https://a.example/jupyter'), 'https://a.example/jupyter/hub/api')
    assert.equal(apiRoot('http://[::1]:8081/jupyter/hub/api'), 'http://[::1]:8081/jupyter/hub/api')
  })
  for (const text of ['a.example', 'ftp://a.example', '', 'https://user:secret@a.example/'])
    it(`is refused in words: ${JSON.stringify(text)}`, () => assert.throws(() => apiRoot(text), { exitStatus: 1 }))
})

describe('whom to ask, and with which token', () => {
  const none = { HOME: join(home, 'empty') }
  const filed = { HOME: join(home, 'filed') }
  const path = write('filed/.config/batchway/credentials.yaml', 'url: https://file.example\ntoken: from-file\n')
  const session = { JUPYTERHUB_API_URL: 'http://10.0.0.1:8081/hub/api', JUPYTERHUB_API_TOKEN: 'from-session' }

  it('is what the command says, then the environment, then the session, then the file', () => {
    assert.equal(credentialsPath(filed), path)
    const ask = (options: { url?: string; tokenFile?: string }, env: object) => {
      const { api, token } = findCredentials(options, { ...env })
      return `${token} → ${api}`
    }
    const own = { BATCHWAY_URL: 'https://own.example', BATCHWAY_TOKEN: 'from-environment' }
    const tokenFile = write('token', 'from-token-file\n')
    assert.equal(ask({}, filed), 'from-file → https://file.example/hub/api')
    assert.equal(ask({}, { ...filed, ...session }), 'from-session → http://10.0.0.1:8081/hub/api')
    assert.equal(ask({}, { ...filed, ...session, ...own }), 'from-environment → https://own.example/hub/api')
    assert.equal(
      ask({ url: 'https://said.example', tokenFile }, { ...filed, ...session, ...own }),
      'from-token-file → https://said.example/hub/api',
    )
    assert.equal(ask({ url: 'https://file.example/' }, filed), 'from-file → https://file.example/hub/api')
  })

  it('never sends the file’s or the session’s token to another hub', () => {
    for (const env of [filed, { ...none, ...session }])
      assert.throws(() => findCredentials({ url: 'https://evil.example' }, env), {
        exitStatus: 3,
        message: /there is no token for https:\/\/evil\.example\//,
      })
  })

  it('does not call the way from a job to its hub open', () => {
    assert.equal(findCredentials({}, { ...none, ...session }).isInClear, false)
    assert.equal(
      findCredentials({}, { ...none, BATCHWAY_URL: 'http://a.example', BATCHWAY_TOKEN: 'x' }).isInClear,
      true,
    )
  })

  for (const mode of [0o640, 0o604, 0o644])
    it(`refuses a file of mode ${mode.toString(8)}, and says what to do`, () => {
      const open = write(
        `open-${mode}/.config/batchway/credentials.yaml`,
        'url: https://a.example\ntoken: canary\n',
        mode,
      )
      const problem = (run: () => void): string => {
        try {
          run()
        } catch (error) {
          return String(error)
        }
        return ''
      }
      for (const words of [
        problem(() => findCredentials({}, { HOME: join(home, `open-${mode}`) })),
        problem(() => findCredentials({ url: 'https://a.example', tokenFile: open }, none)),
      ]) {
        assert.match(words, /can be read by others .*chmod 600/)
        assert.doesNotMatch(words, /canary/)
      }
    })

  for (const text of [
    '',
    'token: canary',
    'url: https://a.example\ntoken: canary\nmore: 1',
    '{{{{canary',
    'url: https://a.example\ntoken: [canary]',
  ])
    it(`refuses a file that says ${JSON.stringify(text)}, without telling what`, () => {
      write('odd/.config/batchway/credentials.yaml', text)
      assert.throws(
        () => findCredentials({}, { HOME: join(home, 'odd') }),
        (error: Error) => /must hold two lines/.test(error.message) && !/canary/.test(error.message),
      )
    })

  it('refuses a token file with more than a token, without telling what', () => {
    const tokenFile = write('two', 'canary one\n')
    assert.throws(
      () => findCredentials({ url: 'https://a.example', tokenFile }, none),
      (error: Error) => /one token alone/.test(error.message) && !/canary/.test(error.message),
    )
  })

  it('says where to get a token, and where to write it', () => {
    assert.throws(() => findCredentials({}, none), /which hub\? .*credentials\.yaml \(mode 600\)/)
    assert.throws(
      () => findCredentials({ url: 'https://a.example' }, none),
      /make one at https:\/\/a\.example\/hub\/token/,
    )
  })
})
