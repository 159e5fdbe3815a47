import { type ProcessIdentity, toProcessIdentity } from './process-identity.ts'

/** What the scheduler tells a shepherd, as JSON on its stdin: never on a command line, for the script may hold a secret. */
export interface RunOrder {
  readonly kind: 'run'
  readonly jobId: string
  /** 128 random bits as hex: the name of this launch in the exchange, known to scheduler and shepherd alone. */
  readonly key: string
  /** The exchange's directory, and the uid whose cancel notes count. */
  readonly exchange: string
  readonly schedulerUid: number
  readonly script: string
  readonly workdir: string
  readonly outputPath: string
  readonly wallSeconds: number
  readonly graceSeconds: number
  /** null = memory is not watched. */
  readonly memoryLimitMiB: number | null
  /** `PATH` and `LANG` of the job. */
  readonly path: string
  readonly lang: string
  /** Unix ms: later than this the order must not be taken up. */
  readonly notAfter: number
}

/** Kill what a job left behind when its shepherd is gone or does not obey. */
export interface SweepOrder {
  readonly kind: 'sweep'
  readonly jobId: string
  readonly shepherd: ProcessIdentity | null
}

export type Order = RunOrder | SweepOrder

/** How a job ended, as its shepherd saw it. Times in Unix ms. */
export interface JobResult {
  readonly kind: 'completed' | 'failed' | 'cancelled' | 'walltime' | 'out-of-memory' | 'node-failure' | 'launch-failed'
  readonly exitCode?: number
  readonly signal?: number
  readonly words?: string
  readonly startedAt?: number
  readonly endedAt?: number
  readonly maxMemoryMiB?: number
}

const runFields = {
  jobId: 'string',
  key: 'string',
  exchange: 'string',
  schedulerUid: 'number',
  script: 'string',
  workdir: 'string',
  outputPath: 'string',
  wallSeconds: 'number',
  graceSeconds: 'number',
  path: 'string',
  lang: 'string',
  notAfter: 'number',
} as const

/** @throws {Error} on anything but a complete order: a scheduler that died while writing sends half a one. */
export function parseOrder(text: string): Order {
  const order = asRecord(JSON.parse(text))
  if (order?.kind === 'sweep' && typeof order.jobId === 'string')
    return { kind: 'sweep', jobId: order.jobId, shepherd: toProcessIdentity(order.shepherd) }
  const wrong = Object.entries(runFields).find(([name, type]) => typeof order?.[name] !== type)
  if (order?.kind !== 'run' || wrong) throw new Error(`not an order${wrong ? `: ${wrong[0]}` : ''}`)
  return {
    ...order,
    memoryLimitMiB: typeof order.memoryLimitMiB === 'number' ? order.memoryLimitMiB : null,
  } as RunOrder
}

const resultKinds: readonly string[] = [
  'completed',
  'failed',
  'cancelled',
  'walltime',
  'out-of-memory',
  'node-failure',
  'launch-failed',
] satisfies readonly JobResult['kind'][]

/** Read a result file. The job's owner can write anything there, so each field is checked; null = not a result. */
export function parseResult(text: string): JobResult | null {
  let value: Record<string, unknown> | null
  try {
    value = asRecord(JSON.parse(text))
  } catch {
    return null
  }
  if (!value || typeof value.kind !== 'string' || !resultKinds.includes(value.kind)) return null
  const { words } = value
  const numbers = (['exitCode', 'signal', 'startedAt', 'endedAt', 'maxMemoryMiB'] as const).flatMap((name) => {
    const number = value[name]
    return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? [[name, number]] : []
  })
  return {
    kind: value.kind as JobResult['kind'],
    ...Object.fromEntries(numbers),
    ...(typeof words === 'string' && { words: printable(words) }),
  }
}

/** One line of text for people: control characters become blanks, at most 500 characters. */
export const printable = (text: string): string =>
  text
    .replaceAll(/[\x00-\x1f\x7f-\x9f]+/g, ' ')
    .trim()
    .slice(0, 500)

export const asRecord = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
