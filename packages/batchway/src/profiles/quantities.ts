/** Amounts as people write them in a form: reading, writing and speaking of each. Pure. */
import type { Resources } from '@batchway/schedulers'
import { formatDuration, parseDuration, parseMemory } from '../core/units.ts'
import type { FieldKind } from './launch-model.ts'

interface Quantity {
  readonly label: string
  readonly kind: FieldKind
  readonly unit: string | null
  readonly of: keyof Pick<Resources, 'cores' | 'memoryMiB' | 'gpus' | 'wallSeconds'>
  parse(text: string): number | null
  /** What `parse` reads back exactly. */
  format(value: number): string
  /** With its unit, for sentences. */
  say(value: number): string
  readonly example: string
}

/** GiB with as many digits as it takes to come back to the same MiB. */
const formatGigabytes = (mebibytes: number): string => String(Number((mebibytes / 1_024).toFixed(4)))

function parseGigabytes(text: string): number | null {
  if (!/^\d{1,6}(\.\d{1,4})?$/.test(text)) return parseMemory(text)
  return Math.round(Number(text) * 1_024)
}

const formatClock = (seconds: number): string =>
  seconds % 60 === 0
    ? `${Math.floor(seconds / 3_600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, '0')}`
    : formatDuration(seconds)

const parseCount = (text: string): number | null => (/^\d{1,6}$/.test(text) ? Number(text) : null)

export const quantities = {
  cores: {
    label: 'Cores',
    kind: 'integer',
    unit: null,
    of: 'cores',
    parse: parseCount,
    format: String,
    say: (value) => (value === 1 ? '1 core' : `${value} cores`),
    example: '4',
  },
  memory: {
    label: 'Memory',
    kind: 'memory',
    unit: 'GB',
    of: 'memoryMiB',
    parse: parseGigabytes,
    format: formatGigabytes,
    say: (value) => `${Number((value / 1_024).toFixed(1))} GB`,
    example: '16',
  },
  gpus: {
    label: 'GPUs',
    kind: 'integer',
    unit: null,
    of: 'gpus',
    parse: parseCount,
    format: String,
    say: (value) => (value === 1 ? '1 GPU' : `${value} GPUs`),
    example: '1',
  },
  walltime: {
    label: 'Time',
    kind: 'duration',
    unit: 'hours:minutes',
    of: 'wallSeconds',
    parse: parseDuration,
    format: formatClock,
    say: formatClock,
    example: '4:00',
  },
} as const satisfies Record<string, Quantity>
export type QuantityName = keyof typeof quantities
export const quantityNames = Object.keys(quantities) as QuantityName[]
export type Range = readonly [lowest: number, highest: number]

/** A value that does not fit, as its message shows it. */
export const quote = (text: string): string => JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text)

/** What goes wrong with one value, or the value. */
export function readQuantity(name: QuantityName, text: string, [lowest, highest]: Range): number | string {
  const { parse, say, example } = quantities[name]
  const value = parse(text.trim())
  if (value === null) return `${quote(text)} cannot be read. Write it like ${example}.`
  if (value < lowest) return `${say(value)} is less than ${say(lowest)}. Ask for ${say(lowest)} or more.`
  if (value > highest) return `${say(value)} is more than ${say(highest)}. Ask for ${say(highest)} or less.`
  return value
}
