/** Random numbers that a seed repeats. */
export interface Random {
  readonly seed: number
  /** At least 0, below 1. */
  next(): number
  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number
  pick<T>(values: readonly T[]): T
}

/** @param seed a whole number below 2³²; BATCHWAY_TEST_SEED, or any, if absent. */
export function openRandom(
  seed = Number(process.env.BATCHWAY_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32)),
): Random {
  let state = seed >>> 0
  // Mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    seed,
    next,
    whole,
    pick: (values) => {
      const value = values[whole(0, values.length - 1)]
      if (value === undefined) throw new RangeError('nothing to pick from')
      return value
    },
  }
}
