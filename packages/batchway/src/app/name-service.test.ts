import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Command, Output } from '@batchway/schedulers'
import { homeDirectories } from './home-directory.ts'
import { openNameService } from './name-service.ts'

describe('the name service', () => {
  it('finds an account of this host by name and by uid, and none that nobody has', async () => {
    const names = openNameService()
    const root = await names.findAccount('root')
    assert.deepEqual({ ...root, shell: '' }, { name: 'root', uid: 0, home: '/root', shell: '' })
    assert.deepEqual(await names.findAccount('0'), root)
    assert.equal(await names.findAccount('nobody-of-this-name'), null)
    assert.equal(await names.findAccount('--help'), null)
  })

  it('finds the groups of an account; groups that cannot be told are no empty list, past which a blocked group would come in', async () => {
    const names = openNameService()
    assert.ok((await names.groupsOf('root')).includes('root'))
    await assert.rejects(names.groupsOf('nobody-of-this-name'), { code: 'sign_in_unavailable' })
  })

  const answer = (output: Partial<Output>): Output => ({ exitCode: 0, stdout: '', stderr: '', ...output })
  const line = 'alice:x:1002:1002:Alice:/home/alice:/bin/bash\n'

  it('is asked once by many who ask at once, and again later', async () => {
    let time = 0
    const asked: Command[] = []
    const names = openNameService(
      async (command) => {
        asked.push(command)
        return answer({ stdout: line })
      },
      () => time,
    )
    const found = await Promise.all(Array.from({ length: 90 }, () => names.findAccount('alice')))
    assert.equal(asked.length, 1)
    assert.deepEqual(found[89], { name: 'alice', uid: 1002, home: '/home/alice', shell: '/bin/bash' })
    await names.findAccount('bob')
    assert.equal(asked.length, 2)
    time = 5_000
    await names.findAccount('alice')
    assert.equal(asked.length, 3)
  })

  it('does not take silence for "nobody", nor keep it', async () => {
    const answers = [answer({ exitCode: 3 }), answer({ stdout: 'garbage' }), answer({ stdout: line })]
    const names = openNameService(async () => answers.shift() ?? assert.fail('asked too often'))
    await assert.rejects(names.findAccount('alice'))
    await assert.rejects(names.findAccount('alice'))
    assert.equal((await names.findAccount('alice'))?.uid, 1002)
  })
})

describe('the home of an account', () => {
  const account = { name: 'alice', uid: 1002, home: '/home/alice', shell: '/bin/bash' }

  it('is where the rule says, or the name service', async () => {
    const byRule = homeDirectories('/nfs/{account}', { findAccount: () => assert.fail('asked') })
    assert.equal(await byRule('alice'), '/nfs/alice')
    assert.equal(await homeDirectories(undefined, { findAccount: async () => account })('alice'), '/home/alice')
  })

  it('needs a rule where the host does not know the account, and says so', () =>
    assert.rejects(homeDirectories(undefined, { findAccount: async () => null })('alice'), /give the cluster a rule/))

  it('is not told wrongly while nobody answers', () =>
    assert.rejects(
      homeDirectories(undefined, { findAccount: () => Promise.reject(new Error('silent')) })('alice'),
      /cannot tell where/,
    ))
})
