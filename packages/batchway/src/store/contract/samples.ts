/** Rows for the contract suite: complete, and different in every field that could be mixed up. */
import type { JobId } from '@batchway/schedulers'
import type { Attempt, Claim } from '../../sessions/session.ts'
import type { NewSession } from '../../sessions/session-store.ts'

/** Type only: this suite must not need the other package to run. */
export const jobId = (text: string): JobId => text as JobId

export const sampleSession = (change: Partial<NewSession> = {}): NewSession => ({
  id: 's1',
  userId: 7,
  userName: 'alice',
  serverName: '',
  account: 'alice01',
  spec: {
    profile: { key: 'small', title: 'Small, “kleine” ☂' },
    cluster: 'main',
    clusterTitle: 'main',
    application: {
      key: 'lab',
      title: 'JupyterLab',
      access: 'hub-aware',
      argv: ['jupyterhub-singleuser', '--port={port}'],
      environment: { LANG: 'C.UTF-8' },
      directory: '{home}',
      healthPath: 'api',
      openPath: 'lab',
      modules: ['python/3.12'],
      prologue: '. /etc/profile',
    },
    resources: { cores: 2, memoryMiB: 4096, gpus: 0, wallSeconds: 3600 },
    jobOptions: { partition: 'normal', nested: { list: [1, null, 'x'] } },
    requeue: false,
    limits: { queueSeconds: null, bootSeconds: 60, readySeconds: 90, stopSeconds: 30 },
    origin: { 'resources.cores': 'user' },
  },
  facts: { state: 'submitting' },
  attempt: 1,
  createdAt: 1_000,
  submittedAt: null,
  startedAt: null,
  readyAt: null,
  endedAt: null,
  endsAt: null,
  lastActivityAt: null,
  ...change,
})

export const sampleAttempt = (change: Partial<Attempt> = {}): Attempt => ({
  sessionId: 's1',
  number: 1,
  tag: `b-${change.sessionId ?? 's1'}-${change.number ?? 1}`,
  secretHash: 'a'.repeat(64),
  jobId: null,
  submit: 'prepared',
  submitPid: null,
  submitPidStart: null,
  createdAt: 1_001,
  acceptedAt: null,
  firstSeenAt: null,
  lastSeenAt: null,
  outputPath: '/home/alice/.batchway/%j.log',
  agentDirectory: null,
  ...change,
})

export const sampleClaim = (change: Partial<Claim> = {}): Claim => ({
  id: 'c1',
  sessionId: 's1',
  attempt: 1,
  jobId: jobId('123'),
  restart: 0,
  node: 'n1',
  tokenHash: `hash-of-${change.id ?? 'c1'}`,
  createdAt: 2_000,
  revokedAt: null,
  ...change,
})

export const ended = {
  state: 'ended',
  outcome: {
    code: 'finished',
    words: null,
    exitCode: 0,
    signal: null,
    by: null,
    log: [],
    logPlace: null,
    accounting: null,
  },
} as const
