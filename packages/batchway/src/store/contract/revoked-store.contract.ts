/** What is removed is written down, whichever way it went. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { type Stores, storesOf } from '../stores.ts'
import type { Bench } from './bench.ts'

export function revokedStoreContract(name: string, openBench: () => Promise<Bench>): void {
  describe(`RevokedStore on ${name}`, () => {
    const client = 'jupyterhub-user-alice'
    async function fill({ users, signIns, tokens, oauth }: Stores): Promise<number> {
      const { id } = await users.ensure('alice', 1)
      const signIn = { id: 'si', userId: id, way: 'link', createdAt: 1, expiresAt: 50 }
      await signIns.insert('hash-of-cookie', signIn, { address: '', agent: '' })
      await oauth.upsertClient({
        id: client,
        secretHash: 'x',
        redirectUri: '/user/alice/oauth_callback',
        allowedScopes: [],
        description: '',
        userId: id,
        serverName: '',
      })
      const common = { userId: id, scopes: [], note: '', createdAt: 1, sessionId: null, clientId: null, signInId: null }
      await tokens.insert('hash-of-oauth', {
        ...common,
        kind: 'oauth',
        clientId: client,
        signInId: 'si',
        expiresAt: 90,
      })
      await tokens.insert('hash-of-api', { ...common, kind: 'api', expiresAt: 60 })
      await tokens.insert('hash-of-server', { ...common, kind: 'server', sessionId: 's', expiresAt: 40 })
      return id
    }
    const ways: Readonly<
      Record<string, readonly [(stores: Stores, alice: number, bench: Bench) => Promise<unknown>, string[]]>
    > = {
      'a sign-out': [({ signIns }) => signIns.remove('si'), ['hash-of-cookie', 'hash-of-oauth']],
      'a sign-out everywhere': [({ signIns }, id) => signIns.removeOf(id), ['hash-of-cookie', 'hash-of-oauth']],
      'the end of a sign-in': [({ signIns }) => signIns.removeExpired(50), ['hash-of-cookie', 'hash-of-oauth']],
      'the end of a token': [({ tokens }) => tokens.removeExpired(60), ['hash-of-api']],
      'a token revoked': [
        async ({ tokens }, id) => {
          for (const { token } of await tokens.listOf(id)) await tokens.remove(id, token.id)
        },
        ['hash-of-api', 'hash-of-oauth'],
      ],
      'an application that is gone': [({ oauth }) => oauth.removeClient(client), ['hash-of-oauth']],
      'a user removed': [({ users }, id) => users.remove(id), ['hash-of-api', 'hash-of-cookie', 'hash-of-oauth']],
      'an administrator’s own SQL': [
        async (_, id, bench) => {
          await using database = bench.open()
          await sql`delete from "user" where id = ${id}`.execute(database.db)
        },
        ['hash-of-api', 'hash-of-cookie', 'hash-of-oauth'],
      ],
    }
    for (const [way, [remove, hashes]] of Object.entries(ways))
      it(`knows what went with ${way}`, async () => {
        await using bench = await openBench()
        await using database = bench.open()
        const stores = storesOf(database)
        const alice = await fill(stores)
        assert.deepEqual(await stores.revoked.listAfter(0, 10), [])
        await remove(stores, alice, bench)
        const rows = await stores.revoked.listAfter(0, 10)
        assert.deepEqual(rows.map(({ textHash }) => textHash).sort(), hashes)
        for (const row of rows) {
          assert.equal(row.userId, alice)
          assert.equal(row.told, false)
          assert.equal(row.clientId, row.kind === 'oauth' ? client : null)
        }
        const signIn = rows.find(({ kind }) => kind === 'sign-in')
        if (signIn) assert.equal(signIn.ref, 'si')

        const last = rows.at(-1)?.id ?? 0
        assert.deepEqual(await stores.revoked.listAfter(last, 10), [])
        await stores.revoked.markTold(rows.map(({ id }) => id))
        assert.ok((await stores.revoked.listAfter(0, 10)).every(({ told }) => told))
        await stores.revoked.forget(last)
        assert.deepEqual(await stores.revoked.listAfter(0, 10), [])
      })
  })
}
