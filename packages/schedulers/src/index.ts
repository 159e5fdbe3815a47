export { type Cluster, type ClusterOptions, type LateJob, openCluster, type SubmitOptions } from './cluster.ts'
export type {
  Command,
  Driver,
  JobEnd,
  JobId,
  JobList,
  JobPhase,
  JobRequest,
  JobStatus,
  KnownJob,
  Output,
  Partition,
  Resources,
  WaitKind,
} from './driver.ts'
export { defineDriver, SchedulerError, toJobId } from './driver.ts'
export { findCommand } from './find-command.ts'
export { forSettings } from './for-settings.ts'
export { type Gate, openGate } from './gate.ts'
export { type HoldState, holdState, makeHold } from './hold.ts'
export { isProcessAlive, processStart, readBootId } from './local/process-identity.ts'
export { parseAccount } from './login-node/look-up-account.ts'
export type { Hello, RemoteAccount } from './login-node/messages.ts'
export { type CommandHelper, openCommandHelper } from './open-command-helper.ts'
export { logReaderProgram } from './read-log.ts'
export { drivers } from './registry.ts'
export { cleanEnvironment, type Run, type RunOptions, run } from './run.ts'
export { type LoginNode, openLoginNode } from './ssh/open-login-node.ts'
export { isSshHost, type SshTarget, sshArguments } from './ssh/ssh-arguments.ts'
export { isAccountName, selfTransport, sshTransport, sudoTransport, type Transport } from './transport.ts'
