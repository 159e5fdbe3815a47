import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchwayError } from '../core/errors.ts'
import { memorySettings } from '../store/testing/memory-settings.ts'
import { type Announcement, type AnnouncementStore, openAnnouncements, readAnnouncements } from './announcements.ts'

async function open(store: AnnouncementStore = memorySettings(), clock = { now: 1_000 }) {
  let ids = 0
  return openAnnouncements({
    store,
    before: await readAnnouncements(store),
    clusters: new Set(['larch', 'spruce']),
    isKnown: async (name) => name === 'alice',
    now: () => clock.now,
    newId: () => `n${++ids}`,
  })
}
const everyone = { kind: 'everyone' } as const
const textsOf = (all: readonly Announcement[]) => all.map(({ text }) => text)
const reader = (name: string, ...clusters: string[]) => ({ name, clusters: new Set(clusters) })

describe('announcements', () => {
  it('are for everyone, for people with a session on a cluster, or for one person', async () => {
    const announcements = await open()
    for (const [text, to] of [
      ['all', everyone],
      ['larch', { kind: 'cluster', cluster: 'larch' }],
      ['alice', { kind: 'user', user: 'alice' }],
    ] as const)
      await announcements.publish({ text, to, until: null }, 'carol')
    assert.deepEqual(textsOf(announcements.of(null)), ['all'])
    assert.deepEqual(textsOf(announcements.of(reader('bob'))), ['all'])
    assert.deepEqual(textsOf(announcements.of(reader('bob', 'spruce', 'larch'))), ['larch', 'all'])
    assert.deepEqual(textsOf(announcements.of(reader('alice'))), ['alice', 'all'])
    assert.deepEqual(textsOf(announcements.list()), ['alice', 'larch', 'all'])
  })

  it('go at their end, or when they are withdrawn, and come back after a restart until then', async () => {
    const store = memorySettings()
    const clock = { now: 1_000 }
    const announcements = await open(store, clock)
    await announcements.publish({ text: 'short', to: everyone, until: 2_000 }, 'carol')
    const { id } = await announcements.publish({ text: 'long', to: everyone, until: null }, 'carol')
    assert.deepEqual(textsOf((await open(store, clock)).list()), ['long', 'short'])
    clock.now = 2_000
    assert.deepEqual(textsOf(announcements.list()), ['long'])
    assert.equal((await announcements.withdraw(id))?.text, 'long')
    assert.equal(await announcements.withdraw(id), null)
    assert.deepEqual((await open(store, clock)).list(), [])
  })

  it('refuse what nobody could read, or what is for nobody', async () => {
    const announcements = await open()
    const refused = async (given: Partial<Announcement>, code: string, field: string | undefined) =>
      assert.rejects(
        announcements.publish({ text: 'x', to: everyone, until: null, ...given }, 'carol'),
        (error) => error instanceof BatchwayError && error.code === code && error.field === field,
      )
    for (const text of ['', ' \n', 'x'.repeat(501), 'turned \u202e around'])
      await refused({ text }, 'invalid_choice', 'text')
    await refused({ until: 1_000 }, 'invalid_choice', 'until')
    await refused({ to: { kind: 'cluster', cluster: 'oak' } }, 'not_found', 'to')
    await refused({ to: { kind: 'user', user: 'nobody' } }, 'not_found', 'to')
    for (let n = 0; n < 50; n++) await announcements.publish({ text: String(n), to: everyone, until: null }, 'carol')
    await refused({}, 'limit_reached', undefined)
  })
})
