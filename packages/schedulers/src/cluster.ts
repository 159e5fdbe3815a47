/**
 * A cluster: one scheduler reached in one way (driver + transport + settings). This is the interface that the hub uses.
 */
import type { Command, Driver, JobEnd, JobId, JobList, JobRequest, JobStatus, Output, Partition } from './driver.ts'

export interface Cluster {
  readonly key: string
  readonly driver: Driver
  /**
   * Submit a job and return its id.
   * @param signal aborting sends SIGTERM (which `sudo` relays), then SIGKILL after a grace time; the error is then `ambiguous`.
   * @param onSpawn is told the pid of the submit process as soon as it runs.
   * @throws {SchedulerError}
   */
  submit(job: JobRequest, options?: { signal?: AbortSignal; onSpawn?: (pid: number) => void }): Promise<JobId>
  /** Single-flight: callers that ask while a call runs share its answer. @throws {SchedulerError} */
  list(): Promise<JobList>
  /** @returns false if the scheduler does not know the job (any more). @throws {SchedulerError} */
  cancel(id: JobId, account: string): Promise<boolean>
  /** How jobs ended; empty if the scheduler keeps no accounting. @throws {SchedulerError} */
  history(ids: readonly JobId[]): Promise<ReadonlyMap<JobId, JobStatus>>
  /** Ended jobs of these names; empty if the scheduler keeps no accounting. @throws {SchedulerError} */
  historyByName(names: readonly string[], sinceMs: number): Promise<readonly JobStatus[]>
  /** Partitions for forms; empty if the driver cannot tell. @throws {SchedulerError} */
  availability(): Promise<readonly Partition[]>
  /** How many commands of each kind were run, for metrics and tests. */
  readonly calls: Readonly<Record<'submit' | 'list' | 'cancel' | 'history' | 'availability', number>>
}

export type { Command, Driver, JobEnd, JobId, JobList, JobRequest, JobStatus, Output, Partition }
