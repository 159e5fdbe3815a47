import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog } from '../log.ts'
import { startProxy } from '../proxy.ts'
import { type ChpSettings, readChpCommandLine } from './command-line.ts'
import { refusedLines } from './conformance/refused-rows.ts'
import { chpHelp, chpOptionList } from './option-table.ts'
import { proxyOptions, readClientTls } from './start.ts'

const read = (...argv: string[]): ChpSettings => {
  const settings = readChpCommandLine(argv)
  if (typeof settings === 'string') throw new Error(settings)
  return settings
}
const tls = ['--ssl-key', 'k', '--ssl-cert', 'c']

/** Each option, and what it changes. */
const effects: readonly (readonly [argv: readonly string[], (settings: ChpSettings) => unknown, expected: unknown])[] =
  [
    [['--ip', '127.0.0.1'], ({ listen }) => listen, { kind: 'tcp', host: '127.0.0.1', port: 8000 }],
    [['--ip='], ({ listen }) => listen, { kind: 'tcp', host: '', port: 8000 }],
    [['--ip', '*'], ({ listen }) => listen, { kind: 'tcp', host: '', port: 8000 }],
    [['--ip', '[::1]', '--port=1'], ({ listen }) => listen, { kind: 'tcp', host: '::1', port: 1 }],
    [
      ['--port', '80'],
      ({ listen, api }) => [listen, api],
      [
        { kind: 'tcp', host: '', port: 80 },
        { kind: 'tcp', host: 'localhost', port: 81 },
      ],
    ],
    [['--port=1', '--port=2'], ({ listen }) => 'port' in listen && listen.port, 2],
    [
      ['--socket=/s'],
      ({ listen, api }) => [listen, api],
      [
        { kind: 'unix', path: '/s' },
        { kind: 'tcp', host: 'localhost', port: 8001 },
      ],
    ],
    [['--api-ip=::1', '--api-port=5'], ({ api }) => api, { kind: 'tcp', host: '::1', port: 5 }],
    [['--api-socket=/s', '--api-port=5'], ({ api }) => api, { kind: 'unix', path: '/s' }],
    [['--metrics-port=9', '--metrics-ip=::1'], ({ metrics }) => metrics, { kind: 'tcp', host: '::1', port: 9 }],
    [['--access-log=/l'], ({ accessLog }) => accessLog, '/l'],
    [['--metrics-socket=/s'], ({ metrics }) => metrics, { kind: 'unix', path: '/s' }],
    [
      [],
      ({ metrics, tls, apiTls, redirect, timeoutMs }) => [metrics, tls, apiTls, redirect, timeoutMs],
      [null, null, null, null, null],
    ],
    [
      [...tls, '--ssl-ca=a', '--ssl-request-cert', '--ssl-reject-unauthorized'],
      (settings) => settings.tls,
      {
        key: 'k',
        cert: 'c',
        ca: 'a',
        isCertificateAsked: true,
        isRejected: true,
      },
    ],
    [
      [
        '--api-ssl-key=k',
        '--api-ssl-cert=c',
        '--api-ssl-ca=a',
        '--api-ssl-request-cert',
        '--api-ssl-reject-unauthorized',
      ],
      ({ apiTls }) => apiTls,
      { key: 'k', cert: 'c', ca: 'a', isCertificateAsked: true, isRejected: true },
    ],
    [
      ['--client-ssl-key=k', '--client-ssl-cert=c', '--client-ssl-ca=a'],
      ({ clientTls }) => clientTls,
      { key: 'k', cert: 'c', ca: 'a' },
    ],
    [['--ssl-protocol=TLSv1_2'], ({ versions }) => versions, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
    [['--ssl-protocol=TLSv1_3'], ({ versions }) => versions, { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }],
    [['--ssl-protocol=SSLv23'], ({ versions }) => versions, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }],
    [['--ssl-ciphers=HIGH'], ({ ciphers }) => ciphers, 'HIGH'],
    [['--ssl-dhparam=d'], ({ dhparam }) => dhparam, 'd'],
    [['--ssl-allow-rc4'], ({ remarks }) => remarks.length, 1],
    [['--client-ssl-request-cert', '--client-ssl-reject-unauthorized'], ({ remarks }) => remarks.length, 2],
    [['--default-target=http://h:1'], ({ defaultTarget }) => defaultTarget, 'http://h:1'],
    [['--error-target=http://h:1'], ({ errorTarget }) => errorTarget, 'http://h:1'],
    [['--error-path=/e'], ({ errorPath }) => errorPath, '/e'],
    [[...tls, '--redirect-port=80', '--port=443'], ({ redirect }) => redirect, { port: 80, to: 443 }],
    [[...tls, '--redirect-port=80', '--redirect-to=444'], ({ redirect }) => redirect, { port: 80, to: 444 }],
    [['--pid-file=/p'], ({ pidFile }) => pidFile, '/p'],
    [['--no-x-forward'], ({ manner }) => manner.isForwardedTold, false],
    [['--no-prepend-path'], ({ manner }) => manner.isTargetPathAdded, false],
    [['--no-include-prefix'], ({ manner }) => manner.isPrefixKept, false],
    [['--auto-rewrite'], ({ manner }) => manner.isLocationOurs, true],
    [['--change-origin'], ({ manner }) => manner.isHostOfTarget, true],
    [['--protocol-rewrite=https'], ({ manner }) => manner.locationScheme, 'https'],
    [
      ['--custom-header', ' a : b:c ', '--custom-header=d:'],
      ({ manner }) => manner.customHeaders,
      [
        ['a', 'b:c'],
        ['d', ''],
      ],
    ],
    [['--insecure'], ({ isInsecure }) => isInsecure, true],
    [['--host-routing'], ({ manner }) => manner.isRoutedByHost, true],
    [['--log-level=DEBUG'], ({ logLevel }) => logLevel, 'debug'],
    [['--log-level=silly'], ({ logLevel }) => logLevel, 'debug'],
    [['--timeout=5'], ({ timeoutMs }) => timeoutMs, 5],
    [['--timeout=0'], ({ timeoutMs }) => timeoutMs, null],
    [['--proxy-timeout=5'], ({ proxyTimeoutMs }) => proxyTimeoutMs, 5],
    [['--keep-alive-timeout=5'], ({ keepAliveMs }) => keepAliveMs, 5],
    [
      [],
      ({ keepAliveMs, trustedFronts, drainMs }) => [keepAliveMs, trustedFronts, drainMs],
      [75_000, ['127.0.0.0/8', '::1', 'unix'], 2_000],
    ],
    [['--trusted-front=10.0.0.1'], ({ trustedFronts }) => trustedFronts, ['10.0.0.1']],
    [['--trusted-front=none'], ({ trustedFronts }) => trustedFronts, []],
    [['--trust-user-servers'], ({ manner }) => manner.areUsersConfined, false],
    [['--snapshot=/s'], ({ snapshot }) => snapshot, '/s'],
    [['--drain-seconds=7'], ({ drainMs }) => drainMs, 7_000],
  ]

describe('the command line of configurable-http-proxy', () => {
  for (const [argv, of, expected] of effects)
    it(`takes ${argv.join(' ') || 'nothing'}`, () => assert.deepEqual(of(read(...argv)), expected))

  it('has an effect, a refusal or a remark for every option of the table', () => {
    const tried = [...effects.map(([argv]) => argv), ...refusedLines.map(({ argv }) => argv)].flat()
    const missing = chpOptionList
      .map(([name]) => name)
      .filter((name) => !tried.some((word) => word === `--${name}` || word.startsWith(`--${name}=`)))
    assert.deepEqual(missing, ['version', 'help'])
  })

  for (const { argv, says } of refusedLines)
    it(`refuses ${argv.join(' ')}`, () => {
      const all = async () => {
        const settings = read(...argv)
        const clientTls = readClientTls(settings)
        const secrets = { token: 't', passphrase: undefined, apiPassphrase: undefined }
        const options = proxyOptions(settings, secrets, silentLog, () => clientTls)
        await using _started = await startProxy({ ...options, listen: ['127.0.0.1:0'], control: '127.0.0.1:0' })
      }
      return assert.rejects(all, (error) => error instanceof Error && says.test(error.message))
    })

  it('explains every option that it takes', () => {
    const help = chpHelp()
    for (const [name, { refused }] of chpOptionList)
      assert.equal(help.includes(`  --${name} `) || help.includes(`  --${name}\n`), refused === undefined, name)
    assert.equal(readChpCommandLine(['-h']), 'help')
    assert.equal(readChpCommandLine(['-V', '--port=9']), 'version')
  })
})
