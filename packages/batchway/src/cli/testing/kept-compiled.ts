/** For the environment of commands that a test runs one after the other: half of what a short one computes is compiling. */
import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'

/** Where the test's own process keeps what it compiled, if the runner told it to: Node puts a folder for its version in there. */
const folder = getCompileCacheDir()
export const keptCompiled: Readonly<Record<string, string>> =
  folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) }
