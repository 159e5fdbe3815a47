import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeHub, jsonOf } from './testing/fake-hub.ts'

describe('GET /sign-in/who', () => {
  const ask = (user: string, query: Record<string, string>) =>
    fakeHub().publicApi.request(`/hub/api/sign-in/who?${new URLSearchParams(query)}`, {
      headers: { authorization: `token token-${user}` },
    })

  it('tells an administrator what would become of a sign-in', async () => {
    assert.deepEqual(await jsonOf(await ask('root-admin', { subject: 'carol', claims: 'groups=hpc' })), {
      admitted: true,
      name: 'carol',
      admin: null,
      groups: ['hpc'],
      steps: ['the user is carol'],
      outcome: 'signs in as carol',
    })
    const refused = await jsonOf(await ask('root-admin', { subject: 'eve' }))
    assert.deepEqual([refused.admitted, refused.name], [false, null])
    assert.equal(refused.outcome, 'refused; the person reads: Not open to you.')
  })

  it('refuses others, and what it cannot read', async () => {
    assert.ok([403, 404].includes((await ask('alice', { subject: 'carol' })).status))
    assert.equal((await ask('root-admin', { subject: 'carol', claims: 'hpc' })).status, 400)
    assert.equal((await ask('root-admin', {})).status, 400)
  })
})
