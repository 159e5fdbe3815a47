/** Reads what came from a hub, or from whoever has its key. Pure; no library, since this runs alone on a login node. */
import type { RemoteExecution, RemoteOrder } from './messages.ts'

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'
/** U+001F stands between the columns of a list, so it may be asked for. */
const isArgument = (value: unknown): value is string => isText(value) && !/[\0-\x1e\x7f]/.test(value)
const isHoldName = (value: unknown): value is string => isText(value) && /^[A-Za-z][A-Za-z0-9-]{0,30}$/.test(value)
const isAmount = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most

const mostArguments = 4_096
const mostBytes = 32 * 2 ** 20

function parseExecution(value: unknown): RemoteExecution | null {
  if (!isFields(value)) return null
  const { file, args, account, variables, stdin, timeoutMs, outputLimitBytes, graceMs, hold } = value
  const isGood =
    isArgument(file) &&
    Array.isArray(args) &&
    args.length <= mostArguments &&
    args.every(isArgument) &&
    (account === null || isText(account)) &&
    isFields(variables) &&
    Object.values(variables).every(isArgument) &&
    isText(stdin) &&
    isAmount(timeoutMs, 600_000) &&
    isAmount(outputLimitBytes, mostBytes) &&
    isAmount(graceMs, 60_000) &&
    (hold === null || isHoldName(hold))
  if (!isGood) return null
  const given = Object.entries(variables).filter((entry): entry is [string, string] => isText(entry[1]))
  const own = { variables: Object.fromEntries(given), args: args.filter(isText) }
  return { file, account, stdin, timeoutMs, outputLimitBytes, graceMs, hold, ...own }
}

export class NoOrder extends Error {
  /** Whom to tell; null: nobody, the line means nothing. */
  readonly id: number | null
  constructor(id: number | null) {
    super('this is no order')
    this.id = id
  }
}

/** @throws {NoOrder} */
export function parseOrder(line: string): RemoteOrder {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new NoOrder(null)
  }
  const id = isFields(value) ? value.id : null
  if (!isFields(value) || !isAmount(id, Number.MAX_SAFE_INTEGER)) throw new NoOrder(null)
  const order = read(value, id)
  if (order === null) throw new NoOrder(id)
  return order
}

function read(value: Fields, id: number): RemoteOrder | null {
  const { type } = value
  switch (type) {
    case 'execute': {
      const execution = parseExecution(value.execution)
      return execution && { type, id, execution }
    }
    case 'abort':
    case 'clock':
      return { type, id }
    case 'hold': {
      const { name, act } = value
      const isAct = act === 'make' || act === 'look' || act === 'remove'
      return isAct && isHoldName(name) ? { type, id, name, act } : null
    }
    case 'account':
      return isText(value.key) ? { type, id, key: value.key } : null
    default:
      return null
  }
}
