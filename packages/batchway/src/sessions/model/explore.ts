/**
 * A small explicit-state model checker: breadth first, so that what it finds is told by a shortest trace. Pure; knows nothing
 * of sessions. A state is kept as the hash of its key, its parent and the number of the move that led to it: millions fit.
 */
import { hash } from 'node:crypto'

export interface Move<State, Kind extends string = string> {
  /** What happens, in words. */
  readonly name: string
  readonly kind: Kind
  readonly to: State
}

export interface Model<State, Kind extends string = string> {
  readonly initial: State
  /** In a fixed order: traces are found again by the number of each move. */
  next(state: State): readonly Move<State, Kind>[]
  /** Two states with the same text are the same. */
  key(state: State): string
  /** Each returns words when it does not hold, null when it does. */
  readonly always: Readonly<Record<string, (state: State) => string | null>>
  readonly steps: Readonly<Record<string, (before: State, move: Move<State, Kind>) => string | null>>
  /** From every state that `from` names, moves of these kinds alone can lead to a `goal`: nobody is stuck when all is well. */
  readonly leadsTo: Readonly<Record<string, LeadsTo<State, Kind>>>
}

interface LeadsTo<State, Kind extends string> {
  from(state: State): boolean
  goal(state: State): boolean
  readonly by: readonly Kind[]
}

export interface Broken {
  readonly invariant: string
  readonly words: string
  /** The names of the moves from the initial state on. */
  readonly trace: readonly string[]
}

export interface Findings {
  readonly states: number
  readonly moves: number
  /** Moves on the longest of the shortest ways to a state. */
  readonly depth: number
  readonly broken: Broken | null
}

/** Numbers in a block of memory that grows. */
function numbers() {
  let block = new Int32Array(1 << 16)
  let length = 0
  return {
    push(value: number): void {
      if (length === block.length) {
        const larger = new Int32Array(length * 2)
        larger.set(block)
        block = larger
      }
      block[length] = value
      length += 1
    },
    at: (index: number): number => block[index] ?? 0,
    get length() {
      return length
    },
  }
}

/**
 * Visit every state that can be reached.
 * @throws {RangeError} if there are more than `maxStates`: what was not looked at is not known to hold.
 */
export function explore<State, Kind extends string>(
  model: Model<State, Kind>,
  { maxStates }: { readonly maxStates: number },
): Findings {
  const { always, steps, leadsTo, next, key } = model
  const promises = Object.entries(leadsTo)
  const index = new Map<string, number>()
  const [parents, choices] = [numbers(), numbers()]
  /** For each promise a bit: 1 where the state begins one, 2 where it is a goal. */
  const flags = promises.map(() => numbers())
  const [from, to, kinds] = [numbers(), numbers(), numbers()]
  const kindBits = new Map<Kind, number>()
  const bitOf = (kind: Kind): number => {
    const known = kindBits.get(kind)
    if (known !== undefined) return known
    const bit = 1 << kindBits.size
    kindBits.set(kind, bit)
    return bit
  }

  function traceTo(state: number): string[] {
    const moves: number[] = []
    for (let at = state; at !== 0; at = parents.at(at)) moves.unshift(choices.at(at))
    const names: string[] = []
    let current = model.initial
    for (const choice of moves) {
      const move = next(current)[choice]
      if (!move) throw new Error('the model gives other moves when it is asked again')
      names.push(move.name)
      current = move.to
    }
    return names
  }

  /** @returns the state's number and whether it is new. */
  function enter(state: State, parent: number, choice: number): readonly [number, boolean] {
    const digest = hash('md5', key(state), 'base64')
    const known = index.get(digest)
    if (known !== undefined) return [known, false]
    const number = index.size
    if (number >= maxStates) throw new RangeError(`more than ${maxStates} states: raise the bound or shrink the model`)
    index.set(digest, number)
    parents.push(parent)
    choices.push(choice)
    for (const [at, [, { from, goal }]] of promises.entries())
      flags[at]?.push((from(state) ? 1 : 0) | (goal(state) ? 2 : 0))
    return [number, true]
  }

  let moves = 0
  let depth = 0
  const findings = (broken: Broken | null): Findings => ({ states: index.size, moves, depth, broken })

  function brokenBy(state: State, number: number): Broken | null {
    for (const [invariant, words] of Object.entries(always)) {
      const found = words(state)
      if (found !== null) return { invariant, words: found, trace: traceTo(number) }
    }
    return null
  }

  enter(model.initial, 0, 0)
  const first = brokenBy(model.initial, 0)
  if (first) return findings(first)
  let frontier: { readonly state: State; readonly number: number }[] = [{ state: model.initial, number: 0 }]
  for (; frontier.length > 0; depth += 1) {
    const following: typeof frontier = []
    for (const { state, number } of frontier) {
      for (const [choice, move] of next(state).entries()) {
        moves += 1
        for (const [invariant, words] of Object.entries(steps)) {
          const found = words(state, move)
          if (found !== null) return findings({ invariant, words: found, trace: [...traceTo(number), move.name] })
        }
        const [reached, isNew] = enter(move.to, number, choice)
        from.push(number)
        to.push(reached)
        kinds.push(bitOf(move.kind))
        if (!isNew) continue
        const broken = brokenBy(move.to, reached)
        if (broken) return findings(broken)
        following.push({ state: move.to, number: reached })
      }
    }
    if (following.length === 0) break
    frontier = following
  }

  for (const [at, [invariant, { by }]] of promises.entries()) {
    const flag = flags[at]
    const allowed = by.reduce((bits, kind) => bits | bitOf(kind), 0)
    const stuck = flag && firstStuck({ count: index.size, from, to, kinds, flag, allowed })
    if (stuck !== undefined && stuck !== null)
      return findings({ invariant, words: 'nothing that is bound to happen leads on from here', trace: traceTo(stuck) })
  }
  return findings(null)
}

interface Graph {
  readonly count: number
  readonly from: Numbers
  readonly to: Numbers
  readonly kinds: Numbers
  readonly flag: Numbers
  readonly allowed: number
}
type Numbers = Pick<ReturnType<typeof numbers>, 'at' | 'length'>

/** The first state that begins a promise from which no goal can be reached: backwards from the goals, along allowed moves. */
function firstStuck({ count, from, to, kinds, flag, allowed }: Graph): number | null {
  const start = new Int32Array(count + 1)
  for (let edge = 0; edge < from.length; edge += 1) {
    if ((kinds.at(edge) & allowed) !== 0) start[to.at(edge) + 1] = (start[to.at(edge) + 1] ?? 0) + 1
  }
  for (let state = 0; state < count; state += 1) start[state + 1] = (start[state + 1] ?? 0) + (start[state] ?? 0)
  const fill = start.slice()
  const before = new Int32Array(start[count] ?? 0)
  for (let edge = 0; edge < from.length; edge += 1) {
    if ((kinds.at(edge) & allowed) === 0) continue
    const place = fill[to.at(edge)] ?? 0
    before[place] = from.at(edge)
    fill[to.at(edge)] = place + 1
  }
  const isGood = new Uint8Array(count)
  const open: number[] = []
  for (let state = 0; state < count; state += 1) {
    if ((flag.at(state) & 2) === 0) continue
    isGood[state] = 1
    open.push(state)
  }
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (let place = start[state] ?? 0; place < (start[state + 1] ?? 0); place += 1) {
      const previous = before[place] ?? 0
      if (isGood[previous]) continue
      isGood[previous] = 1
      open.push(previous)
    }
  }
  for (let state = 0; state < count; state += 1) if ((flag.at(state) & 1) !== 0 && !isGood[state]) return state
  return null
}

/** A counterexample as people read it. */
export const inWords = ({ invariant, words, trace }: Broken): string =>
  [`${invariant}: ${words}`, ...trace.map((name, index) => `${String(index + 1).padStart(3)}. ${name}`)].join('\n')
