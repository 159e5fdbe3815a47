import assert from 'node:assert/strict'
import { it } from 'node:test'
import { hubKeys } from './hub-keys.ts'

it('an update changes no key: nobody is signed out, and who is at a provider comes back', () => {
  const { siteId, xsrf, keptSignIns, signInStart } = hubKeys('5f'.repeat(32))

  assert.equal(siteId, 'qgagx4wh5')
  assert.equal(xsrf, '056a9e180e89b1223bb06183e9b5ced8dbdf0cf218e59ee99a9486b8f3215503')
  assert.equal(keptSignIns.toString('hex'), 'aee5ab6466b7f584e0dc5bdd8f6847b4cdd8c3e4b7457fc20a12f752f4f9bef8')
  assert.equal(signInStart.toString('hex'), 'dddae915a61a5359164588dbd6a50bb08527418a36b0edd3891b38253ed86951')
})
