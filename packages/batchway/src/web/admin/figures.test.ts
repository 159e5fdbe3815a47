import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { timeWords } from '../format.ts'
import { noon } from '../testing/fake-rooms.ts'
import { niceTop, sessionsChart, waitsChart } from './charts.ts'
import { csvText } from './csv.ts'
import { dayFigures, quantile, queueWaits, type Run, sessionsByHour, waitEdges } from './figures.ts'

const hour = 3_600_000
const times = timeWords('Europe/Berlin')
let made = 0
const run = (more: Partial<Run> = {}): Run => ({
  id: `r${++made}`,
  userId: 1,
  userName: 'alice',
  createdAt: noon - hour,
  startedAt: noon - hour + 10_000,
  readyAt: noon - hour + 20_000,
  endedAt: null,
  place: 'batch',
  profile: 'Lab',
  code: null,
  ...more,
})

describe('figures of a day', () => {
  it('count who became ready against who failed, and leave out who was stopped by a person', () => {
    const figures = dayFigures(
      [
        run(),
        run({ userId: 2, readyAt: noon - hour + 60_000 }),
        run({ userId: 3, readyAt: null, endedAt: noon - 5, code: 'home-full' }),
        run({ userId: 3, readyAt: null, endedAt: noon - 1, code: 'rejected' }),
        run({ readyAt: null, endedAt: noon, code: 'stopped-by-user' }),
        run({ readyAt: null, startedAt: null }),
        // The day before.
        run({
          userId: 4,
          createdAt: noon - 30 * hour,
          readyAt: noon - 29 * hour,
          endedAt: noon - 25 * hour,
          code: 'finished',
        }),
        run({ userId: 5, readyAt: null, endedAt: noon - 25 * hour, code: 'lost' }),
      ],
      noon,
    )
    assert.deepEqual([figures.ready, figures.decided], [2, 4])
    assert.deepEqual(
      figures.failures.map(({ code }) => code),
      ['rejected', 'home-full'],
    )
    assert.deepEqual([figures.peopleOfDay, figures.peopleOfWeek], [3, 5])
    assert.deepEqual([figures.median, figures.p90], [20_000, 60_000])
  })

  it('are blank where nothing was', () => {
    const figures = dayFigures([], noon)
    assert.deepEqual([figures.ready, figures.decided, figures.median, figures.p90], [0, 0, null, null])
  })

  it('have quantiles that are somebody’s own', () => {
    assert.deepEqual(
      [0.5, 0.9, 1].map((share) => quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], share)),
      [5, 9, 10],
    )
    assert.equal(quantile([7], 0.9), 7)
  })
})

describe('sessions by hour', () => {
  const last = Math.floor(noon / hour) * hour
  it('are those at each full hour: on the way until ready, ready until they end', () => {
    const hours = sessionsByHour(
      [
        run({ createdAt: last - 5 * hour - 1, readyAt: last - 3 * hour, endedAt: last - hour, code: 'finished' }),
        run({ createdAt: last - 50 * hour, readyAt: last - 49 * hour, endedAt: last - 30 * hour, code: 'finished' }),
        run({ createdAt: last - 1, readyAt: null, startedAt: null }),
      ],
      noon,
    )
    assert.equal(hours.length, 24)
    assert.equal(hours.at(-1)?.at, last)
    const near = hours.slice(-6)
    assert.deepEqual(
      near.map(({ waiting }) => waiting),
      [1, 1, 0, 0, 0, 1],
    )
    assert.deepEqual(
      near.map(({ ready }) => ready),
      [0, 0, 1, 1, 0, 0],
    )
    assert.ok(hours.slice(0, -6).every(({ ready, waiting }) => ready + waiting === 0))
  })

  it('agree with counting one by one', () => {
    let seed = 7
    const random = (most: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % most
    }
    const runs = Array.from({ length: 500 }, () => {
      const createdAt = noon - random(40 * hour)
      const readyAt = random(4) === 0 ? null : createdAt + random(3 * hour)
      const endedAt = random(3) === 0 ? null : (readyAt ?? createdAt) + random(9 * hour)
      return run({ createdAt, readyAt, endedAt })
    })
    for (const { at, ready, waiting } of sessionsByHour(runs, noon)) {
      const lives = runs.filter(({ createdAt, endedAt }) => createdAt <= at && (endedAt ?? noon + hour) > at)
      const isReady = ({ readyAt }: Run) => readyAt !== null && readyAt <= at
      assert.deepEqual([ready, waiting], [lives.filter(isReady).length, lives.filter((each) => !isReady(each)).length])
    }
  })
})

describe('queue waits', () => {
  const after = (seconds: number, place = 'batch') => run({ startedAt: noon - hour + seconds * 1_000, place })
  it('stand in columns by place, whoever has not started in none', () => {
    const waits = queueWaits(
      [after(0), after(9.9), after(10), after(59), after(100_000, 'gpu'), run({ startedAt: null })],
      noon,
    )
    assert.equal(waits.total, 5)
    assert.deepEqual(
      waits.series.map(({ name, counts }) => [name, counts[0], counts[1], counts[2], counts.at(-1)]),
      [
        ['batch', 2, 1, 1, 0],
        ['gpu', 0, 0, 0, 1],
      ],
    )
    assert.deepEqual([waits.median, waits.p90, waits.slowest], [10, 100_000, 'gpu'])
  })

  it('put rare places together', () => {
    const waits = queueWaits([after(1), after(1), after(1, 'b'), after(1, 'b'), after(1, 'c'), after(1, 'd')], noon)
    assert.deepEqual(
      waits.series.map(({ name, counts }) => [name, counts[0]]),
      [
        ['b', 2],
        ['batch', 2],
        ['others', 2],
      ],
    )
    assert.equal(waits.slowest, null)
  })

  it('have a chart whose table holds every number, and whose bars fit', () => {
    const chart = waitsChart(queueWaits([after(5), after(15), after(15, 'gpu'), after(40_000, 'gpu')], noon))
    assert.equal(chart.rows.length, waitEdges.length)
    assert.deepEqual(chart.head, ['Wait', 'batch', 'gpu'])
    assert.deepEqual(chart.rows[1], { name: '10 s to 30 s', values: [1, 1] })
    assert.equal(chart.rows.at(-1)?.name, 'over 6 h')
    assert.match(chart.say, /^Half started within 15 s, 9 of 10 within 11 h 07 min\./)
    for (const { y, height } of chart.bars) {
      const [top, length] = [Number.parseFloat(y), Number.parseFloat(height)]
      assert.ok(top >= 0 && top + length <= 100.02, `${y} ${height}`)
    }
  })

  it('say so where there is nothing', () => {
    assert.equal(waitsChart(queueWaits([], noon)).say, 'No session started in these days.')
    assert.equal(sessionsChart(sessionsByHour([], noon), times).say, 'No session ran at any full hour.')
  })
})

describe('scales and files', () => {
  it('end at a number that halves well', () => {
    assert.deepEqual([1, 2, 3, 5, 7, 31, 60, 99, 101, 2_345].map(niceTop), [2, 2, 4, 6, 10, 40, 60, 100, 200, 4_000])
  })
  it('are tables that no spreadsheet computes, and no name breaks', () => {
    assert.equal(
      csvText([
        ['a,b', 'say "x"', null, 3],
        ['=1+1', '+x', '@y', 'line\nbreak'],
      ]),
      '"a,b","say ""x""",,3\r\n\'=1+1,\'+x,\'@y,"line\nbreak"\r\n',
    )
  })
})
