import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { homeDirectories } from './home-directory.ts'

describe('the home of an account', () => {
  it('follows from the rule, and nobody is asked', async () => {
    assert.equal(await homeDirectories('/home/{account}', () => assert.fail('asked'))('alice'), '/home/alice')
  })

  it('is asked for once', async () => {
    let asked = 0
    const homeOf = homeDirectories(undefined, async () => `/data/${++asked}`)
    assert.deepEqual(
      [await homeOf('alice'), await homeOf('alice'), await homeOf('bob')],
      ['/data/1', '/data/1', '/data/2'],
    )
  })

  it('of an account that nobody knows: the error says what to write', async () => {
    await assert.rejects(homeDirectories(undefined, async () => null, 'on the login node login1')('alice'), {
      message:
        'the account alice is unknown on the login node login1; give the cluster a rule: home: "/home/{account}"',
    })
    await assert.rejects(
      homeDirectories(undefined)('nobody-of-this-name'),
      /is unknown on this host; give the cluster a rule/,
    )
  })

  it('is not a relative path, and not guessed where nobody can tell', async () => {
    await assert.rejects(homeDirectories(undefined, async () => 'home')('alice'), /has no home/)
    const homeOf = homeDirectories(undefined, () => Promise.reject(new Error('lost')))
    await assert.rejects(homeOf('alice'), /^Error: lost$/)
  })
})
