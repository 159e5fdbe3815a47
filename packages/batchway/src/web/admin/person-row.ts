/** One person of the list, in words. Pure. */

import type { Session } from '../../sessions/session.ts'
import { count, duration, memory, type TimeWords } from '../format.ts'
import type { HubPaths } from '../hub-paths.ts'
import { type Chip, chipOf, sizeWords } from '../session-words.ts'
import { lastUse, nextEnd, type PersonOn, partitionOf } from './people-on.ts'
import type { Rights } from './rights.ts'

export interface PersonRow {
  readonly name: string
  readonly chips: readonly (Chip & { readonly times: number })[]
  readonly size: string
  readonly places: string
  readonly left: string
  readonly used: string
  /** Something of theirs can be stopped. */
  readonly mayStop: boolean
  readonly mayStart: boolean
  readonly sessions: number
  readonly urls: { readonly page: string; readonly stop: string }
}

const plain = [{ isRequeued: false }, { isEnding: false }] as const
export const chipOfSession = (session: Session): Chip => chipOf(session, null, ...plain)

export function personRow(
  person: PersonOn,
  seenAt: number | null,
  rights: Rights,
  { times, now, paths }: { readonly times: TimeWords; readonly now: number; readonly paths: HubPaths },
): PersonRow {
  const { name, sessions } = person
  const chips = new Map<string, Chip & { times: number }>()
  for (const session of sessions) {
    const chip = chipOfSession(session)
    chips.set(chip.word, { ...chip, times: (chips.get(chip.word)?.times ?? 0) + 1 })
  }
  const end = nextEnd(sessions)
  const use = lastUse(sessions) ?? seenAt
  return {
    name,
    chips: [...chips.values()],
    size: sizeOf(sessions),
    places: [...new Set(sessions.map((session) => partitionOf(session) ?? session.spec.clusterTitle))].join(', '),
    left: end === null ? '–' : duration((end - now) / 1000),
    used: use === null ? '–' : ago(use, now, times),
    mayStop: sessions.some((session) => session.facts.state !== 'stopping' && rights.mayStop(session)),
    mayStart: rights.mayStart(name),
    sessions: sessions.length,
    urls: { page: paths.adminUser(name), stop: `${paths.adminUser(name)}/stop` },
  }
}

/** Of several sessions the sum: what one person takes of the machine. */
function sizeOf(sessions: readonly Session[]): string {
  const [first] = sessions
  if (first === undefined) return ''
  if (sessions.length === 1) return sizeWords(first.spec.resources)
  const sum = { cores: 0, memoryMiB: 0, gpus: 0 }
  for (const { spec } of sessions) {
    sum.cores += spec.resources.cores
    sum.memoryMiB += spec.resources.memoryMiB
    sum.gpus += spec.resources.gpus
  }
  const gpus = sum.gpus > 0 ? `, ${count(sum.gpus, 'GPU', 'GPUs')}` : ''
  return `${count(sum.cores, 'core', 'cores')}, ${memory(sum.memoryMiB)}${gpus}`
}

/** `now`, `34 min ago`, `1 h 50 min ago`; beyond a day the day itself. */
export function ago(at: number, now: number, times: TimeWords): string {
  const seconds = (now - at) / 1000
  if (seconds < 60) return 'now'
  return seconds < 86_400 ? `${duration(seconds)} ago` : times.day(at, now)
}
