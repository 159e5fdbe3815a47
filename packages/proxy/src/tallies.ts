/** Requests by route, for at most so many routes that whoever collects the figures can hold them. */
export interface Tally {
  requests: number
}

/** Counted where nobody looks. */
export const noTally: Tally = { requests: 0 }

export class Tallies {
  readonly #most: number
  readonly #named = new Map<string, Tally>()
  /** Of all routes that have no place of their own. Never goes back, as a counter must not. */
  readonly rest: Tally = { requests: 0 }

  /** @param most routes with a figure of their own at any time; who comes first has one. */
  constructor(most = 500) {
    this.#most = most
  }

  of(path: string): Tally {
    const known = this.#named.get(path)
    if (known !== undefined) return known
    if (this.#named.size >= this.#most) return this.rest
    const tally: Tally = { requests: 0 }
    this.#named.set(path, tally)
    return tally
  }

  /** The route is gone, and its figure with it. */
  drop(path: string): void {
    this.#named.delete(path)
  }

  entries(): IterableIterator<[string, Tally]> {
    return this.#named.entries()
  }
}
