/** A scheduler in memory: jobs are what the test says they are, and every answer can be replaced. */
import {
  type Cluster,
  type Driver,
  drivers,
  type JobEnd,
  type JobId,
  type JobList,
  type JobRequest,
  type JobStatus,
  openGate,
  SchedulerError,
  toJobId,
} from '@batchway/schedulers'

export interface FakeCluster extends Cluster {
  /** What list calls show, by id. */
  readonly jobs: Map<JobId, JobStatus>
  /** What accounting knows, by id; null = it does not answer. */
  accounting: Map<JobId, JobStatus> | null
  /** Answers list calls in place of the jobs. */
  answer: (() => JobList | Promise<JobList>) | null
  /** What jobs left in their output, by path; null = it cannot be read. */
  logs: Map<string, string> | null
  /** Answers an owner's own list calls in place of his jobs. */
  answerOwner: ((account: string) => JobList | Promise<JobList>) | null
  /** Comes before each submit's reply; may throw, or wait. The job is there by then, unless `accepts` is false. */
  beforeReply: ((id: JobId, request: JobRequest) => void | Promise<void>) | null
  accepts: boolean
  /** What a submit prints in place of the job's id. */
  prints: ((id: JobId) => JobId) | null
  readonly requests: JobRequest[]
  readonly cancels: JobId[]
  /** Cancels in place of ending the job. */
  onCancel: ((id: JobId) => boolean | Promise<boolean>) | null
  add(name: string, owner: string, change?: Partial<JobStatus>): JobId
  change(id: JobId, change: Partial<JobStatus>): void
  /** The job ends: the list shows it so, accounting too. */
  end(id: JobId, end: JobEnd): void
  /** The list does not show the job any more. */
  hide(id: JobId): void
  jobOf(name: string): JobStatus | undefined
}

function anyDriver(): Driver {
  const [driver] = drivers
  if (!driver) throw new Error('no driver is built in')
  return driver
}

export function fakeCluster(key = 'main'): FakeCluster {
  let lastId = 100
  const gate = openGate(16)
  const calls = { submit: 0, list: 0, cancel: 0, history: 0, availability: 0, log: 0 }
  const cluster: FakeCluster = {
    key,
    driver: anyDriver(),
    calls,
    jobs: new Map(),
    accounting: new Map(),
    answer: null,
    answerOwner: null,
    logs: new Map(),
    beforeReply: null,
    accepts: true,
    prints: null,
    requests: [],
    cancels: [],
    onCancel: null,
    add(name, owner, change = {}) {
      lastId += 1
      const id = toJobId(String(lastId))
      cluster.jobs.set(id, { id, name, owner, phase: 'pending', rawState: 'PD', restarts: 0, ...change })
      return id
    },
    change(id, change) {
      const job = cluster.jobs.get(id)
      if (!job) throw new Error(`no job ${id}`)
      cluster.jobs.set(id, { ...job, ...change })
    },
    end(id, end) {
      cluster.change(id, { phase: 'ended', end })
      const job = cluster.jobs.get(id)
      if (job) cluster.accounting?.set(id, job)
    },
    hide(id) {
      cluster.jobs.delete(id)
    },
    jobOf: (name) => [...cluster.jobs.values()].findLast((job) => job.name === name),

    submit: (job, { signal, onTurn } = {}) =>
      gate.through(
        job.account,
        async () => {
          const request = 'make' in job ? await job.make() : job
          await onTurn?.()
          calls.submit += 1
          cluster.requests.push(request)
          const id = cluster.accepts ? cluster.add(request.name, request.account) : toJobId('0')
          await cluster.beforeReply?.(id, request)
          return cluster.prints?.(id) ?? id
        },
        signal,
      ),
    async list() {
      calls.list += 1
      return (await cluster.answer?.()) ?? { complete: true, jobs: [...cluster.jobs.values()] }
    },
    async listAs(account) {
      calls.list += 1
      const own = (): JobList => ({
        complete: true,
        jobs: [...cluster.jobs.values()].filter(({ owner }) => owner === account),
      })
      return (await cluster.answerOwner?.(account)) ?? own()
    },
    async cancel(id, _account, name) {
      calls.cancel += 1
      cluster.cancels.push(id)
      if (cluster.onCancel) return cluster.onCancel(id)
      const job = cluster.jobs.get(id)
      if (!job || job.phase === 'ended' || (name !== undefined && name !== job.name)) return false
      cluster.end(id, { kind: 'cancelled' })
      return true
    },
    async readLog(_id, path) {
      calls.log += 1
      if (cluster.logs === null) throw new SchedulerError('unavailable', 'no rule allows it')
      return cluster.logs.get(path) ?? null
    },
    async history(ids) {
      calls.history += 1
      if (cluster.accounting === null) throw new SchedulerError('unavailable', 'no accounting now')
      const found = new Map<JobId, JobStatus>()
      for (const id of ids) {
        const status = cluster.accounting.get(id)
        if (status) found.set(id, status)
      }
      return found
    },
    async historyByName(names) {
      calls.history += 1
      if (cluster.accounting === null) throw new SchedulerError('unavailable', 'no accounting now')
      return [...cluster.accounting.values()].filter(({ name, phase }) => phase === 'ended' && names.includes(name))
    },
    commandOf: ({ name, script }) => ({ file: 'submit', args: [name], stdin: script, as: 'owner' }),
    async availability() {
      return []
    },
  }
  return cluster
}

/** An answer that a filtering or restarting scheduler gives: complete, and nobody is in it. */
export const emptyList = (): JobList => ({ complete: true, jobs: [] })
export const failingList = (): never => {
  throw new SchedulerError('unavailable', 'Unable to contact slurm controller')
}
