import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Config, ConfigInput } from '../core/config.ts'
import { ConfigError } from '../core/config-error.ts'
import { silentLogger } from '../core/logger.ts'
import { parseConfig } from '../core/parse-config.ts'
import { frontProblems } from './front-problems.ts'
import { openLogins } from './open-logins.ts'

const site = (change: Partial<ConfigInput>): unknown => ({
  stateDirectory: '/var/lib/batchway',
  signIn: [{ type: 'header' }],
  clusters: { here: { driver: 'local' } },
  applications: { lab: { kind: 'jupyterhub-singleuser' } },
  profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'lab' }],
  ...change,
})
const read = (change: Partial<ConfigInput>): Config => parseConfig(site(change), 'batchway.yaml', frontProblems)

function problemsOf(change: Partial<ConfigInput>): Record<string, string> {
  try {
    read(change)
    return {}
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]))
  }
}

const frontSecretFile = '/etc/batchway/front.secret'
const proven = { trustedFronts: ['10.0.0.7'], frontSecretFile }

describe('a configuration with header sign-in', () => {
  const good: readonly (readonly [string, Partial<ConfigInput>])[] = [
    ['an address and a secret', { proxy: proven }],
    [
      'a network and a secret, on every address',
      { listen: ['0.0.0.0:8000', '[::]:8000'], proxy: { ...proven, trustedFronts: ['10.1.0.0/24', '2001:db8::/64'] } },
    ],
    ['a unix socket alone', { listen: ['unix:/run/batchway/front.sock'], proxy: { trustedFronts: ['unix'] } }],
    ['an address that has to be enough', { proxy: { trustedFronts: ['10.0.0.7'], trustAddressAlone: true } }],
    ['no header sign-in, whatever is trusted', { signIn: [{ type: 'link' }], proxy: { trustedFronts: ['127.0.0.1'] } }],
    ['other ways beside it', { signIn: [{ type: 'header' }, { type: 'link' }], proxy: proven }],
  ]
  for (const [what, change] of good) it(`is fine with ${what}`, () => assert.deepEqual(problemsOf(change), {}))

  const bad: readonly (readonly [string, Partial<ConfigInput>, path: string, words: RegExp])[] = [
    ['nobody to believe', {}, 'proxy.trustedFronts', /\["10\.0\.0\.7"\], or \["unix"\]/],
    ['nobody to believe, on a public address', { listen: ['0.0.0.0:8000'] }, 'proxy.trustedFronts', /say which/],
    [
      'an address without a secret',
      { proxy: { trustedFronts: ['127.0.0.1'] } },
      'proxy.frontSecretFile',
      /connect from 127\.0\.0\.1 .*openssl rand -hex 32.*X-Batchway-Front-Secret/s,
    ],
    [
      'a unix socket and an address without a secret',
      { listen: ['unix:/a', '127.0.0.1:1'], proxy: { trustedFronts: ['unix', '10.0.0.0/8'] } },
      'proxy.frontSecretFile',
      /10\.0\.0\.0\/8/,
    ],
    ['a unix socket that nobody listens on', { proxy: { trustedFronts: ['unix'] } }, 'listen', /unix:\/run/],
    [
      'a network of everybody',
      { proxy: { ...proven, trustedFronts: ['0.0.0.0/0'] } },
      'proxy.trustedFronts[0]',
      /every address/,
    ],
    [
      'a network that is none',
      { proxy: { ...proven, trustedFronts: ['10.0.0.0/33'] } },
      'proxy.trustedFronts[0]',
      /not a front server/,
    ],
    [
      'a name instead of an address',
      { proxy: { ...proven, trustedFronts: ['www.example'] } },
      'proxy.trustedFronts[0]',
      /an IP address, a network/,
    ],
    [
      'a header that HTTP needs',
      { signIn: [{ type: 'header', header: 'Cookie' }], proxy: proven },
      'signIn[0].header',
      /cannot be/,
    ],
    [
      'one header for two things',
      { signIn: [{ type: 'header', dataHeader: 'remote-user' }], proxy: proven },
      'signIn[0].header',
      /different names/,
    ],
    [
      'two of them',
      { signIn: [{ type: 'header' }, { type: 'header', header: 'eppn' }], proxy: proven },
      'signIn',
      /once/,
    ],
    [
      'a script as address',
      { signIn: [{ type: 'header', logoutUrl: 'javascript:alert(1)' }], proxy: proven },
      'signIn[0].logoutUrl',
      /full address, or a path/,
    ],
    [
      'another host in disguise',
      { signIn: [{ type: 'header', signInUrl: '//evil.example' }], proxy: proven },
      'signIn[0].signInUrl',
      /full address, or a path/,
    ],
    [
      'a header line in an address',
      { signIn: [{ type: 'header', logoutUrl: '/a\r\nX: y' }], proxy: proven },
      'signIn[0].logoutUrl',
      /full address/,
    ],
  ]
  for (const [what, change, path, words] of bad)
    it(`is refused with ${what}, and says what to write`, () => assert.match(problemsOf(change)[path] ?? '', words))
})

describe('openLogins', () => {
  const host = { now: () => 0, log: silentLogger, environment: {}, names: { groupsOf: async () => [] }, siteLogins: [] }
  const claimsOf = async (signIn: ConfigInput['signIn'], data: string | null) =>
    (await openLogins(read({ signIn, proxy: proven }), host)).flatMap((login) =>
      login.kind === 'front' ? [login.identify({ user: 'alice', data }).claims] : [],
    )

  it('maps the data as the site says, and all of it to one claim if it says nothing', async () => {
    assert.deepEqual(await claimsOf([{ type: 'header', data: {} }], 'stuff;morestuff'), [
      { data: ['stuff', 'morestuff'] },
    ])
    assert.deepEqual(await claimsOf([{ type: 'header', dataHeader: 'X' }], 'stuff;morestuff'), [
      { data: ['stuff', 'morestuff'] },
    ])
    assert.deepEqual(
      await claimsOf([{ type: 'header', data: { claims: ['mail', 'groups'], listSeparator: ',' } }], 'a@b.example;x,y'),
      [{ mail: ['a@b.example'], groups: ['x', 'y'] }],
    )
    assert.deepEqual(await claimsOf([{ type: 'header' }], 'stuff'), [{}])
  })
})
