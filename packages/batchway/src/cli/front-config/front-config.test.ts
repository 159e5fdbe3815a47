import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apacheConfig } from './apache.ts'
import { type FrontFacts, spellingsOf } from './front-facts.ts'
import { nginxConfig } from './nginx.ts'
import { openIdAddresses } from './openid.ts'

const facts: FrontFacts = {
  fqdn: 'hpc.example.edu',
  port: 443,
  base: '/jupyter/',
  proxy: { address: '127.0.0.1:8000' },
  identity: { user: 'Remote_User', data: 'Remote_User_Data' },
  needsSecret: true,
  signOn: 'basic',
  openId: null,
  applicationDomain: null,
  certificate: '/etc/ssl/c.pem',
  certificateKey: '/etc/ssl/k.pem',
}

describe('spellingsOf', () => {
  it('knows every way to write a header that others could take for it', () => {
    assert.deepEqual(spellingsOf('Remote_User'), ['Remote_User', 'Remote-User'])
    assert.equal(spellingsOf('Remote_User_Data').length, 4)
    assert.deepEqual(spellingsOf('eppn'), ['eppn'])
  })
})

for (const [server, make] of [
  ['apache', apacheConfig],
  ['nginx', nginxConfig],
] as const)
  describe(`the site file for ${server}`, () => {
    it('takes away what clients claim, in every spelling, and sets each header once', () => {
      const text = make(facts)
      for (const name of ['Remote-User', 'Remote-User_Data', 'Remote_User-Data', 'Remote-User-Data'])
        assert.match(text, new RegExp(`(unset ${name} early|proxy_set_header ${name} '';)`))
      assert.equal(text.match(/(RequestHeader set|proxy_set_header) Remote_User /g)?.length, 1)
      assert.match(text, /X-Batchway-Front-Secret/)
    })

    it('names no secret, and none where a socket proves enough', () => {
      const text = make({ ...facts, proxy: { socket: '/run/batchway/front.sock' }, needsSecret: false })
      assert.match(text, /unix:\/run\/batchway\/front\.sock/)
      assert.doesNotMatch(text, /batchway[-_]front[-_.]secret(?! early)/i)
    })

    it('asks nobody who they are where people sign in behind it', () => {
      const text = make({ ...facts, identity: null, needsSecret: false })
      assert.doesNotMatch(text, /Remote|auth_basic|AuthType|valid-user/)
    })

    it('lets applications’ hosts through without a sign-on, and names nobody there', () => {
      const text = make({ ...facts, applicationDomain: 'apps.example.edu' })
      const [, hosts = ''] = text.split('# Applications, each on a host of its own')
      assert.match(hosts, /(ServerAlias|server_name) \*\.apps\.example\.edu/)
      assert.match(hosts, /X-Batchway-Front-Secret/)
      assert.doesNotMatch(hosts, /auth_basic|AuthType|valid-user|token_user|RequestHeader set Remote/)
      for (const name of ['Remote_User', 'Remote-User'])
        assert.match(hosts, new RegExp(`(unset ${name} early|proxy_set_header ${name} '';)`))
      assert.doesNotMatch(make(facts), /\*\.|Applications, each/)
    })

    it('redirects plain http where https has its usual port alone', () => {
      assert.match(make(facts), /(listen 80;|<VirtualHost \*:80>)/)
      assert.doesNotMatch(make({ ...facts, port: 8443 }), /(listen 80;|<VirtualHost \*:80>)/)
    })
  })

describe('the site file for mod_auth_openidc', () => {
  const openId = {
    issuer: 'https://sso.example.edu/realms/hpc/',
    clientId: 'gateway',
    data: { claims: ['mail', '', 'groups'], separator: ';', listSeparator: ',' },
    lastsSeconds: 1_209_600,
    idleSeconds: 3_600,
  }
  const text = apacheConfig({ ...facts, signOn: 'openidc', openId })

  it('names provider, client and limits, and tells claims by their places', () => {
    for (const line of [
      'OIDCProviderMetadataURL https://sso.example.edu/realms/hpc/.well-known/openid-configuration',
      'OIDCClientID gateway',
      'OIDCRedirectURI https://hpc.example.edu/jupyter/openid-connect',
      'OIDCCookiePath /jupyter',
      'OIDCSessionMaxDuration 1209600',
      'OIDCSessionInactivityTimeout 3600',
      'RequestHeader set Remote_User_Data "expr=%{reqenv:OIDC_CLAIM_mail};;%{reqenv:OIDC_CLAIM_groups}"',
      'Require expr "! %{reqenv:OIDC_CLAIM_mail} =~ /\\x3b/"',
      'Require expr "! %{reqenv:OIDC_CLAIM_groups} =~ /\\x3b/"',
    ])
      assert.ok(text.includes(`${line}\n`), line)
  })

  it('leaves places for what it was not told, and none of it where the front server signs nobody in', () => {
    const bare = apacheConfig({
      ...facts,
      signOn: 'openidc',
      openId: { ...openId, issuer: null, clientId: null, data: null },
    })
    assert.match(bare, /sso\.example\.edu[\s\S]*Require valid-user[\s\S]*BATCHWAY_DATA/)
    assert.doesNotMatch(apacheConfig({ ...facts, identity: null, signOn: 'openidc', openId }), /OIDC/)
  })

  it('signs out through Apache and comes back to a page that asks nobody', () => {
    const { logoutUrl, signInUrl } = openIdAddresses(facts, openId.issuer)
    assert.equal(
      logoutUrl,
      '/jupyter/openid-connect?logout=https%3A%2F%2Fhpc.example.edu%2Fjupyter%2Fhub%2Flogin%3Fout%3D1',
    )
    assert.match(signInUrl, /^\/jupyter\/openid-connect\?iss=https%3A.*&target_link_uri=\{next\}$/)
  })
})
