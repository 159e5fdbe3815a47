/** A submitter in a room of its own, without a poller: what an answer lacks is told by hand. */
import { type OpenRoom, openRoom } from '../room.ts'
import type { Attempt, Session } from '../session.ts'
import { openSubmitter } from '../submitter.ts'
import { type Bench, insertSession, openBench, type RoomParts } from './bench.ts'

export const id = 'abcdefghj'
export const stopped = { type: 'stop', because: { ...outcome('stopped-by-user'), by: 'alice' } } as const
export function outcome(code: 'stopped-by-user') {
  return { code, words: null, exitCode: null, signal: null, by: null, log: [], logPlace: null, accounting: null }
}

/** One life of a hub on the bench's store: room and submitter, without a poller. */
export function openLife(bench: Bench, parts: Partial<RoomParts> = {}) {
  const room: OpenRoom = openRoom({ ...bench.parts, ...parts }, async () => {})
  const nudges: string[] = []
  const background: Promise<unknown>[] = []
  const submitter = openSubmitter(room, {
    nudge: (cluster) => nudges.push(cluster),
    inBackground: (work) => background.push(work),
  })
  const attemptOf = async (number = 1) => (await bench.stores.sessions.findAttempt(id, number)) as Attempt
  const session = async () => (await bench.stores.sessions.find(id)) as Session
  const wait = async () => {
    await Promise.all(background)
  }
  /** What a poll does with a session whose tag a complete answer lacks. */
  const absent = async ({ showsOthers = false } = {}) => {
    const now = await session()
    const answer = { askedAt: bench.clock.now(), steadySince: 0, showsOthers }
    await submitter.tagAbsent(now, await attemptOf(now.attempt), answer)
    await wait()
  }
  const take = async () => room.adopt(await session())
  return { room, submitter, nudges, attemptOf, session, absent, wait, take, background }
}

export async function openBed(parts: Partial<RoomParts> = {}) {
  const bench = await openBench()
  await insertSession(bench)
  const life = openLife(bench, parts)
  await life.take()
  return { ...life, bench, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
}
