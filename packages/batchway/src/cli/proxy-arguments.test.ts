import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { frontProblems } from '../app/front-problems.ts'
import type { Config, ConfigInput } from '../core/config.ts'
import { parseConfig } from '../core/parse-config.ts'
import { changedOptions, proxyArguments } from './proxy-arguments.ts'

const site = (change: Partial<ConfigInput>): unknown => ({
  stateDirectory: '/var/lib/batchway',
  signIn: [{ type: 'header' }],
  clusters: { here: { driver: 'local' } },
  applications: { lab: { kind: 'jupyterhub-singleuser' } },
  profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'lab' }],
  ...change,
})
const read = (change: Partial<ConfigInput>): Config => parseConfig(site(change), 'batchway.yaml', frontProblems)

const frontSecretFile = '/etc/batchway/front.secret'
const proven = { trustedFronts: ['10.0.0.7'], frontSecretFile }

describe('proxyArguments', () => {
  const front = (change: Partial<ConfigInput>) =>
    proxyArguments(read(change)).filter((each) => /front|user|trust|identity/.test(each))

  it('names the access log, where there is one', () => {
    const logs = (change: Partial<ConfigInput>) => proxyArguments(read(change)).filter((each) => /log/.test(each))
    assert.deepEqual(logs({ proxy: proven }), [])
    assert.deepEqual(logs({ proxy: { ...proven, accessLog: '/var/log/a' } }), ['--access-log=/var/log/a'])
  })
  it('names certificate, key and the address of figures, where they are configured', () => {
    const tls = { certificateFile: '/etc/letsencrypt/live/h/fullchain.pem', keyFile: '/k' }
    const found = proxyArguments(read({ proxy: { ...proven, tls, metrics: '127.0.0.1:9100' } }))
    assert.deepEqual(
      found.filter((each) => /tls|metrics/.test(each)),
      [`--tls-certificate=${tls.certificateFile}`, '--tls-key=/k', '--metrics=127.0.0.1:9100'],
    )
    assert.ok(!proxyArguments(read({ proxy: proven })).some((each) => /tls|metrics/.test(each)))
  })
  it('tells the proxy whom to believe and what to read; the secret goes by file', () => {
    assert.deepEqual(front({ proxy: proven }), [
      '--trusted-front=10.0.0.7',
      `--front-secret-file=${frontSecretFile}`,
      '--user-header=Remote_User',
    ])
    assert.deepEqual(
      front({
        signIn: [{ type: 'header', header: 'eppn', dataHeader: 'X-Groups' }],
        listen: ['unix:/a'],
        proxy: { trustedFronts: ['unix'] },
      }),
      ['--trusted-front=unix', '--user-header=eppn', '--user-data-header=X-Groups'],
    )
    assert.deepEqual(
      front({ signIn: [{ type: 'header', data: {} }], proxy: { trustedFronts: ['::1'], trustAddressAlone: true } }),
      [
        '--trusted-front=::1',
        '--user-header=Remote_User',
        '--user-data-header=Remote_User_Data',
        '--trust-address-alone',
      ],
    )
  })

  it('does not make the proxy read identities for a site that does not use them', () =>
    assert.deepEqual(front({ signIn: [{ type: 'link' }], proxy: proven }), [
      '--trusted-front=10.0.0.7',
      `--front-secret-file=${frontSecretFile}`,
    ]))
})

describe('changedOptions', () => {
  it('names what a running proxy cannot take over, once, and nothing if all is the same', () => {
    const now = ['--listen=a', '--listen=b', '--access-log=/x']
    assert.deepEqual(changedOptions(now, now), [])
    assert.deepEqual(changedOptions(['--listen=a', '--listen=c'], now), ['--listen', '--access-log'])
    assert.deepEqual(changedOptions(['--listen=b', '--listen=a', '--access-log=/x'], now), ['--listen', '--access-log'])
  })
})
