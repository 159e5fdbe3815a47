/** Charts as the page draws them: lengths are SVG attributes, every value stands in a table beside. Pure. */
import { duration, type TimeWords, took } from '../format.ts'
import { type HourFigure, type WaitFigures, waitEdges } from './figures.ts'

export interface Bar {
  /** Of the fill: `bar1` plain, `bar2` hatched, `bar3` dotted. */
  readonly fill: string
  readonly x: string
  readonly width: string
  readonly y: string
  readonly height: string
}

export interface Chart {
  readonly id: string
  readonly title: string
  /** The finding, in one sentence. */
  readonly say: string
  /** For who does not see the picture. */
  readonly label: string
  readonly ticks: readonly string[]
  readonly marks: readonly string[]
  readonly bars: readonly Bar[]
  readonly key: readonly { readonly fill: string; readonly name: string }[]
  readonly caption: string
  readonly head: readonly string[]
  readonly rows: readonly { readonly name: string; readonly values: readonly number[] }[]
}

const fills = ['bar1', 'bar2', 'bar3', 'bar5']
const percent = (share: number): string => `${(share * 100).toFixed(2)}%`

/** The next number above that halves well. */
export function niceTop(most: number): number {
  for (let unit = 1; ; unit *= 10) for (const step of [2, 4, 6, 10]) if (step * unit >= most) return step * unit
}

/** @param columns one for each place along the axis: a number for each series, stacked. */
function stack(columns: readonly (readonly number[])[], top: number): readonly Bar[] {
  const slot = 1 / columns.length
  return columns.flatMap((values, at) => {
    let below = 0
    return values.flatMap((value, series): readonly Bar[] => {
      if (value === 0) return []
      below += value
      return [
        {
          fill: fills[series] ?? 'bar5',
          x: percent(at * slot + slot * 0.12),
          width: percent(slot * 0.76),
          y: percent(1 - below / top),
          height: percent(value / top),
        },
      ]
    })
  })
}

const topOf = (columns: readonly (readonly number[])[]): number =>
  niceTop(Math.max(1, ...columns.map((values) => values.reduce((sum, each) => sum + each, 0))))
const ticksOf = (top: number): readonly string[] => [String(top), String(top / 2), '0']

export function sessionsChart(hours: readonly HourFigure[], times: TimeWords): Chart {
  const columns = hours.map(({ ready, waiting }) => [ready, waiting])
  const top = topOf(columns)
  const sum = ({ ready, waiting }: HourFigure) => ready + waiting
  const most = hours.reduce<HourFigure | null>(
    (best, each) => (best === null || sum(each) > sum(best) ? each : best),
    null,
  )
  const say =
    most === null || sum(most) === 0
      ? 'No session ran at any full hour.'
      : `Most at ${times.clock(most.at)}: ${most.ready} ready and ${most.waiting} on the way.`
  return {
    id: 'sessions',
    title: 'Sessions, 24 h',
    say,
    label: `Ready sessions and those on their way at each full hour of the last 24. ${say}`,
    ticks: ticksOf(top),
    marks: [0, 6, 12, 18, 23].map((at) => times.clock(hours[at]?.at ?? 0)),
    bars: stack(columns, top),
    key: [
      { fill: 'bar1', name: 'Ready' },
      { fill: 'bar2', name: 'On the way' },
    ],
    caption: 'Sessions at each full hour of the last 24',
    head: ['Hour', 'Ready', 'On the way'],
    rows: hours.map(({ at, ready, waiting }) => ({ name: times.clock(at), values: [ready, waiting] })),
  }
}

const edgeWords = (at: number): string => {
  const to = waitEdges[at] ?? Number.POSITIVE_INFINITY
  const from = at === 0 ? 0 : (waitEdges[at - 1] ?? 0)
  if (at === 0) return `under ${duration(to)}`
  return Number.isFinite(to) ? `${duration(from)} to ${duration(to)}` : `over ${duration(from)}`
}

export function waitsChart(waits: WaitFigures): Chart {
  const columns = waitEdges.map((_, at) => waits.series.map(({ counts }) => counts[at] ?? 0))
  const top = topOf(columns)
  const words = (seconds: number | null): string => took((seconds ?? 0) * 1000)
  const slowest = waits.slowest === null ? '' : ` The long waits are on ${waits.slowest}.`
  const say =
    waits.total === 0
      ? 'No session started in these days.'
      : `Half started within ${words(waits.median)}, 9 of 10 within ${words(waits.p90)}.${slowest}`
  return {
    id: 'waits',
    title: 'Queue wait, 7 days',
    say,
    label: `Sessions by how long they waited until their job ran. ${say}`,
    ticks: ticksOf(top),
    marks: ['0 s', '1 min', '8 min', '1 h', '6 h'],
    bars: stack(columns, top),
    key: waits.series.map(({ name }, at) => ({ fill: fills[at] ?? 'bar5', name })),
    caption: 'Sessions by their wait in the queue, over seven days',
    head: ['Wait', ...waits.series.map(({ name }) => name)],
    rows: columns.map((values, at) => ({ name: edgeWords(at), values })),
  }
}
