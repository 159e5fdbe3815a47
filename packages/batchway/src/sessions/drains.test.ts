import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchwayError } from '../core/errors.ts'
import { memorySettings } from '../store/testing/memory-settings.ts'
import { type DrainStore, openDrains, readDrains } from './drains.ts'

const clusters = new Map([
  ['larch', 'Larch'],
  ['spruce', 'Spruce'],
])
const open = async (store: DrainStore = memorySettings(), now = () => 1_000) =>
  openDrains({ store, before: await readDrains(store), clusters, now })

describe('drains', () => {
  it('refuse sessions on their cluster, with the reason, and nowhere else', async () => {
    const drains = await open()
    assert.equal(drains.refusal('larch'), null)
    assert.deepEqual(await drains.begin('larch', '  Maintenance\nuntil noon ', 'carol'), {
      cluster: 'larch',
      reason: 'Maintenance until noon',
      by: 'carol',
      since: 1_000,
    })
    assert.equal(drains.refusal('larch'), 'Larch takes no new sessions at the moment: Maintenance until noon.')
    assert.equal(drains.refusal('spruce'), null)
    drains.check('spruce')
    assert.throws(() => drains.check('larch'), {
      code: 'draining',
      status: 503,
      message: drains.refusal('larch') ?? '',
    })
    assert.equal(await drains.end('larch'), true)
    assert.equal(await drains.end('larch'), false)
    drains.check('larch')
  })

  it('of the whole site refuse all, and leave those of clusters behind', async () => {
    const drains = await open()
    await drains.begin('spruce', 'Its own.', 'carol')
    await drains.begin(null, 'Too warm!', 'carol')
    for (const cluster of clusters.keys())
      assert.equal(drains.refusal(cluster), 'No new sessions are started at the moment: Too warm!')
    assert.deepEqual(
      drains.list().map(({ cluster }) => cluster),
      [null, 'spruce'],
    )
    assert.deepEqual(drains.sentences(), ['No new sessions are started at the moment: Too warm!'])
    await drains.end(null)
    assert.deepEqual(drains.sentences(), ['Spruce takes no new sessions at the moment: Its own.'])
    assert.deepEqual([drains.refusal('larch'), drains.refusal('spruce') !== null], [null, true])
  })

  it('hold after a restart, since when they were begun', async () => {
    const store = memorySettings()
    const first = await open(store)
    await first.begin('larch', 'One', 'carol')
    const second = await open(store, () => 9_000)
    assert.deepEqual(second.list(), first.list())
    assert.equal((await second.begin('larch', 'Two', 'dave')).since, 1_000)
    assert.deepEqual((await open(store)).list(), second.list())
  })

  it('are not believed before they are written', async () => {
    const drains = await open({ ...memorySettings(), save: () => Promise.reject(new Error('disk full')) })
    await assert.rejects(drains.begin('larch', 'One', 'carol'), /disk full/)
    assert.deepEqual(drains.list(), [])
  })

  it('begun at the same moment are all kept', async () => {
    const store = memorySettings()
    const drains = await open(store)
    await Promise.all([null, 'larch', 'spruce'].map((cluster) => drains.begin(cluster, 'Now', 'carol')))
    assert.deepEqual(
      (await open(store)).list().map(({ cluster }) => cluster),
      [null, 'larch', 'spruce'],
    )
  })

  it('need a cluster that exists, and a reason that can be read', async () => {
    const drains = await open()
    const code = (wanted: string) => (error: unknown) => error instanceof BatchwayError && error.code === wanted
    await assert.rejects(drains.begin('oak', 'Why', 'carol'), code('not_found'))
    await assert.rejects(drains.begin('__proto__', 'Why', 'carol'), code('not_found'))
    for (const reason of ['', ' \n ', 'x'.repeat(301), 'turned \u202e around', '\u0007'])
      await assert.rejects(drains.begin('larch', reason, 'carol'), code('invalid_choice'))
    assert.deepEqual(drains.list(), [])
  })
})
