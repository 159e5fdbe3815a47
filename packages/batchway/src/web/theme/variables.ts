/** What a theme's template may read: a list of paths, and nothing beside it. Pure. */

/** `time` is in milliseconds, for the filters `clock`, `iso` and their like; `link` is an address. */
export type VariableKind = 'text' | 'number' | 'flag' | 'time' | 'link'

/** Dotted path (`ways[].button`: of each of a list) → what it is, and what it means. */
export type Variables = Readonly<Record<string, readonly [kind: VariableKind, meaning: string]>>

type Tree = Map<string, Tree | VariableKind>

const split = (path: string): string[] => path.replaceAll('[]', '.[]').split('.')

/** @throws {Error} where one path names a value that another goes through. */
function treeOf(variables: Variables): Tree {
  const root: Tree = new Map()
  for (const [path, [kind]] of Object.entries(variables)) {
    const parts = split(path)
    const last = parts.pop() ?? ''
    let at = root
    for (const part of parts) {
      const next = at.get(part) ?? new Map()
      if (!(next instanceof Map)) throw new Error(`${path} goes through a value`)
      at.set(part, next)
      at = next
    }
    at.set(last, kind)
  }
  return root
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** A copy with what the tree names. A value that is no text, number or truth stays away: no object slips through a leaf. */
function pickTree(value: unknown, tree: Tree): unknown {
  const each = tree.get('[]')
  if (each !== undefined) return Array.isArray(value) ? value.map((one) => pickOne(one, each)) : []
  if (!isRecord(value)) return null
  return Object.fromEntries(
    [...tree].map(([name, below]) => [name, pickOne(Object.hasOwn(value, name) ? value[name] : null, below)]),
  )
}
function pickOne(value: unknown, below: Tree | VariableKind): unknown {
  if (below instanceof Map) return pickTree(value, below)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

export type Pick = (scope: object) => Record<string, unknown>

export function picker(variables: Variables): Pick {
  const tree = treeOf(variables)
  return (scope) => {
    const picked = pickTree(scope, tree)
    return isRecord(picked) ? picked : {}
  }
}

const samples: Readonly<Record<VariableKind, unknown>> = {
  text: 'sample',
  number: 3,
  flag: true,
  time: 1_790_000_000_000,
  link: '/sample',
}

/** Something for every path, or nothing but what is there: what a template is tried with before people see it. */
export function sampleOf(variables: Variables, isFull: boolean): Record<string, unknown> {
  const fill = (below: Tree | VariableKind): unknown => {
    if (!(below instanceof Map)) return isFull || below === 'time' ? samples[below] : below === 'flag' ? false : null
    const each = below.get('[]')
    if (each !== undefined) return isFull ? [fill(each), fill(each)] : []
    return Object.fromEntries([...below].map(([name, next]) => [name, fill(next)]))
  }
  return Object.fromEntries([...treeOf(variables)].map(([name, below]) => [name, fill(below)]))
}

/** Names that can follow `segments`; null when the path is known. Lists have their size and their ends. */
export function unknownAt(
  variables: Variables,
  segments: readonly unknown[],
): { readonly path: string; readonly known: readonly string[] } | null {
  let at: Tree | VariableKind = treeOf(variables)
  let path = ''
  for (const segment of segments) {
    if (!(at instanceof Map)) return null
    const each = at.get('[]')
    if (each !== undefined) {
      if (segment === 'size') return null
      at = each
      continue
    }
    // `a[b]`: which one is known when it is read.
    if (typeof segment !== 'string') return null
    path = path === '' ? segment : `${path}.${segment}`
    const next: Tree | VariableKind | undefined = at.get(segment)
    if (next === undefined) return { path, known: [...at.keys()] }
    at = next
  }
  return null
}
