import { z } from 'zod'
import {
  defineDriver,
  type JobEnd,
  type JobPhase,
  type JobStatus,
  type Output,
  SchedulerError,
  toJobId,
} from '../driver.ts'
import { readOutputFile } from '../read-log.ts'
import { schedulerProgram } from './start-local-scheduler.ts'

const absolutePath = z.string().regex(/^\/[^\x00-\x1f\x7f]*$/, 'expected an absolute path')

const settings = z.strictObject({
  state: absolutePath.describe("The local scheduler's directory (its --state)"),
  node: absolutePath.describe('Node that runs the client').default(process.execPath),
  program: absolutePath.describe("The client's program").default(schedulerProgram),
})

const time = z.int().min(0)
const JobEndDocument = z.object({
  kind: z.string(),
  exitCode: z.int().optional(),
  signal: z.int().optional(),
  by: z.string().optional(),
  words: z.string().optional(),
  startedAt: time.optional(),
  endedAt: time.optional(),
  host: z.string().optional(),
  maxMemoryMiB: z.number().optional(),
})
const ListedJob = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string(),
  state: z.string(),
  reason: z.string().optional(),
  submittedAt: time,
  estimatedStartAt: time.optional(),
  startedAt: time.optional(),
  endsAt: time.optional(),
  host: z.string().optional(),
  end: JobEndDocument.optional(),
})
const Listing = z.object({ complete: z.boolean(), jobs: z.array(z.unknown()) })
const Room = z.object({ slots: z.int(), cores: z.int(), memoryMiB: z.int() })
const Info = z.object({ capacity: Room, idle: Room })

/** `listing.ts` state → phase. A word we do not know is `unknown`, never `ended`. */
const phases: ReadonlyMap<string, JobPhase> = new Map([
  ['queued', 'pending'],
  ['starting', 'pending'],
  ['running', 'running'],
  ['ending', 'ending'],
  ['ended', 'ended'],
])

const endKinds: ReadonlyMap<string, JobEnd['kind']> = new Map(
  (
    [
      'completed',
      'failed',
      'cancelled',
      'walltime',
      'out-of-memory',
      'node-failure',
      'launch-failed',
      'unknown',
    ] as const
  ).map((kind) => [kind, kind]),
)

/** @returns undefined for a record that cannot be read. */
function toStatus(value: unknown): JobStatus | undefined {
  const parsed = ListedJob.safeParse(value)
  if (!parsed.success || !/^[\x21-\x7e]{1,128}$/.test(parsed.data.id)) return undefined
  const { id, state, reason, end, host, ...rest } = parsed.data
  const phase = phases.get(state) ?? 'unknown'
  const isWaiting = phase === 'pending'
  const wait = reason?.startsWith('Never') ? 'never' : 'normal'
  return {
    ...defined(rest),
    id: toJobId(id),
    name: rest.name,
    submittedAt: rest.submittedAt,
    phase,
    rawState: state,
    restarts: 0,
    ...(isWaiting && { wait, ...(reason !== undefined && { reason }) }),
    ...((phase === 'running' || phase === 'ending') && host !== undefined && { host }),
    ...(phase === 'ended' && { end: { ...defined(end ?? {}), kind: endKinds.get(end?.kind ?? '') ?? 'unknown' } }),
  }
}

/** The same without members that are undefined: `exactOptionalPropertyTypes` tells the two apart. */
const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

/** Exit codes of `bin.ts`; anything else means that the client itself broke, at a point we do not know. */
function accepted({ exitCode, stdout, stderr }: Output, onBroken: SchedulerError['kind']): string {
  if (exitCode === 0) return stdout
  const words = stderr.trim() || `the client of the local scheduler ended with ${exitCode}`
  if (exitCode === 2) throw new SchedulerError('refused', words)
  if (exitCode === 3) throw new SchedulerError('unavailable', words)
  throw new SchedulerError(exitCode === 64 ? 'refused' : onBroken, words)
}

/** @throws {SchedulerError} `unreadable` */
function parseDocument<T>(text: string, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new SchedulerError('unreadable', 'the local scheduler did not print JSON', { cause: error })
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success)
    throw new SchedulerError('unreadable', 'the local scheduler printed another document', { cause: parsed.error })
  return parsed.data
}

function parseListing(output: Output): { complete: boolean; jobs: readonly JobStatus[] } {
  const { complete, jobs } = parseDocument(accepted(output, 'unavailable'), Listing)
  const readable = jobs.flatMap((job) => toStatus(job) ?? [])
  return { complete: complete && readable.length === jobs.length, jobs: readable }
}

const client = ({ node, program, state }: z.output<typeof settings>, verb: string, ...words: string[]) =>
  ({ file: node, args: [program, verb, `--state=${state}`, ...words], as: 'hub' }) as const

/** Driver of the batch system in this folder. All calls go as the hub: the scheduler itself changes to the job's account. */
export const local = defineDriver({
  id: 'local',
  title: 'This machine',
  secretChannel: 'script',
  settings,
  jobOptions: z.strictObject({}),
  submit: ({ name, account, script, resources, workdir, outputPath }, site) => ({
    ...client(
      site,
      'submit',
      `--name=${name}`,
      `--account=${account}`,
      `--cores=${resources.cores}`,
      `--memory=${resources.memoryMiB}`,
      `--gpus=${resources.gpus}`,
      `--time=${resources.wallSeconds}`,
      `--chdir=${workdir}`,
      `--output=${outputPath}`,
    ),
    stdin: script,
  }),
  parseSubmit: (output) => toJobId(accepted(output, 'ambiguous').trim()),
  list: (site) => client(site, 'list'),
  parseList: parseListing,
  cancel: (id, site, name) => client(site, 'cancel', ...(name === undefined ? [] : [`--name=${name}`]), '--', id),
  parseCancel: (output) => {
    if (output.exitCode === 4) return false
    accepted(output, 'ambiguous')
    return true
  },
  history: {
    command: (ids, site) => client(site, 'history', '--', ...ids),
    parse: (output) => new Map(parseListing(output).jobs.map((job) => [job.id, job])),
  },
  historyByName: {
    command: (names, sinceMs, site) =>
      client(site, 'history', `--since=${Math.max(0, Math.floor(sinceMs))}`, ...names.map((name) => `--name=${name}`)),
    parse: (output) => parseListing(output).jobs,
  },
  availability: {
    command: (site) => client(site, 'info'),
    parse: (output) => {
      const { capacity, idle } = parseDocument(accepted(output, 'unavailable'), Info)
      return [
        {
          name: 'local',
          isUp: true,
          isDefault: true,
          maxWallSeconds: null,
          coresPerNode: capacity.cores,
          memoryMiBPerNode: capacity.memoryMiB,
          gpuTypes: [],
          cores: { idle: idle.slots > 0 ? Math.max(0, idle.cores) : 0, total: capacity.cores },
        },
      ]
    },
  },
  readLog: readOutputFile,
})
