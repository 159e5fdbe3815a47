/** A site on a busy day: people with sessions of every state, a past, announcements, drains, entries. bob is its administrator. */
import type { PastSession } from '../../sessions/past-store.ts'
import type { OutcomeCode } from '../../sessions/session.ts'
import { factsOf, makeSession, makeUser, noon, spec } from './fake-rooms.ts'
import type { Bench } from './web-bench.ts'

const minute = 60_000
const hour = 60 * minute
const names = ['alice', 'dave', 'erin', 'frank', 'grace', 'heidi']
const states = ['ready', 'queued', 'starting', 'stopping', 'submitting'] as const

const pastSession = (id: string, more: Partial<PastSession> = {}): PastSession => ({
  id,
  userId: 1,
  userName: 'alice',
  createdAt: noon - 3 * hour,
  startedAt: noon - 3 * hour + 40_000,
  readyAt: noon - 3 * hour + 64_000,
  endedAt: noon - hour,
  cluster: 'larch',
  partition: 'batch',
  profile: 'JupyterLab, small',
  code: 'finished',
  ...more,
})

/** @param people how many more have a session. */
export async function busySite(bench: Bench, people = 30): Promise<void> {
  bench.users.set('bob', { ...makeUser(2, 'bob'), isAdmin: true })
  const everybody = [...names, ...Array.from({ length: people }, (_, n) => `user${String(n).padStart(4, '0')}`)]
  for (const [at, name] of everybody.entries()) {
    const user =
      bench.users.get(name) ?? makeUser(bench.users.size + 1, name, { lastChoice: { profile: 'lab', fields: {} } })
    const preferences = { ...user.preferences, lastChoice: { profile: 'lab', fields: {} } }
    bench.users.set(name, { ...user, preferences, lastActivityAt: noon - at * minute })
    const state = states[at < names.length ? at % states.length : at % 3] ?? 'ready'
    const partition = at % 4 === 3 ? 'gpu' : 'batch'
    bench.sessions.put(
      makeSession(`on${at}`, user, factsOf[state], {
        spec: { ...spec, jobOptions: { partition } },
        lastActivityAt: state === 'ready' ? noon - at * minute : null,
        endsAt: noon + (138 + at) * minute,
      }),
    )
  }
  const alice = bench.users.get('alice')
  if (alice !== undefined) {
    bench.sessions.put(makeSession('second', alice, factsOf.queued, { serverName: 'second' }))
    bench.sessions.put(makeSession('gone', alice, factsOf.ended, { serverName: 'old' }))
  }
  for (let n = 0; n < 120; n++) {
    const createdAt = noon - (n * 7 * 24 * hour) / 120
    const isLong = n % 5 === 0
    const wait = isLong ? (20 + n) * minute : (5 + (n % 9) * 12) * 1_000
    const code: OutcomeCode = n % 40 === 1 ? 'home-full' : 'finished'
    const failed = code !== 'finished'
    const partition = isLong ? 'gpu' : n % 2 === 0 ? 'batch' : 'debug'
    bench.desk.ended.push(
      pastSession(`past${n}`, {
        userId: 1 + (n % 9),
        userName: everybody[n % 9] ?? 'alice',
        createdAt: createdAt - 6 * hour,
        startedAt: createdAt - 6 * hour + wait,
        readyAt: failed ? null : createdAt - 6 * hour + wait + 9_000,
        endedAt: createdAt - (n % 3) * hour,
        partition,
        code,
      }),
    )
  }
  await bench.announcements.publish(
    { text: 'Maintenance on Tue 24 Nov, 08:00–12:00 CET.', to: { kind: 'everyone' }, until: noon + 5 * 24 * hour },
    'bob',
  )
  await bench.announcements.publish(
    { text: 'larch is slow today.', to: { kind: 'cluster', cluster: 'larch' }, until: null },
    'bob',
  )
  await bench.drains.begin('spruce', 'Its file system is being checked', 'bob')
  for (let n = 1; n <= 70; n++)
    bench.desk.entries.push({
      id: n,
      at: noon - (70 - n) * 11 * minute,
      actor: n % 7 === 0 ? 'bob' : (everybody[n % 9] ?? 'alice'),
      action: n % 7 === 0 ? 'session-stop' : n % 3 === 0 ? 'sign-in' : 'session-start',
      object: `${everybody[n % 9] ?? 'alice'}/`,
      address: '192.0.2.7',
      way: 'oidc',
      outcome: n % 11 === 0 ? 'refused' : 'ok',
      detail: n % 3 === 0 ? '' : `session k3f${n}, profile lab`,
    })
}
