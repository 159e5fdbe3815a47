/** What must hold of every session whatever went wrong: one application, nothing left, always explained. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import type { SessionView } from './api.ts'
import type { StubSite } from './stub-site.ts'
import { processesOfJob } from './traces.ts'
import { until } from './until.ts'

export interface SlurmJob {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly owner: string
}

const over = /^(COMPLETED|CANCELLED|FAILED|TIMEOUT|NODE_FAIL|OUT_OF_MEMORY|PREEMPTED|BOOT_FAIL|DEADLINE|REVOKED)$/

/** Every job that Slurm still knows under names that begin like this, ended ones too. Asked of the real command, as root. */
export function slurmJobsLike(start: string): SlurmJob[] {
  const lines = execFileSync('squeue', ['--noheader', '--states=all', '--format=%i %j %T %u'], { encoding: 'utf8' })
  return lines.split('\n').flatMap((line) => {
    const [id = '', name = '', state = '', owner = ''] = line.trim().split(' ')
    return name.startsWith(start) ? [{ id, name, state, owner }] : []
  })
}

export const isLive = ({ state }: SlurmJob): boolean => !over.test(state)

interface ClaimRow extends Record<string, unknown> {
  readonly attempt: number
  readonly job_id: string
  readonly restart: number
  readonly revoked_at: number | null
}

const claimsOf = (stub: StubSite, { id }: SessionView): ClaimRow[] =>
  stub.rows<ClaimRow>('select attempt, job_id, restart, revoked_at from claim where session_id = ?', id)

export interface Expected {
  /** How often an application was to start; once per life of the job. */
  readonly starts: number
}

/** At most one application for each life of a job that claimed, and credentials for one at most. */
export function assertOneApplication(stub: StubSite, session: SessionView, { starts: wanted }: Expected): void {
  const claims = claimsOf(stub, session)
  const starts = stub.startsOf(session)
  const words = `${session.server}: ${JSON.stringify({ session, claims, starts })}`
  assert.equal(starts.length, wanted, words)
  assert.ok(starts.length <= claims.length, words)
  const lives = new Set(claims.map(({ job_id: job, restart }) => `${job}.${restart}`))
  assert.equal(lives.size, claims.length, `one claim for each life of a job; ${words}`)
  const live = claims.filter(({ revoked_at: revokedAt }) => revokedAt === null)
  assert.equal(live.length, session.state === 'ended' ? 0 : 1, `live claims; ${words}`)
}

/** A session that ended says how, in a sentence with a cause and a next step. */
export function assertExplained({ state, outcome, server }: SessionView): void {
  assert.equal(state, 'ended')
  const words = `${server}: ${JSON.stringify(outcome)}`
  assert.ok(outcome, words)
  for (const text of [outcome.code, outcome.title, outcome.sentence, outcome.cause, outcome.next])
    assert.ok(text.length > 3, words)
}

/** Until no job of the session and no process of one is left, whichever attempt they came from. */
export async function untilNothingIsLeft(stub: StubSite, session: SessionView, limitMs = 60_000): Promise<void> {
  const attempts = stub.rows<{ job_id: string | null }>('select job_id from attempt where session_id = ?', session.id)
  await until(
    `nothing is left of ${session.server}`,
    () => {
      const jobs = slurmJobsLike(`b${stub.instance}${session.id}`)
      const live = jobs.filter(isLive)
      // Surplus jobs are not in the store: their processes are found by their own ids.
      const ids = new Set([...jobs.map(({ id }) => id), ...attempts.map(({ job_id: id }) => id)])
      const processes = [...ids].flatMap((id) => (id === null ? [] : processesOfJob(session.cluster, id)))
      if (live.length + processes.length === 0) return true
      throw new Error(JSON.stringify({ session, live, processes }))
    },
    limitMs,
  )
}

/** Jobs of this site, ended ones too, that none of its sessions knows. */
export function strangers(stub: StubSite): SlurmJob[] {
  const sessions = stub.rows<{ id: string }>('select id from session').map(({ id }) => id)
  const jobs = slurmJobsLike(`b${stub.instance}`).filter(({ id }) => !stub.earlierJobs.has(id))
  return jobs.filter(({ name }) => !sessions.includes(name.slice(3, 12)))
}
