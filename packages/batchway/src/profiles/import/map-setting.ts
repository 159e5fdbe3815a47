/** What becomes of each setting of a spawner class: one table for all classes. */
import type { PythonValue } from './python-literal.ts'
import { type KnownClass, optionName, type SpawnerOption } from './spawner-classes.ts'

/** The parts of a profile that settings fill. Memory in MiB, times in seconds. */
export interface ProfileParts {
  cores?: number
  memoryMiB?: number
  gpus?: number
  gpuType?: string
  wallSeconds?: number
  readySeconds?: number
  readonly options: Record<string, string>
}

export interface Mapped {
  /** `mapped`: the profile says it. `unneeded`: Batchway does it by itself. `unmapped`: somebody has to decide. */
  readonly verdict: 'mapped' | 'unneeded' | 'unmapped'
  readonly words: string
}

export interface MapContext {
  readonly spawner: KnownClass
  readonly cluster: string
  readonly parts: ProfileParts
  /** Other names of queues and partitions, of accounts. */
  renamed(kind: 'queue' | 'account', name: string): string
}

type Rule = (text: string, context: MapContext) => Mapped

const mapped = (words: string): Mapped => ({ verdict: 'mapped', words })
const unneeded = (words: string): Mapped => ({ verdict: 'unneeded', words })
const unmapped = (words: string): Mapped => ({ verdict: 'unmapped', words })

/** @returns whole MiB, rounded up; null if it cannot be read. */
function readMemory(text: string, { plainMemoryMiB }: KnownClass): number | null {
  const [, count, unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?i?b?|[kmgt]?w)$/i.exec(text.trim()) ?? []
  if (count === undefined) return null
  const letter = unit.charAt(0).toLowerCase()
  // Torque and PBS count words too: eight bytes.
  const factor = /w$/i.test(unit) ? 8 : 1
  const size = { k: 2 ** -10, m: 1, g: 2 ** 10, t: 2 ** 20, b: 2 ** -20, w: 2 ** -20 }[letter]
  const mebibytes = unit === '' ? plainMemoryMiB : size
  if (mebibytes === null || mebibytes === undefined) return null
  const value = Math.ceil(Number(count) * factor * mebibytes)
  // What a configuration can say in MiB.
  return value > 0 && value <= 9_999_999 ? value : null
}

/** @returns seconds; null if it cannot be read. */
function readTime(text: string, { clock }: KnownClass): number | null {
  const [, days, a, b, c] = /^(?:(\d{1,4})-)?(\d{1,8})(?::(\d{1,2}))?(?::(\d{1,2}))?$/.exec(text.trim()) ?? []
  if (a === undefined || (b === undefined && text.includes(':'))) return null
  const [first, second, third] = [Number(a), Number(b ?? 0), Number(c ?? 0)]
  let seconds: number | null = null
  if (days !== undefined) seconds = ((Number(days) * 24 + first) * 60 + second) * 60 + third
  else if (c !== undefined) seconds = (first * 60 + second) * 60 + third
  else if (clock === null) seconds = null
  else seconds = b === undefined ? first * clock.plain : first * clock.pair[0] + second * clock.pair[1]
  return seconds !== null && Number.isSafeInteger(seconds) && seconds > 0 ? seconds : null
}

const wholeNumber =
  (field: 'cores' | 'gpus', lowest: number): Rule =>
  (text, { parts }) => {
    if (!/^\d{1,5}$/.test(text.trim()) || Number(text) < lowest || (field === 'gpus' && Number(text) > 1_000))
      return unmapped('is not a whole number that fits')
    parts[field] = Number(text)
    return mapped(`resources.${field}`)
  }

const memory: Rule = (text, { parts, spawner }) => {
  const value = readMemory(text, spawner)
  if (value === null) return unmapped('cannot be read as a size of memory: write resources.memory by hand')
  parts.memoryMiB = value
  return mapped('resources.memory')
}

const walltime: Rule = (text, { parts, spawner }) => {
  const value = readTime(text, spawner)
  if (value === null) return unmapped('cannot be read as a time: write resources.walltime by hand')
  parts.wallSeconds = value
  return mapped('resources.walltime')
}

const gres: Rule = (text, { parts }) => {
  const [, type, count] = /^gpu(?::([A-Za-z][\w.-]{0,62}))?(?::(\d{1,3}))?$/.exec(text.trim()) ?? []
  if (!/^gpu/.test(text.trim()) || (type === undefined && count === undefined && text.trim() !== 'gpu'))
    return unmapped(
      'only GPUs are asked for by a profile: the rest belongs to the partition, or to a driver of the site’s own',
    )
  parts.gpus = Number(count ?? 1)
  if (type !== undefined) parts.gpuType = type
  return mapped('resources.gpus')
}

/** What a driver takes by a name of its own. @param renames which names the site has changed since. */
const driverOption =
  (option: SpawnerOption, renames?: 'queue' | 'account'): Rule =>
  (text, { parts, renamed, spawner: { driver } }) => {
    const name = optionName(driver, option)
    if (name === undefined) return unmapped(`the driver ${driver} has no option for it`)
    const value = renames === undefined ? text : renamed(renames, text)
    parts.options[name] = value
    return mapped(value === text ? `options.${name}` : `options.${name}, as ${value}`)
  }

const host: Rule = (_text, { cluster }) => mapped(`the cluster ${cluster}: one server of a scheduler is one cluster`)

const ofCluster =
  (what: string): Rule =>
  (text, { cluster }) =>
    text === ''
      ? unneeded('empty: there is nothing to say')
      : unmapped(`${what} of the cluster ${cluster}: see its driver’s page`)

const ofApplication =
  (what: string): Rule =>
  (text) =>
    text === ''
      ? unneeded('empty: there is nothing to say')
      : unmapped(`belongs to an application: give one of its own ${what}, and name it in this profile`)

const orNothing =
  (words: string): Rule =>
  (text) =>
    text === '' ? unneeded('empty: there is nothing to say') : unmapped(words)

const always =
  (words: string): Rule =>
  () =>
    unneeded(words)

const httpTimeout: Rule = (text, { parts }) => {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1) return unmapped('is not a number of seconds')
  parts.readySeconds = Number(text)
  return mapped('limits.ready')
}

const ownHost = always('the agent tells the node that it runs on: no expression is needed')
const polling = always('the hub asks once for all sessions, as often as it needs to')

const rules: Readonly<Record<string, Rule>> = {
  req_nprocs: wholeNumber('cores', 1),
  cpu_limit: wholeNumber('cores', 1),
  req_memory: memory,
  mem_limit: memory,
  req_ngpus: wholeNumber('gpus', 0),
  req_gres: gres,
  req_runtime: walltime,
  req_queue: driverOption('queue', 'queue'),
  req_partition: driverOption('partition', 'queue'),
  req_account: driverOption('account', 'account'),
  req_qos: driverOption('qos'),
  req_reservation: driverOption('reservation'),
  req_constraint: driverOption('constraint'),
  req_host: host,
  req_cluster: orNothing('another cluster of a federation: name it as a cluster of its own'),
  req_options: orNothing('free options for the submit command are not taken: name each in the profile’s options'),
  req_prologue: ofApplication('with "prologue"'),
  req_epilogue: orNothing('nothing runs after the application: put it into the site’s epilogue'),
  req_srun: always('the agent starts the application; it runs no step of the job'),
  req_keepvars: always('a job starts with a clean environment and what Batchway gives it'),
  req_keepvars_extra: ofApplication('with "environment"'),
  req_username: orNothing('write "account" of the cluster'),
  req_homedir: orNothing('write "home" of the cluster'),
  exec_prefix: ofCluster('write "transport"'),
  batch_script: ofCluster('the job script'),
  batch_submit_cmd: ofCluster('the submit command'),
  batch_query_cmd: ofCluster('the query command'),
  batch_cancel_cmd: ofCluster('the cancel command'),
  state_pending_re: ofCluster('the expression for waiting jobs'),
  state_running_re: ofCluster('the expression for running jobs'),
  state_unknown_re: ofCluster('the expression for unknown states'),
  state_exechost_re: ownHost,
  state_exechost_exp: ownHost,
  ip: always('the application listens on the loopback of its node alone; what stands before it takes no stranger'),
  port: always('each application gets a free port, or a private socket'),
  http_timeout: httpTimeout,
  start_timeout: always(
    'it counted the time in the queue too; a session may wait in the queue, and limits.boot holds after',
  ),
  poll_interval: polling,
  startup_poll_interval: polling,
  debug: always('the log tells enough'),
  cmd: ofApplication('with "command"'),
  args: ofApplication('with "command"'),
  default_url: ofApplication('with "open"'),
  notebook_dir: ofApplication('with "directory"'),
  environment: ofApplication('with "environment"'),
  batchspawner_singleuser_cmd: always('the agent stands in its place'),
}

/** Settings that the table knows, for documents. */
export const knownSettings: readonly string[] = Object.keys(rules)

/** Text of a value as batchspawner's templates would write it; null for lists, dicts and names. */
export const plainText = (value: PythonValue): string | null => {
  if (value === null) return ''
  return typeof value === 'object' ? null : String(value)
}

export function mapSetting(name: string, value: PythonValue, context: MapContext): Mapped {
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
  if (rule === undefined)
    return unmapped(
      name.startsWith('req_')
        ? 'a value of the site’s own for its job script: say it in the profile, or in a driver of the site’s own'
        : 'Batchway has no such setting',
    )
  const text = plainText(value)
  if (text === null)
    return rule === rules.environment || rule === rules.args || rule === rules.cmd
      ? rule('…', context)
      : unmapped('text or a number should stand here')
  if (/[\x00-\x1f\x7f]/.test(text)) return unmapped('holds a control character')
  if (text === '' && name.startsWith('req_')) return unneeded('empty: there is nothing to say')
  return rule(text, context)
}
