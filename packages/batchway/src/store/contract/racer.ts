/** One process of a race (see `bench.ts`): opens its own connection, says so, waits for the start, tries, tells how often it won. */
import { once } from 'node:events'
import { migrate } from '../migrate.ts'
import { openDatabase } from '../open.ts'
import { type Stores, storesOf } from '../stores.ts'
import type { RaceAct } from './bench.ts'
import { jobId, sampleAttempt, sampleClaim, sampleSession } from './samples.ts'

const { url, act, times, racer } = JSON.parse(process.env.RACE ?? '') as {
  url: string
  act: RaceAct
  times: number
  racer: number
}
await using stack = new AsyncDisposableStack()
const stores = act === 'start' ? null : storesOf(stack.use(openDatabase(url)))
const read = (await stores?.sessions.find('s1')) ?? null

const acts = (stores: Stores): Record<Exclude<RaceAct, 'start'>, (name: string, turn: number) => Promise<boolean>> => ({
  insert: (name) => stores.sessions.insert(sampleSession({ id: name }), sampleAttempt({ sessionId: name })),
  update: async (name) =>
    read !== null && (await stores.sessions.update(read, [{ at: 1, type: 'won', data: { name } }])) !== null,
  accept: (name) => stores.sessions.acceptAttempt('s1', 1, name, 5),
  claim: async (name) => {
    await stores.sessions.insertClaim(sampleClaim({ id: name, jobId: jobId(name) }))
    return true
  },
  link: async () => (await stores.links.redeem('link', 10)) !== null,
  code: async () => (await stores.oauth.takeCode('code', 10)) !== null,
  user: async (_, turn) => (await stores.users.ensure(`user${turn}`, 10)).id > 0,
})

/** Opens a connection of its own and migrates: a hub and a command that start at the same moment. */
const start = async (): Promise<boolean> => (await migrate(stack.use(openDatabase(url)), 1)).length > 0
const attempt = (turn: number): Promise<boolean> =>
  stores === null || act === 'start' ? start() : acts(stores)[act](`r${racer}-${turn}`, turn)

process.send?.('ready')
await once(process, 'message')
const won = await Promise.all(Array.from({ length: times }, (_, turn) => attempt(turn)))
process.send?.(won.filter(Boolean).length)
process.disconnect()
