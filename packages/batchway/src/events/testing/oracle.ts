/**
 * What a report must say, found the slow way: from what was done and when, by filters over the whole list for each single figure. Shares no
 * code with the report.
 */
export interface Fact {
  readonly user: string
  readonly plan: {
    readonly profile: string
    readonly cluster: string
    readonly account: string
    readonly queue: string
    readonly cores: number
    readonly nodes: number
    readonly memoryMiB: number
    readonly wallSeconds: number
  }
  readonly askedAt: number
  readonly steps: { readonly at: number; readonly what: 'started' | 'waits' | 'ready' }[]
  end: { readonly at: number; readonly code: string } | null
  cpu: number | null
}

export interface OracleQuery {
  readonly from: number
  readonly to: number
  readonly now: number
  readonly by: 'user' | 'profile' | 'cluster' | 'account'
  readonly cluster: string | null
}

const givenUp = ['stopped-by-user', 'stopped-by-admin', 'cancelled-outside', 'idle']
const firstReady = (fact: Fact): number | undefined => fact.steps.find(({ what }) => what === 'ready')?.at
const isReady = (fact: Fact): boolean => firstReady(fact) !== undefined
const isFailed = (fact: Fact): boolean => !isReady(fact) && fact.end !== null && !givenUp.includes(fact.end.code)
const took = (fact: Fact): number => (firstReady(fact) ?? 0) - fact.askedAt
/** The last start before the first ready. */
const beganAt = (fact: Fact): number => {
  const ready = fact.steps.findIndex(({ what }) => what === 'ready')
  return fact.steps.slice(0, ready).findLast(({ what }) => what === 'started')?.at ?? Number.NaN
}
const runs = (fact: Fact, now: number): number => {
  const last = fact.steps.findLast(({ what }) => what !== 'ready')
  return last?.what === 'started' ? (fact.end?.at ?? now) - last.at : 0
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
const seconds = (ms: number): string => (Math.round(ms) / 1_000).toFixed(3)
const share = (part: number, whole: number): string => (whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '')
/** The smallest number that so many hundredths of all are not above. */
const rank = (numbers: readonly number[], hundredths: number): string => {
  const fitting = numbers.filter(
    (one) => numbers.filter((other) => other <= one).length * 100 >= hundredths * numbers.length,
  )
  return fitting.length === 0 ? '' : seconds(Math.min(...fitting))
}
/** Exactly, by long division. */
function mean(ms: readonly number[]): string {
  if (ms.length === 0) return ''
  let rest = sum(ms)
  let digits = String(Math.floor(rest / (ms.length * 1_000)))
  rest %= ms.length * 1_000
  digits += '.'
  for (let i = 0; i < 7; i += 1) {
    rest *= 10
    digits += String(Math.floor(rest / (ms.length * 1_000)))
    rest %= ms.length * 1_000
  }
  const up = Number(digits.at(-1)) >= 5
  const micros = BigInt(digits.slice(0, -1).replace('.', '')) + (up ? 1n : 0n)
  const text = String(micros).padStart(7, '0')
  return `${text.slice(0, -6)}.${text.slice(-6)}`
}
function clock(total: number): string {
  const date = new Date(total * 1_000).toISOString().slice(14, 19)
  return `${Math.floor(total / 3_600)}:${date}`
}

// In Berlin, in winter and in summer: the same words of another library of times.
const swedish = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin' })
const day = (at: number): string => swedish.format(at)

export function oracleCsv(facts: readonly Fact[], { from, to, now, by, cluster }: OracleQuery) {
  const mine = facts.filter(
    ({ askedAt, plan }) => askedAt >= from && askedAt < to && (cluster === null || plan.cluster === cluster),
  )
  const keyOf = (fact: Fact): string => (by === 'user' ? fact.user : fact.plan[by])
  const heads = ['count', 'Failures', 'avg(starttime)', 'max(starttime)', 'latest(queue)', 'latest(mem)']
  heads.push('latest(walltime)', 'latest(nodes)', 'ok', 'other', 'p50(starttime)', 'p95(starttime)', 'ready in 5 min')
  heads.push('avg(queue)', 'avg(boot)', 'node-hours', 'efficiency', 'last failure', 'application')
  const lines = [...new Set(mine.map(keyOf))].sort().map((key) => {
    const own = mine.filter((fact) => keyOf(fact) === key)
    const ready = own.filter(isReady)
    const times = ready.map(took)
    const failed = own.filter(isFailed)
    const told = own.filter(({ cpu, steps }) => cpu !== null && steps.length > 0)
    const latest = own.at(-1)?.plan
    if (latest === undefined) throw new Error('a key without a start')
    const { queue, nodes, cores, memoryMiB, wallSeconds } = latest
    const cells = [
      key,
      own.length,
      failed.length,
      mean(times),
      times.length > 0 ? seconds(Math.max(...times)) : '',
      queue === '' ? latest.cluster : `${queue}@${latest.cluster}`,
      memoryMiB === 500 ? '500mb' : `${memoryMiB / 1_024}gb`,
      clock(wallSeconds),
      `${nodes}:ppn=${cores}`,
      ready.length,
      own.length - ready.length - failed.length,
      rank(times, 50),
      rank(times, 95),
      share(times.filter((ms) => ms <= 300_000).length, ready.length),
      ready.length > 0 ? seconds(sum(ready.map((fact) => beganAt(fact) - fact.askedAt)) / ready.length) : '',
      ready.length > 0 ? seconds(sum(ready.map((fact) => (firstReady(fact) ?? 0) - beganAt(fact))) / ready.length) : '',
      (sum(own.map((fact) => runs(fact, now) * fact.plan.nodes)) / 3_600_000).toFixed(2),
      share(
        sum(told.map(({ cpu }) => cpu ?? 0)),
        sum(told.map((fact) => (runs(fact, now) / 1_000) * fact.plan.nodes * fact.plan.cores)),
      ),
      failed.at(-1)?.end?.code ?? '',
      'lab',
      ...(by === 'cluster' ? [] : [latest.cluster]),
    ]
    return cells.join(',')
  })
  const csv = [
    [by === 'user' ? 'username' : by, ...heads, ...(by === 'cluster' ? [] : ['cluster'])].join(','),
    ...lines,
  ]
  const before = facts.filter(({ askedAt }) => askedAt < to)
  const names = (list: readonly Fact[]): number => new Set(list.map(({ user }) => user)).size
  const lastDays = (n: number): number => {
    const days = new Set(Array.from({ length: n }, (_, i) => day(Date.parse(`${day(to - 1)}T12:00Z`) - i * 86_400_000)))
    const recent = before.filter(({ askedAt }) => askedAt > to - (n + 2) * 86_400_000)
    return names(recent.filter(({ askedAt }) => days.has(day(askedAt))))
  }
  const known = new Set(before.filter(({ askedAt }) => askedAt < from).map(({ user }) => user))
  const wasNew = before.filter(({ user, askedAt }) => askedAt >= from && !known.has(user))
  return {
    csv: `${csv.join('\n')}\n`,
    people: {
      day: lastDays(1),
      week: lastDays(7),
      month: lastDays(30),
      ever: names(before),
      new: names(wasNew),
      asked: names(mine),
    },
  }
}
