/** Lists for people. Pure. */
import { plainLine } from './plain-text.ts'

export interface Column<Row> {
  readonly title: string
  readonly of: (row: Row) => string
}

const gap = 2
const shortest = 8
const lengthOf = (text: string): number => [...text].length
const cut = (text: string, width: number): string =>
  lengthOf(text) <= width ? text : `${[...text].slice(0, width - 1).join('')}…`

/**
 * @param columns of the terminal: the widest columns are cut until the table fits. Null: nothing is cut.
 * @returns lines with a head, ended; one sentence if there are no rows.
 */
export function tableText<Row>(
  rows: readonly Row[],
  shape: readonly Column<Row>[],
  columns: number | null,
  nothing: string,
): string {
  if (rows.length === 0) return `${nothing}\n`
  const cells = [
    shape.map(({ title }) => title),
    ...rows.map((row) => shape.map(({ of }) => plainLine(of(row)) || '-')),
  ]
  const widths = shape.map((_, index) => Math.max(...cells.map((line) => lengthOf(line[index] ?? ''))))
  if (columns !== null) {
    for (const [index, width] of widths.entries()) widths[index] = Math.min(width, columns)
    let over = widths.reduce((sum, width) => sum + width, gap * (widths.length - 1)) - columns
    // The widest one gives, again and again: what is short stays whole.
    for (; over > 0; over--) {
      const width = Math.max(...widths)
      if (width <= shortest) break
      widths[widths.indexOf(width)] = width - 1
    }
  }
  const lines = cells.map((line) =>
    line
      .map((text, index) => cut(text, widths[index] ?? 0).padEnd(widths[index] ?? 0))
      .join(' '.repeat(gap))
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** One thing for people: names and values under each other; what is null is left out. */
export function factsText(facts: readonly (readonly [string, string | null])[]): string {
  const known = facts.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
  const width = Math.max(0, ...known.map(([name]) => lengthOf(name)))
  return known.map(([name, value]) => `${name.padEnd(width)}  ${plainLine(value) || '-'}\n`).join('')
}

/** `2026-01-31 12:34 UTC` of a time on the wire. */
export const timeText = (text: string | null | undefined): string =>
  text == null ? '-' : /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? `${text.slice(0, 10)} ${text.slice(11, 16)} UTC` : text
