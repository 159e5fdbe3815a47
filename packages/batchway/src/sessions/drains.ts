/** Clusters, or the whole site, that take no new sessions for a while: who said so, and why. Kept over restarts. */
import { z } from 'zod'
import { BatchwayError } from '../core/errors.ts'
import { oneAtATime } from '../core/one-at-a-time.ts'

export interface Drain {
  /** Null: the whole site. */
  readonly cluster: string | null
  /** Why, as people read it. */
  readonly reason: string
  /** Login name of who began it. */
  readonly by: string
  /** Unix milliseconds. */
  readonly since: number
}

export interface Drains {
  /** Those in force: the site's first, then by cluster. */
  list(): readonly Drain[]
  /** Why a session on this cluster cannot be asked for now, for whoever asks and by whatever way; null if it can. */
  refusal(cluster: string): string | null
  /** What is refused at the moment, a sentence each. */
  sentences(): readonly string[]
  /** @throws {BatchwayError} `draining`, with the words of `refusal`. */
  check(cluster: string): void
  /** Begin a drain, or give another reason for one. @throws {BatchwayError} `invalid_choice`, `not_found` for no cluster of this key. */
  begin(cluster: string | null, reason: string, by: string): Promise<Drain>
  /** @returns false if there was none. */
  end(cluster: string | null): Promise<boolean>
}

/** What is kept under one key of the installation's small facts. */
export interface DrainStore {
  find(key: string): Promise<string | null>
  save(key: string, value: string): Promise<void>
}

const settingKey = 'drains'
const longestReason = 300
const kept = z.array(
  z.object({ cluster: z.string().nullable(), reason: z.string(), by: z.string(), since: z.number() }),
)

/** One sentence for the form, the API and the command line. @param title the cluster's; null for the site. */
const drainWords = (title: string | null, reason: string): string =>
  `${title === null ? 'No new sessions are started at the moment' : `${title} takes no new sessions at the moment`}: ${reason}${/[.!?]$/.test(reason) ? '' : '.'}`

/** What was kept. @throws {Error} for facts that this program did not write. */
export async function readDrains({ find }: DrainStore): Promise<readonly Drain[]> {
  const found = await find(settingKey)
  return found === null ? [] : kept.parse(JSON.parse(found))
}

interface DrainParts {
  readonly store: DrainStore
  /** @see readDrains */
  readonly before: readonly Drain[]
  /** Key → title. */
  readonly clusters: ReadonlyMap<string, string>
  readonly now: () => number
}

export function openDrains({ store, before, clusters, now }: DrainParts): Drains {
  let all = before
  const inTurn = oneAtATime()
  const order = ({ cluster }: Drain): string => (cluster === null ? '' : `.${cluster}`)
  const titleOf = (cluster: string | null): string | null =>
    cluster === null ? null : (clusters.get(cluster) ?? cluster)

  /** Written before it is believed: what refuses today must refuse after a restart. */
  async function keep(next: readonly Drain[]): Promise<void> {
    await store.save(settingKey, JSON.stringify(next))
    all = next
  }

  function refusal(cluster: string): string | null {
    const drain = all.find((each) => each.cluster === null) ?? all.find((each) => each.cluster === cluster)
    return drain === undefined ? null : drainWords(titleOf(drain.cluster), drain.reason)
  }

  return {
    list: () => all,
    refusal,
    sentences: () =>
      (all.some(({ cluster }) => cluster === null) ? all.slice(0, 1) : all).map(({ cluster, reason }) =>
        drainWords(titleOf(cluster), reason),
      ),
    check(cluster) {
      const words = refusal(cluster)
      if (words !== null) throw new BatchwayError('draining', words)
    },
    begin: (cluster, text, by) =>
      inTurn(async () => {
        if (cluster !== null && !clusters.has(cluster))
          throw new BatchwayError('not_found', `There is no cluster ${JSON.stringify(cluster.slice(0, 64))}.`)
        const reason = text.replace(/\s+/g, ' ').trim()
        if (reason === '')
          throw new BatchwayError('invalid_choice', 'Say why: people read it when they cannot start a session.', {
            field: 'reason',
          })
        if (reason.length > longestReason || /\p{Cc}|\p{Cf}/u.test(reason))
          throw new BatchwayError(
            'invalid_choice',
            `Write the reason as plain text of at most ${longestReason} characters.`,
            { field: 'reason' },
          )
        const known = all.find((each) => each.cluster === cluster)
        const drain: Drain = { cluster, reason, by, since: known?.since ?? now() }
        const others = all.filter((each) => each.cluster !== cluster)
        await keep([...others, drain].sort((a, b) => (order(a) < order(b) ? -1 : 1)))
        return drain
      }),
    end: (cluster) =>
      inTurn(async () => {
        const next = all.filter((each) => each.cluster !== cluster)
        if (next.length === all.length) return false
        await keep(next)
        return true
      }),
  }
}
