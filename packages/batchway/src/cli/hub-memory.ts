/** What keeps the hub small. Most of it is its environment, from where V8 and the C library take it when they begin. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * V8 lets what is young grow to 64 MB before it looks which of it is still in use, and gives none of it back: many starts at once leave the
 * hub that much larger. Small nurseries are cleared more often, and faster each time.
 */
const nursery = '--max-semi-space-size=4'

/**
 * glibc gives each thread a heap of its own (an arena), and memory that one has freed no other can use. Node's threads take turns: one
 * arena serves them all.
 * @see mallopt(3), M_ARENA_MAX
 */
const arenas = '1'

/**
 * glibc asks the kernel for large blocks one by one and gives them back, but raises what it calls large with each that is freed, up to 32 MB.
 * From then on lists of thousands of jobs come from the common heap and leave holes in it. Naming the limits (bytes) keeps them.
 * @see mallopt(3), M_MMAP_THRESHOLD
 */
const largeBlocks = String(128 * 1024)

/** @param own what the site has set itself: it comes last, and so wins. */
export function hubMemory(own: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  return {
    NODE_OPTIONS: own.NODE_OPTIONS ? `${nursery} ${own.NODE_OPTIONS}` : nursery,
    MALLOC_ARENA_MAX: own.MALLOC_ARENA_MAX ?? arenas,
    MALLOC_MMAP_THRESHOLD_: own.MALLOC_MMAP_THRESHOLD_ ?? largeBlocks,
    MALLOC_TRIM_THRESHOLD_: own.MALLOC_TRIM_THRESHOLD_ ?? largeBlocks,
  }
}

/** Collect what is old when it has doubled (percent of growth). V8 would wait until it is four times as much, and keeps the pages. */
const growth = 100

/** For the running process, before it makes much. V8 looks at this setting at each collection. */
export const keepHeapSmall = (): void => setFlagsFromString(`--heap-growing-percent=${growth}`)

/**
 * Bytes of resident memory from which on memory comes before speed, and below which speed does again: that V8 goes without its spare pages
 * costs up to a fifth more time for the largest pages, and a hub that large has work enough.
 */
const largeFrom = 180 * 2 ** 20
const smallBelow = 150 * 2 ** 20

/** @param saves whether memory comes first now. @returns whether it does from now on. */
const comesFirst = (rssBytes: number, saves: boolean): boolean => rssBytes > (saves ? smallBelow : largeFrom)

export interface MemoryHost {
  rss(): number
  setFlag(flag: string): void
  every(ms: number, run: () => void): () => void
}

const realHost: MemoryHost = {
  rss: process.memoryUsage.rss,
  setFlag: setFlagsFromString,
  every(ms, run) {
    const timer = setInterval(run, ms).unref()
    return () => clearInterval(timer)
  },
}

/**
 * V8 keeps the pages that a collection has emptied, for later, and gives them back when a program rests, which a hub with thousands of
 * agents never does: after 1,500 starts 90 MB of 283. With this flag each collection of the old gives them back. V8 looks at it at each.
 * @returns what ends it.
 */
export function giveBackWhenLarge({ rss, setFlag, every }: MemoryHost = realHost): () => void {
  let saves = false
  return every(1_000, () => {
    const should = comesFirst(rss(), saves)
    if (should !== saves) setFlag(should ? '--optimize-for-size' : '--no-optimize-for-size')
    saves = should
  })
}

/**
 * What was needed for the start alone is let go at once: V8 would keep it until the heap has doubled, which an idle hub's never does. In the
 * way of memory that runs out, since V8 otherwise keeps the emptied pages and the text of functions that ran once. It stops the program
 * for a tenth of a second or more: for when nobody can have asked for anything yet.
 */
export function letGoOfStart(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect({ flavor: 'last-resort' })
}
