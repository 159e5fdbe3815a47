import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Revoked } from '@batchway/proxy'
import { silentLogger } from '../core/logger.ts'
import type { Removal } from '../people/removal.ts'
import type { RevokedRow } from '../store/revoked-store.ts'
import { memorySeconds, openRevocationKeeper } from './revocation-keeper.ts'

function bench() {
  let now = 1_000_000
  let rows: RevokedRow[] = []
  const proxy = { instance: 'first', isAway: false, knows: new Map<string, string | null>(), cuts: [] as string[][] }
  let bumps = 0
  const open = () =>
    openRevocationKeeper({
      store: {
        listAfter: async (id, limit) => rows.filter((row) => row.id > id).slice(0, limit),
        markTold: async (ids) => {
          rows = rows.map((row) => (ids.includes(row.id) ? { ...row, told: true } : row))
        },
        forget: async (id) => {
          rows = rows.filter((row) => row.id > id)
        },
      },
      proxy: {
        async revoke(revoked: readonly Revoked[], seconds, { cut = true } = {}) {
          if (proxy.isAway) throw new Error('no answer')
          assert.equal(seconds, memorySeconds)
          for (const { credential, path } of revoked) proxy.knows.set(credential, path)
          if (cut) proxy.cuts.push(revoked.map(({ credential }) => credential))
          return { instance: proxy.instance, cut: 0 }
        },
        async instance() {
          if (proxy.isAway) throw new Error('no answer')
          return proxy.instance
        },
      },
      changes: {
        bump: () => {
          bumps += 1
        },
      },
      pathOf: async (clientId) => (clientId === 'jupyterhub-user-alice' ? '/user/alice' : null),
      log: silentLogger,
      now: () => now,
    })
  const add = (id: number, change: Partial<RevokedRow> = {}) => {
    rows.push({
      id,
      kind: 'api',
      ref: String(id * 10),
      textHash: `hash${id}`,
      clientId: null,
      userId: 1,
      told: false,
      ...change,
    })
    rows.sort((a, b) => a.id - b.id)
  }
  return {
    proxy,
    add,
    open,
    keeper: open(),
    rows: () => rows,
    bumps: () => bumps,
    pass: (ms: number) => {
      now += ms
    },
  }
}

describe('the revocation keeper', () => {
  it('tells streams, caches and the proxy of what was removed, once', async () => {
    const { keeper, add, proxy, bumps } = bench()
    const heard: Removal[] = []
    keeper.subscribe((removal) => heard.push(removal))
    add(1)
    add(2, { kind: 'oauth', clientId: 'jupyterhub-user-alice' })
    add(3, { kind: 'sign-in', ref: 'si' })
    // Its application is gone, and with it whoever could remember.
    add(4, { kind: 'oauth', clientId: 'jupyterhub-user-gone' })
    await keeper.tick()
    await keeper.tick()
    assert.deepEqual(heard, [
      { kind: 'token', id: 10 },
      { kind: 'token', id: 20 },
      { kind: 'sign-in', id: 'si' },
      { kind: 'token', id: 40 },
    ])
    assert.deepEqual(proxy.cuts, [['hash1', 'hash2']])
    assert.deepEqual(
      [...proxy.knows],
      [
        ['hash1', null],
        ['hash2', '/user/alice'],
      ],
    )
    assert.equal(bumps(), 1)
  })

  it('sees a row that becomes visible after a younger one', async () => {
    const { keeper, add, proxy } = bench()
    add(5)
    await keeper.tick()
    add(4)
    await keeper.tick()
    assert.deepEqual(proxy.cuts, [['hash5'], ['hash4']])
  })

  it('tries until the proxy has taken it, and a hub that died before has it done by the next one', async () => {
    const { keeper, add, proxy, open, rows } = bench()
    proxy.isAway = true
    add(1)
    await keeper.tick()
    assert.equal(rows()[0]?.told, false)
    proxy.isAway = false
    await open().tick()
    assert.deepEqual(proxy.cuts, [['hash1']])
    assert.equal(rows()[0]?.told, true)
  })

  it('cuts nothing again when hub or proxy start anew, but tells a new proxy', async () => {
    const { keeper, add, proxy, open, pass } = bench()
    add(1)
    await keeper.tick()
    proxy.knows.clear()
    proxy.instance = 'second'
    pass(2_000)
    await keeper.tick()
    assert.deepEqual([...proxy.knows.keys()], ['hash1'])
    proxy.knows.clear()
    await open().tick()
    assert.deepEqual([...proxy.knows.keys()], ['hash1'])
    assert.deepEqual(proxy.cuts, [['hash1']])
  })

  it('forgets when nobody can remember any more', async () => {
    const { keeper, add, rows, pass } = bench()
    add(1)
    await keeper.tick()
    pass(memorySeconds * 1_000 - 1)
    add(2)
    await keeper.tick()
    assert.equal(rows().length, 2)
    pass(1)
    await keeper.tick()
    assert.deepEqual(
      rows().map(({ id }) => id),
      [2],
    )
  })
})
