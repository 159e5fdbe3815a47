import { routeSegments } from './request-path.ts'

interface Node<T> {
  readonly children: Map<string, Node<T>>
  entry: T | undefined
}

const emptyNode = <T>(): Node<T> => ({ children: new Map(), entry: undefined })

/**
 * Path → entry with the longest prefix winning, at segment boundaries: `/user/al` does not match `/user/alice`. A trie of Maps,
 * so that segments such as `__proto__` are ordinary names and the cost depends on the depth of the path, not on the number of routes.
 */
export class RouteTable<T> {
  readonly #root: Node<T> = emptyNode()
  readonly #entries = new Map<string, T>()

  get size(): number {
    return this.#entries.size
  }

  get(path: string): T | undefined {
    return this.#entries.get(path)
  }

  entries(): IterableIterator<[string, T]> {
    return this.#entries.entries()
  }

  /** @param path in the form of `toRoutePath`. */
  set(path: string, entry: T): void {
    let node = this.#root
    for (const segment of routeSegments(path)) {
      let child = node.children.get(segment)
      if (child === undefined) {
        child = emptyNode()
        node.children.set(segment, child)
      }
      node = child
    }
    node.entry = entry
    this.#entries.set(path, entry)
  }

  /** @returns false if there was no such route. */
  delete(path: string): boolean {
    if (!this.#entries.delete(path)) return false
    const trail: { readonly parent: Node<T>; readonly segment: string }[] = []
    let node = this.#root
    for (const segment of routeSegments(path)) {
      const child = node.children.get(segment)
      if (child === undefined) return true
      trail.push({ parent: node, segment })
      node = child
    }
    node.entry = undefined
    // Branches without a route are cut, so that a million ended sessions leave nothing behind.
    for (const { parent, segment } of trail.reverse()) {
      const child = parent.children.get(segment)
      if (child === undefined || child.entry !== undefined || child.children.size > 0) break
      parent.children.delete(segment)
    }
    return true
  }

  /** The entry of the longest prefix of these segments. */
  match(segments: readonly string[]): T | undefined {
    let node = this.#root
    let best = node.entry
    for (const segment of segments) {
      const child = node.children.get(segment)
      if (child === undefined) break
      node = child
      if (node.entry !== undefined) best = node.entry
    }
    return best
  }
}
