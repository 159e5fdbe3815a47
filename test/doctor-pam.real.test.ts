/** What `batchway doctor` says of a real saslauthd and of PAM's own services. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { judgePam } from '../packages/batchway/src/cli/doctor/judge-pam.ts'
import { lookAtPam } from '../packages/batchway/src/cli/doctor/look-at-pam.ts'
import { findAccount } from '../packages/batchway/src/cli/start/served-account.ts'
import { type RealPam, realPam } from './e2e/support/real-pam.ts'

describe('the check of PAM', () => {
  let pam: RealPam
  before(async () => {
    const hub = findAccount('batchway')
    assert.ok(hub)
    pam = await realPam(hub)
  })
  after(() => pam?.[Symbol.asyncDispose]())

  async function wordsOf(service = pam.service): Promise<string> {
    const way = { type: 'pam', id: 'pam', button: 'Sign in', service, socket: pam.socket, groups: false } as const
    // Another saslauthd of this machine may keep passwords.
    const verdicts = judgePam({ ...(await lookAtPam(way, 'batchway')), caches: null })
    return verdicts.flatMap(({ status, words, remedy }) => [status, words, ...remedy]).join('\n')
  }

  it('finds the daemon that answers, and its service', async () => {
    assert.match(await wordsOf(), new RegExp(`^ok\\n.*saslauthd answers at .*, service ${pam.service}$`))
  })
  it('finds out a service that PAM does not have', async () => {
    assert.match(await wordsOf('batchway-none'), /^problem\n.*no PAM service batchway-none/)
  })
  it('finds out a daemon that has ended, and sees it again', async () => {
    await pam.stop()
    assert.match(await wordsOf(), /^problem\n[\s\S]*systemctl (?:enable --now|restart) saslauthd/)
    await pam.start()
    assert.match(await wordsOf(), /^ok\n/)
  })
})
