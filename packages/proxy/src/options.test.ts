import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatAddress, parseAddress } from './address.ts'
import { helpText, parseCommandLine } from './options.ts'

describe('parseCommandLine', () => {
  it('has a default for everything', () =>
    assert.deepEqual(parseCommandLine([]), {
      listen: ['127.0.0.1:8000'],
      tls: null,
      control: '127.0.0.1:8001',
      controlTokenFile: null,
      snapshot: null,
      defaultTarget: null,
      hosts: null,
      basePath: '/',
      hubCookies: ['jupyterhub-hub-login'],
      trustedFronts: [],
      frontSecretFile: null,
      identity: null,
      trustAddressAlone: false,
      identityHeaders: [],
      metrics: null,
      drainMs: 10_000,
      accessLog: null,
      logLevel: 'info',
      help: false,
    }))

  it('collects what may be repeated', () => {
    const line = parseCommandLine([
      '--listen=[::]:80',
      '--listen',
      'unix:/a',
      '--trusted-front=unix',
      '--hub-cookie=c',
      '--drain-seconds=3',
    ])
    assert.deepEqual(
      [line.listen, line.trustedFronts, line.hubCookies, line.drainMs],
      [['[::]:80', 'unix:/a'], ['unix'], ['c'], 3_000],
    )
  })

  for (const argv of [
    ['--nonsense'],
    ['positional'],
    ['--log-level', 'loud'],
    ['--base-path', 'x'],
    ['--drain-seconds', '-1'],
    ['--listen'],
  ])
    it(`refuses ${argv.join(' ')}`, () => assert.throws(() => parseCommandLine(argv)))

  it('explains every option it knows', () => {
    for (const option of [
      'listen',
      'control',
      'control-token-file',
      'snapshot',
      'trusted-front',
      'drain-seconds',
      'help',
    ])
      assert.match(helpText(), new RegExp(`^  --${option}\\b`, 'm'))
  })
})

describe('parseAddress', () => {
  for (const text of ['127.0.0.1:8000', '[::1]:0', 'localhost:65535', 'unix:/run/batchway/proxy.sock'])
    it(`reads and writes ${text}`, () => assert.equal(formatAddress(parseAddress(text)), text))

  it('reads the URL form too', () =>
    assert.deepEqual(parseAddress('http://127.0.0.1:8001/'), { kind: 'tcp', host: '127.0.0.1', port: 8001 }))

  for (const text of [
    '',
    ':80',
    '127.0.0.1',
    '::1:80',
    'h:65536',
    'h:x',
    'unix:relative',
    `unix:/${'x'.repeat(107)}`,
    'https://h:1',
  ])
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseAddress(text), RangeError))
})

describe('the options of hosts', () => {
  it('go together', () => {
    const { hosts } = parseCommandLine(['--hub-origin=https://hub.test', '--application-domain=apps.test'])
    assert.deepEqual([hosts?.hubHost, hosts?.domain], ['hub.test', 'apps.test'])
    assert.throws(() => parseCommandLine(['--hub-origin=https://hub.test']), /go together/)
    assert.throws(() => parseCommandLine(['--hub-origin=https://hub.test/x', '--application-domain=apps.test']))
  })
})
