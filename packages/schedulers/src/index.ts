export type { Cluster } from './cluster.ts'
export type {
  Command,
  Driver,
  JobEnd,
  JobId,
  JobList,
  JobPhase,
  JobRequest,
  JobStatus,
  Output,
  Partition,
  Resources,
  WaitKind,
} from './driver.ts'
export { defineDriver, SchedulerError, toJobId } from './driver.ts'
