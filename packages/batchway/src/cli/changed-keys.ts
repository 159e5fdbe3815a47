import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../core/config.ts'

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What a hub that was started with `before` would have to be started anew for. @returns keys as in the file, two deep at most: `profiles`, `clusters.larch`. */
export const changedKeys = (before: Config, now: Config): readonly string[] => differences(before, now, 2)

function differences(before: object, now: object, depth: number): string[] {
  const [old, next] = [new Map(Object.entries(before)), new Map(Object.entries(now))]
  return [...new Set([...old.keys(), ...next.keys()])].flatMap((key): string[] => {
    const [was, is] = [old.get(key), next.get(key)]
    if (isDeepStrictEqual(was, is)) return []
    return depth > 1 && isPlain(was) && isPlain(is)
      ? differences(was, is, depth - 1).map((inner) => `${key}.${inner}`)
      : [key]
  })
}
