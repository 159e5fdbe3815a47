/** The generated site files, read by the real servers' own checks. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { apacheConfig, apacheModules, apacheSecret } from './apache.ts'
import { type FrontFacts, secretFile } from './front-facts.ts'
import { nginxConfig, nginxSecret } from './nginx.ts'
import { type OpenIdFacts, openIdSecretFile } from './openid.ts'

const openId: OpenIdFacts = {
  issuer: 'https://sso.example.edu/realms/hpc',
  clientId: 'batchway',
  data: { claims: ['mail', '', 'groups'], separator: '/', listSeparator: ',' },
  lastsSeconds: 1_209_600,
  idleSeconds: 3_600,
}
const bareOpenId: OpenIdFacts = { issuer: null, clientId: null, data: null, lastsSeconds: 86_400, idleSeconds: null }

describe('what the front servers say of their site files', () => {
  let folder = ''
  const at = (name: string): string => join(folder, name)
  const run = (program: string, ...args: string[]) => {
    const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
    if (error) throw error
    return { status, words: stdout + stderr }
  }

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchway-front-'))
    mkdirSync(at('logs'))
    const made = run(
      'openssl',
      ...'req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=hpc.example.edu'.split(' '),
      '-keyout',
      at('k.pem'),
      '-out',
      at('c.pem'),
    )
    assert.equal(made.status, 0, made.words)
    writeFileSync(at('apache.secret'), apacheSecret('0123456789abcdef'.repeat(4)))
    writeFileSync(at('openid.secret'), 'OIDCClientSecret "of the client"\nOIDCCryptoPassphrase 0123456789abcdef\n')
    writeFileSync(at('nginx.secret'), nginxSecret('0123456789abcdef'.repeat(4)))
  })
  after(() => rmSync(folder, { recursive: true }))

  const cases: readonly (readonly [string, Partial<FrontFacts>])[] = [
    ['behind an address and a secret', {}],
    ['behind a unix socket', { proxy: { socket: '/run/batchway/front.sock' }, needsSecret: false }],
    ['at the root', { base: '/' }],
    ['without single sign-on', { identity: null, needsSecret: false }],
    ['with hosts for applications', { applicationDomain: 'jupyter.example.edu' }],
    ['on another port', { port: 8443 }],
    ['with mod_auth_openidc', { signOn: 'openidc', openId }],
    [
      'with mod_auth_openidc at the root, not told of the provider',
      { base: '/', signOn: 'openidc', openId: bareOpenId },
    ],
  ]
  const factsOf = (change: Partial<FrontFacts>): FrontFacts => ({
    fqdn: 'hpc.example.edu',
    port: 443,
    base: '/jupyter/',
    proxy: { address: '127.0.0.1:8000' },
    identity: { user: 'Remote_User', data: 'Remote_User_Data' },
    needsSecret: true,
    signOn: 'basic',
    openId: null,
    applicationDomain: null,
    certificate: at('c.pem'),
    certificateKey: at('k.pem'),
    ...change,
  })

  function checkApache(facts: FrontFacts, text: string) {
    const modules = [
      'mpm_event',
      'authn_core',
      'authz_core',
      'authz_user',
      'socache_shmcb',
      'alias',
      'env',
      ...apacheModules(facts),
    ]
    writeFileSync(
      at('apache.conf'),
      [
        `ServerRoot ${folder}`,
        'ServerName localhost',
        `PidFile ${at('apache.pid')}`,
        'ErrorLog logs/error.log',
        ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
        'Listen 80',
        'Listen 443',
        text.replaceAll(secretFile.apache, at('apache.secret')).replaceAll(openIdSecretFile, at('openid.secret')),
      ].join('\n'),
    )
    return run('/usr/sbin/apache2', '-t', '-f', at('apache.conf'))
  }

  function checkNginx(text: string) {
    writeFileSync(
      at('nginx.conf'),
      [
        `pid ${at('nginx.pid')};`,
        `error_log ${at('logs/error.log')};`,
        'events {}',
        'http {',
        `access_log ${at('logs/access.log')};`,
        text.replaceAll(secretFile.nginx, at('nginx.secret')),
        '}',
      ].join('\n'),
    )
    return run('/usr/sbin/nginx', '-t', '-q', '-c', at('nginx.conf'))
  }

  for (const [what, change] of cases) {
    it(`Apache takes the file ${what}`, () => {
      const { status, words } = checkApache(factsOf(change), apacheConfig(factsOf(change)))
      assert.equal(status, 0, words)
      assert.match(words, /Syntax OK/)
    })
    it(`nginx takes the file ${what}`, () => {
      const { status, words } = checkNginx(nginxConfig(factsOf(change)))
      assert.equal(status, 0, words)
      assert.equal(words, '')
    })
  }

  it('both refuse a file with a mistake in it', () => {
    const facts = factsOf({})
    assert.notEqual(checkApache(facts, apacheConfig(facts).replace('ProxyPass ', 'ProxyPas ')).status, 0)
    assert.notEqual(checkNginx(nginxConfig(facts).replace('proxy_pass ', 'proxy_pas ')).status, 0)
  })
})
