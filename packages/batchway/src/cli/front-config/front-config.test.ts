import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apacheConfig } from './apache.ts'
import { type FrontFacts, spellingsOf } from './front-facts.ts'
import { nginxConfig } from './nginx.ts'

const facts: FrontFacts = {
  fqdn: 'hpc.example.edu',
  port: 443,
  base: '/jupyter/',
  proxy: { address: '127.0.0.1:8000' },
  identity: { user: 'Remote_User', data: 'Remote_User_Data' },
  needsSecret: true,
  signOn: 'basic',
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

    it('redirects plain http where https has its usual port alone', () => {
      assert.match(make(facts), /(listen 80;|<VirtualHost \*:80>)/)
      assert.doesNotMatch(make({ ...facts, port: 8443 }), /(listen 80;|<VirtualHost \*:80>)/)
    })
  })
