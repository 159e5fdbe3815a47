/** Holds what was found against what is listed, in both directions. Pure. */
import { compare, type Difference } from './compare.ts'
import type { ListedDifference } from './differences.ts'
import type { Observed } from './observe.ts'

export type Answers = ReadonlyMap<string, Observed>

export interface Judgement {
  /** Differences that nobody has given a reason for: `row | place | theirs | ours`. */
  readonly unlisted: readonly string[]
  /** Lines of the table that show nowhere any more. */
  readonly stale: readonly string[]
}

const explains = (listed: ListedDifference, row: string, { place, theirs, ours }: Difference): boolean =>
  listed.rows.test(row) &&
  listed.places.test(place) &&
  (listed.theirs?.test(theirs) ?? true) &&
  (listed.ours?.test(ours) ?? true)

export function judge(theirs: Answers, ours: Answers, table: readonly ListedDifference[]): Judgement {
  const unlisted: string[] = []
  const shown = new Set<ListedDifference>()
  for (const [row, answer] of theirs) {
    const other = ours.get(row)
    if (other === undefined) throw new Error(`one side was not asked: ${row}`)
    for (const difference of compare(answer, other)) {
      const found = table.filter((listed) => explains(listed, row, difference))
      for (const listed of found) shown.add(listed)
      if (found.length === 0) unlisted.push([row, ...Object.values(difference)].join(' | '))
    }
  }
  return { unlisted, stale: table.filter((listed) => !shown.has(listed)).map(({ what }) => what) }
}
