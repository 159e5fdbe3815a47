/** Looks into a running Node process from outside, by its inspector (SIGUSR1, Chrome DevTools protocol): memory and event-loop delay. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface Inspected extends Disposable {
  /** Starts, or starts anew, the measurement of event-loop delays. */
  restart(): Promise<void>
  /** Samples what runs until the returned function is called; it writes a `.cpuprofile`, which Chrome's DevTools open. */
  profile(file: string): Promise<() => Promise<void>>
  /** Writes all that lives in its heap, as Chrome's DevTools open it. The program stands still meanwhile, and grows. */
  snapshot(file: string): Promise<void>
  read(): Promise<{
    readonly rssMiB: number
    readonly heapMiB: number
    /** Pages that V8 has for it. */
    readonly heapPagesMiB: number
    readonly maxDelayMs: number
    readonly p99DelayMs: number
    /** Milliseconds of the longest collection of each kind that stopped the program, and of all of them. */
    readonly collections: Collections
    readonly memory: MemoryParts
  }>
}

/** Evaluated in the other process. Resolution 5 ms: a delay of an idle loop reads as 5 to 6 ms. */
const begin = `(() => {
  globalThis.__delay?.disable();
  globalThis.__delay = process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay({ resolution: 5 });
  globalThis.__delay.enable();
  const { PerformanceObserver, constants } = process.getBuiltinModule('node:perf_hooks');
  const names = { [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor', [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major', [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental', [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak' };
  globalThis.__gc?.observer.disconnect();
  const byKind = {};
  const observer = new PerformanceObserver((list) => {
    for (const { duration, detail } of list.getEntries()) {
      const each = (byKind[names[detail.kind] ?? 'other'] ??= { count: 0, longest: 0, all: 0 });
      each.count += 1;
      each.longest = Math.max(each.longest, Math.round(duration * 10) / 10);
      each.all += Math.round(duration * 10) / 10;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  globalThis.__gc = { observer, byKind };
})()`
const figures = `(() => {
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  return JSON.stringify({ rss, heapUsed, max: globalThis.__delay.max, p99: globalThis.__delay.percentile(99), collections: globalThis.__gc.byKind, heapTotal });
})()`

type Collections = Readonly<Record<string, { readonly count: number; readonly longest: number; readonly all: number }>>

/** What `figures` tells: bytes and nanoseconds. */
interface Told {
  readonly rss: number
  readonly heapUsed: number
  readonly heapTotal: number
  readonly max: number
  readonly p99: number
  readonly collections: Collections
}

interface Result {
  readonly result?: { readonly value?: unknown }
  readonly profile?: object
}

/** @param pid of a Node process whose inspector port (9229 unless it was started with another `--inspect-port`) nobody else uses. */
export async function inspect(pid: number, port = 9_229): Promise<Inspected> {
  process.kill(pid, 'SIGUSR1')
  const socket = new WebSocket(await findInspector(port))
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', reject, { once: true })
  })
  let last = 0
  const call = (method: string, params: object = {}): Promise<Result> =>
    new Promise((resolve) => {
      const id = ++last
      const onMessage = ({ data }: MessageEvent): void => {
        const answer: { id?: number; result?: Result } = JSON.parse(String(data))
        if (answer.id !== id) return
        socket.removeEventListener('message', onMessage)
        resolve(answer.result ?? {})
      }
      socket.addEventListener('message', onMessage)
      socket.send(JSON.stringify({ id, method, params }))
    })
  const evaluate = async (expression: string): Promise<unknown> =>
    (await call('Runtime.evaluate', { expression })).result?.value
  await evaluate(begin)
  return {
    restart: async () => void (await evaluate(begin)),
    async profile(file) {
      await call('Profiler.enable')
      await call('Profiler.setSamplingInterval', { interval: 500 })
      await call('Profiler.start')
      return async () => writeFileSync(file, JSON.stringify((await call('Profiler.stop')).profile))
    },
    async snapshot(file) {
      // It writes the file itself, as whoever it runs as: through the inspector the text would be in its memory first.
      const made = `${file}.${pid}`
      const write = `process.getBuiltinModule('node:v8').writeHeapSnapshot(${JSON.stringify(basename(made))})`
      const answer = await evaluate(write)
      if (typeof answer !== 'string') throw new Error(`the process ${pid} wrote no snapshot of its heap`)
      copyFileSync(join(`/proc/${pid}/cwd`, answer), file)
      rmSync(join(`/proc/${pid}/cwd`, answer))
    },
    async read() {
      const { rss, heapUsed, heapTotal, max, p99, collections } = JSON.parse(String(await evaluate(figures))) as Told
      const round = (value: number): number => Math.round(value * 10) / 10
      return {
        rssMiB: round(rss / 2 ** 20),
        heapMiB: round(heapUsed / 2 ** 20),
        heapPagesMiB: round(heapTotal / 2 ** 20),
        maxDelayMs: round(max / 1e6),
        p99DelayMs: round(p99 / 1e6),
        collections,
        memory: memoryParts(pid),
      }
    },
    [Symbol.dispose]: () => socket.close(),
  }
}

export interface MemoryParts {
  /** Highest resident memory since the program began. */
  readonly peakRssMiB: number
  readonly fileMiB: number
  /** What the C library has from the kernel in one piece: the engine's own structures, buffers, SQLite's pages. */
  readonly cHeapMiB: number
  readonly otherMiB: number
}

function memoryParts(pid: number): MemoryParts {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const of = (text: string, name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0)
  const heap = /^[^\n]+\[heap\]\n[^[]*?^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps`, 'utf8'))?.[1]
  const round = (kib: number): number => Math.round(kib / 102.4) / 10
  return {
    peakRssMiB: round(of(status, 'VmHWM')),
    fileMiB: round(of(status, 'RssFile')),
    cHeapMiB: round(Number(heap ?? 0)),
    otherMiB: round(of(status, 'RssAnon') - Number(heap ?? 0)),
  }
}

/** Resident memory of a process that is not looked into: an inspector has memory of its own. */
export function rssMiB(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kibibytes) / 102.4) / 10
}

async function findInspector(port: number): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/json/list`)
      const targets = (await answer.json()) as { webSocketDebuggerUrl?: string }[]
      const url = targets[0]?.webSocketDebuggerUrl
      if (url !== undefined) return url
    } catch {
      // it has not opened yet
    }
    await delay(50)
  }
  throw new Error(`the inspector of the process did not open on 127.0.0.1:${port}`)
}
