import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { accountRule } from './account-rule.ts'

const rule = (change: object) =>
  accountRule({ account: '{user}', accounts: undefined, title: 'Larch', ...change }, 'larch')

describe('accountRule', () => {
  it('fills in the user and what the sign-in told', async () => {
    assert.equal(await rule({})({ name: 'alice' }), 'alice')
    assert.equal(await rule({ account: 'p_{user}' })({ name: 'alice' }), 'p_alice')
    const byClaim = rule({ account: '{claim.larch_account}' })
    assert.equal(await byClaim({ name: 'alice', claims: { larch_account: ['al01', 'x'] } }), 'al01')
    assert.equal(
      await byClaim({ name: 'alice', claims: { larch_account: ['$&{user}'] } }),
      '$&{user}',
      'nothing is filled in twice',
    )
    for (const claims of [{}, { larch_account: [] }, undefined])
      await assert.rejects(byClaim({ name: 'alice', ...(claims && { claims }) }), {
        code: 'invalid_choice',
        message: /no account on Larch.*did not tell "larch_account"/,
      })
  })

  it('reads a table first, and again when it changes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'batchway-accounts-'))
    try {
      const accounts = join(folder, 'accounts')
      const find = rule({ accounts })
      await assert.rejects(find({ name: 'alice' }), { code: 'scheduler_unavailable', message: /accounts of Larch/ })
      await writeFile(accounts, 'alice al01\n')
      assert.equal(await find({ name: 'alice' }), 'al01')
      assert.equal(await find({ name: 'bob' }), 'bob')
      await writeFile(accounts, 'alice alice-new\n')
      assert.equal(await find({ name: 'alice' }), 'alice-new')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
