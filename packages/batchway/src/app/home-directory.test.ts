import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SchedulerError } from '@batchway/schedulers'
import { homeDirectories } from './home-directory.ts'
import type { Account } from './name-service.ts'

/** A name service that answers with a home, or with nothing, or not at all. */
const names = (home: () => string | null) => ({
  async findAccount(name: string): Promise<Account | null> {
    const found = home()
    return found === null ? null : { name, uid: 1_000, home: found, shell: '/bin/sh' }
  },
})

describe('the home of an account', () => {
  it('follows from the rule, and nobody is asked', async () => {
    const homeOf = homeDirectories(
      '/home/{account}',
      names(() => assert.fail('asked')),
    )
    assert.equal(await homeOf('alice'), '/home/alice')
  })

  it('is asked for once', async () => {
    let asked = 0
    const homeOf = homeDirectories(
      undefined,
      names(() => `/data/${++asked}`),
    )
    assert.deepEqual(
      [await homeOf('alice'), await homeOf('alice'), await homeOf('bob')],
      ['/data/1', '/data/1', '/data/2'],
    )
  })

  it('of an account that nobody knows: the error says what to write', async () => {
    const nobody = names(() => null)
    await assert.rejects(homeDirectories(undefined, nobody, 'the login node login1')('alice'), {
      message:
        'the account alice is unknown on the login node login1; give the cluster a rule: home: "/home/{account}"',
    })
    await assert.rejects(
      homeDirectories(undefined, nobody)('alice'),
      /is unknown on this host; give the cluster a rule/,
    )
  })

  it('is not a relative path, and not guessed where nobody can tell', async () => {
    const relative = homeDirectories(
      undefined,
      names(() => 'home'),
    )
    await assert.rejects(relative('alice'), /has no home/)
    const failing = (error: Error) =>
      homeDirectories(
        undefined,
        names(() => {
          throw error
        }),
      )('alice')
    await assert.rejects(failing(new Error('lost')), /this host cannot tell where the home of alice is/)
    // What a login node that cannot be reached says decides whether a submit waits: it is passed on.
    const closed = new SchedulerError('unavailable', 'The login node cannot be reached', { wasSent: false })
    await assert.rejects(failing(closed), { wasSent: false })
  })
})
