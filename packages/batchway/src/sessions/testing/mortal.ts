/** A hub's hold on the world that ends at a call of our choice: what `kill -9` between two awaits looks like from outside. */

export interface Life {
  /** Calls so far, over everything that was made mortal. */
  readonly calls: number
  readonly isOver: boolean
  /** Resolves when the hub has died. */
  readonly over: Promise<void>
  /** Die at the call that comes after so many more, before it takes effect or after. */
  dieAfter(calls: number, when: 'before' | 'after'): void
  /** The same object, whose methods never answer a dead hub. */
  mortal<T extends object>(target: T): T
}

export function openLife(): Life {
  const over = Promise.withResolvers<void>()
  let calls = 0
  let isOver = false
  let death: { readonly at: number; readonly when: 'before' | 'after' } | null = null
  const never = new Promise<never>(() => {})
  const end = (): Promise<never> => {
    isOver = true
    over.resolve()
    return never
  }

  return {
    get calls() {
      return calls
    },
    get isOver() {
      return isOver
    },
    over: over.promise,
    dieAfter(more, when) {
      death = { at: calls + more, when }
    },
    mortal: (target) =>
      new Proxy(target, {
        get(object, name, receiver) {
          const method = Reflect.get(object, name, receiver)
          if (typeof method !== 'function') return method
          return (...args: unknown[]) => {
            if (isOver) return never
            calls += 1
            const isLast = death !== null && calls > death.at
            if (isLast && death?.when === 'before') return end()
            const result: unknown = Reflect.apply(method, object, args)
            if (!isLast) return result
            return Promise.resolve(result).then(end, end)
          }
        },
      }),
  }
}
