/** What the contract suite asks of a test database, and how many at once try the same thing on it. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { migrate } from '../migrate.ts'
import { type Database, openDatabase } from '../open.ts'

export interface Bench extends AsyncDisposable {
  /** A connection of its own to the same data. */
  readonly open: () => Database
  /** For other processes; null if they cannot reach it (in memory). */
  readonly url: string | null
}

/** A database without tables. */
export interface Place extends AsyncDisposable {
  readonly url: string
}

/** An empty database in its final shape. */
export async function openBench(place: Place): Promise<Bench> {
  const { url } = place
  await using undo = new AsyncDisposableStack()
  undo.use(place)
  const first = undo.use(openDatabase(url))
  await migrate(first, 0)
  const keep = undo.move()
  // Another connection would see another memory: there the one has to do, kept open until the end.
  const inMemory = url === 'sqlite::memory:'
  return {
    open: () => (inMemory ? { ...first, [Symbol.asyncDispose]: async () => {} } : openDatabase(url)),
    url: inMemory ? null : url,
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  }
}

export type RaceAct = 'start' | 'insert' | 'update' | 'accept' | 'claim' | 'link' | 'code' | 'user'

/**
 * Let several processes, each with its own connection, do the same act several times at the same moment.
 * @returns how many of the `processes × times` tries won.
 */
export async function race(url: string, act: RaceAct, processes = 4, times = 5): Promise<number> {
  const children = Array.from({ length: processes }, (_, index) =>
    fork(new URL('./racer.ts', import.meta.url), [], {
      env: { ...process.env, RACE: JSON.stringify({ url, act, times, racer: index }) },
      execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  )
  try {
    await Promise.all(children.map((child) => answer(child)))
    const results = children.map((child) => answer(child))
    for (const child of children) child.send('go')
    return (await Promise.all(results)).reduce((sum, won) => sum + won, 0)
  } finally {
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
  }
}

async function answer(child: ReturnType<typeof fork>): Promise<number> {
  const lost = new AbortController()
  const died = once(child, 'exit', { signal: lost.signal }).then(() => {
    throw new Error('a racer ended before its time')
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: lost.signal }), died])
    return Number(message)
  } finally {
    died.catch(() => {})
    lost.abort()
  }
}
